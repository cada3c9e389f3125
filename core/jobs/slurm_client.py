"""The process that waits for a job in Slurm, as the supervisor waits for a launcher here.

`python -m core.jobs.slurm_client FOLDER SCRIPT` hands the batch script over, follows the job, and
ends when Slurm says that it is gone; asked to end, it cancels the job first. What it knows stands
in `slurm.json`, so that a job in Slurm is found again whichever process is killed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from core.errors import HostError
from core.jobs import slurm
from core.jobs.failures import CLIENT_RANK, record_failure
from core.jobs.folder import JobFolder
from core.jobs.processes import die_with_supervisor
from core.jobs.recorder import Recorder
from core.jobs.slurm import SlurmJob
from core.storage.files import write_text

NAME_MARK = "@NAME@"  # in the script: where the name of the job goes, which is new each time
CANCEL_LIMIT_S = 90.0  # Slurm itself is patient with what it ends for 30 s
GRACE_S = CANCEL_LIMIT_S + 15.0
OUTCOME_LIMIT_S = 60.0  # until a shared file system shows what was written elsewhere
LOOK_S = 0.5  # at the folder and at signals

log = logging.getLogger(__name__)


class SlurmClient:
    """One attempt of a job in Slurm."""

    def __init__(self, folder: JobFolder, script: Path) -> None:
        self._folder = folder
        self._script = script
        self._recorder = Recorder(folder, 0)
        self._is_asked_to_end = False
        self._job = SlurmJob(name="")
        self._shown = ""

    def ask_to_end(self, *_: Any) -> None:
        """Takes SIGTERM and SIGINT as "cancel the job"."""
        self._is_asked_to_end = True

    def run(self) -> int:
        """Hands the job over, waits until it is gone, and gives its exit code.

        Raises:
            HostError: Slurm refused the job, or does not end it.
        """
        self._end_former()
        self._submit()
        began_s = time.monotonic()
        while not self._job.has_ended and not self._is_asked_to_end:
            self._look()
            self._wait(_pause_s(self._job, time.monotonic() - began_s))
        if not self._job.has_ended:
            self._cancel()
        log.info("%s", self._job.line)
        self._wait_for_outcome()
        failed_silently = self._job.state != "COMPLETED" and self._job.exit_code == 0
        return 1 if failed_silently else self._job.exit_code

    def _end_former(self) -> None:
        """Ends what an attempt whose client was killed left in Slurm: none must run twice."""
        former = slurm.read_slurm_job(self._folder)
        if former is None or former.has_ended:
            return
        log.info("cancelled first: %s", former.line)
        slurm.cancel(former)
        self._keep(slurm.wait_until_ended(former, limit_s=CANCEL_LIMIT_S))

    def _submit(self) -> None:
        name = f"adaptmllm-{self._folder.path.name[:8]}-{uuid.uuid4().hex[:8]}"
        text = self._script.read_text(encoding="utf-8").replace(NAME_MARK, name)
        write_text(self._script, text)
        # Before it is handed over: killed in between, the next one finds the job by its name.
        self._keep(SlurmJob(name))
        try:
            number = slurm.submit(self._script)
        except HostError:
            # It may have been taken all the same ("Socket timed out"). Where Slurm does not answer
            # now either, the next attempt looks for it by its name.
            with contextlib.suppress(HostError):
                slurm.cancel(SlurmJob(name))
                self._keep(SlurmJob(name, state="REVOKED", reason="refused"))
            raise
        self._keep(SlurmJob(name, number, "PENDING"))

    def _look(self) -> None:
        try:
            now = slurm.asked_state(self._job)
        except HostError as error:  # a controller that restarts says nothing about the job
            self._tell(f"{error.message} Last known: {self._job.line}.")
            return
        if now != self._job:
            self._keep(now)
        if now.state == "PENDING":
            why = f": {now.reason}" if now.reason else ""
            self._tell(f"waiting in Slurm (job {now.job_id}){why}")
        elif not now.has_ended and self._shown != "running":
            # Only once: from here on the first process of the job writes into the same file.
            self._shown = "running"
            self._recorder.phase("preparing", f"Slurm job {now.job_id} on {now.nodes or 'a node'}")

    def _tell(self, note: str) -> None:
        if self._shown not in (note, "running"):
            self._shown = note
            self._recorder.phase("preparing", note)

    def _wait(self, pause_s: float) -> None:
        until_s = time.monotonic() + pause_s
        while time.monotonic() < until_s and not self._is_asked_to_end:
            if self._has_outcome():  # it ends now: no need to wait for the next question
                time.sleep(2 * LOOK_S)
                return
            time.sleep(min(LOOK_S, pause_s))

    def _cancel(self) -> None:
        slurm.cancel(self._job)
        self._keep(slurm.wait_until_ended(self._job, limit_s=CANCEL_LIMIT_S))

    def _wait_for_outcome(self) -> None:
        deadline = time.monotonic() + OUTCOME_LIMIT_S
        if self._job.state == "COMPLETED" and not self._is_asked_to_end:
            while not self._has_outcome() and time.monotonic() < deadline:
                time.sleep(LOOK_S)

    def _has_outcome(self) -> bool:
        folder = self._folder
        ends = folder.result_file.exists() or folder.stopped_file.exists()
        return ends or folder.failure_file(0).exists()

    def _keep(self, job: SlurmJob) -> None:
        self._job = job
        slurm.write_slurm_job(self._folder, job)


def _pause_s(job: SlurmJob, since_s: float) -> float:
    """Gives how long to wait before Slurm is asked again; its controller serves many."""
    if since_s < 30:
        return 1.0
    return 5.0 if job.state != "PENDING" or since_s < 600 else 15.0


def main() -> None:
    """Sees one job through; a failure goes into a file for the supervisor."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s slurm %(message)s")
    folder = JobFolder(Path(sys.argv[1]))
    client = SlurmClient(folder, Path(sys.argv[2]))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, client.ask_to_end)
    die_with_supervisor()
    try:
        status = client.run()
    except BaseException as error:
        log.exception("the job in Slurm could not be seen through")
        record_failure(folder, CLIENT_RANK, error)
        status = 1
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
