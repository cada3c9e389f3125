"""The supervisor: one process a job, in its own session, that outlives whoever started it.

Started as `python -m core.jobs.supervisor FOLDER`. It runs the job's commands, keeps
`state.json` true, answers stop requests, and leaves no process behind.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from sqlalchemy.exc import SQLAlchemyError

from core.emissions.amounts import kwh_words
from core.emissions.energy import phase_of_state
from core.emissions.energy_log import EnergyLog
from core.emissions.settings import EmissionsSettings, emissions_settings
from core.errors import AdaptMLLMError
from core.gpu import GPU_ORDER
from core.host import accelerator
from core.jobs import queue
from core.jobs.folder import JobFolder, JobState, mark_attempt
from core.jobs.host_use import HostUse
from core.jobs.job_energy import publish_energy
from core.jobs.kind import (
    Failure,
    JobKind,
    Stage,
    end_elsewhere,
    is_elsewhere,
    load_kind,
)
from core.jobs.processes import (
    JOB_VARIABLE,
    SUPERVISOR_VARIABLE,
    ProcessIdentity,
    become_subreaper,
    die_with_parent,
    end_descendants,
    end_group,
)
from core.jobs.progress import Progress
from core.jobs.slurm import waits_in_slurm
from core.jobs.stall import StallWatch
from core.notify.telling import tell
from core.storage.files import JsonLinesTail, append_json_line, read_json, utc_now
from core.storage.workspace import PROJECT, Workspace

POLL_S = 0.25
HEARTBEAT_S = 2.0
ENERGY_PUBLISH_S = 30.0
MAX_ATTEMPTS = 2

log = logging.getLogger(__name__)


class Supervisor:
    """Looks after one job from its first command to its last trace."""

    def __init__(self, workspace: Workspace, folder: JobFolder, job_id: str, kind: JobKind) -> None:
        self._workspace = workspace
        self._folder = folder
        self._job_id = job_id
        self._kind = kind
        self._identity = ProcessIdentity.of(os.getpid())
        self._state = JobState(state="preparing", supervisor=self._identity, started_at=utc_now())
        self._tail = JsonLinesTail(folder.metrics_file)
        self._progress = Progress()
        for record in self._tail.read():  # of earlier attempts
            self._progress.add(record)
        self._progress.phase = ""
        self._use = HostUse()
        self._records_use = True
        self._is_elsewhere = is_elsewhere(kind, folder)
        self._energy: EnergyLog | None = None
        self._energy_before_kwh = 0.0
        self._energy_published_s = 0.0
        self._was_signalled = False
        self._last_beat_s = 0.0
        self._stall = StallWatch(workspace, job_id)

    def request_stop(self, *_: Any) -> None:
        """Takes SIGTERM and SIGINT as "stop now"."""
        self._was_signalled = True

    def take(self) -> bool:
        """Takes the job, unless it was given up meanwhile or another supervisor works on it."""
        with self._folder.locked():
            job = self._workspace.jobs.get(self._job_id)
            state = self._folder.read_state()
            is_taken = state.is_active and state.supervisor and state.supervisor.is_alive()
            if job is None or not job.is_active or is_taken:
                return False
            self._beat()
            return True

    def run(self) -> None:
        """Runs the job to its end, whatever the end is."""
        failure: Failure | None = None
        self._begin_energy()
        for _attempt in range(MAX_ATTEMPTS):
            failure = self._supervised_attempt()
            if failure is None or not failure.is_transient:
                break
            log.warning("tried again after: %s", failure.reason)
        if self._energy is not None:
            self._energy.end()
        self._end(failure)

    def _begin_energy(self) -> None:
        if not self._kind.energy_kind or self._is_elsewhere:
            return
        settings = EmissionsSettings()
        with _tolerating_database():
            settings = emissions_settings(self._workspace)
        keeps_all = self._kind.energy_kind != "service"
        try:
            self._energy = EnergyLog(
                self._folder.energy_file, settings, num_gpus=self._num_gpus(), keeps_all=keeps_all
            )
        except OSError as error:  # a file that cannot be read must not keep the job from running
            log.warning("energy is not measured: %s", error)
            return
        self._energy_before_kwh = self._energy.measured.total.energy.total_kwh
        self._energy.begin()

    def _num_gpus(self) -> int | None:
        """Gives how many GPUs are the job's; none where our own processes compute without."""
        try:
            num_gpus = self._kind.num_gpus(self._folder)
            return 0 if num_gpus and accelerator() == "cpu" else num_gpus
        except Exception:  # noqa: BLE001 (what is wrong with the job is told when its stages are asked for)
            return None

    def _note_energy(self, stage: Stage) -> None:
        """Measures, and asks the job to stop once the attempt has used up its budget."""
        if self._energy is None:
            return
        state = self._state.state
        self._energy.note(phase_of_state(self._progress.phase if state == "stopping" else state))
        budget_kwh = stage.energy_budget_kwh
        used_kwh = self._energy.measured.total.energy.total_kwh - self._energy_before_kwh
        if budget_kwh and used_kwh > budget_kwh and not self._stop_mode():
            with contextlib.suppress(AdaptMLLMError):  # a full disk ends the run soon enough
                why = f"the energy budget of {kwh_words(budget_kwh)} was used up"
                self._folder.request_stop("save", why)

    def _publish_energy(self) -> None:
        job = self._workspace.jobs.get(self._job_id)
        if job is not None and self._energy is not None:
            self._energy_published_s = time.monotonic()
            publish_energy(self._workspace, job, self._kind.energy_kind, self._energy.measured)

    def _supervised_attempt(self) -> Failure | None:
        """Runs an attempt; a fault of the supervisor itself ends the job too, with a reason."""
        try:
            self._folder.reserve_space()
            self._folder.clear_failures()
            mark_attempt(self._folder.log_file)
            return self._attempt()
        except Exception as error:
            log.exception("the attempt failed")
            return _own_failure(error, self._state.state)

    def _attempt(self) -> Failure | None:
        """Runs every stage once; None means a result, an orderly stop or a stop request."""
        for stage in self._kind.stages(self._workspace, self._folder):
            if self._stop_mode():
                return None
            self._state = replace(self._state, state=stage.state)
            self._records_use = stage.records_use
            self._beat()
            try:
                exit_code = self._run_stage(stage)
            finally:
                survivors = end_descendants(grace_s=2.0, job_id=self._job_id)
            if survivors:
                log.warning("ended processes that outlived their launcher: %s", survivors)
            self._take_progress()
            self._beat()  # the diagnosis names the last step
            mode = self._stop_mode()
            # "Stop and save" without a checkpoint is a failure that must be told.
            if self._has_outcome() or mode == "now" or (mode and not stage.can_save):
                return None
            is_last = stage.can_save  # only the working stage writes the result
            if exit_code != 0 or is_last:
                return self._kind.diagnose(self._folder, exit_code, self._state)
        return None

    def _run_stage(self, stage: Stage) -> int:
        environment = {
            **GPU_ORDER,
            **os.environ,
            **stage.environment,
            JOB_VARIABLE: self._job_id,
            SUPERVISOR_VARIABLE: f"{self._identity.pid}:{self._identity.create_time}",
        }
        with self._folder.log_file.open("ab") as log_file:
            process = self._started(stage, environment, log_file)
        is_ending = False
        while process.poll() is None:
            self._take_progress()
            self._note_energy(stage)
            self._beat_if_due()
            mode = self._stop_mode()
            if mode and self._state.state != "stopping":
                self._state = replace(self._state, state="stopping")
                self._beat()
            if mode and not is_ending and (mode == "now" or not stage.can_save):
                is_ending = True
                end_group(process.pid, grace_s=stage.grace_s)
            time.sleep(POLL_S)
        return process.returncode

    @staticmethod
    def _started(
        stage: Stage, environment: dict[str, str], log_file: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        # Its own session: a signal to the group reaches launcher and ranks, never this process.
        return subprocess.Popen(
            stage.arguments,
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def _stop_mode(self) -> str:
        return "now" if self._was_signalled else self._folder.stop_mode()

    def _has_outcome(self) -> bool:
        return self._folder.result_file.exists() or self._folder.stopped_file.exists()

    def _take_progress(self) -> None:
        for record in self._tail.read():
            self._progress.add(record)
            self._stall.reported()
        phase = self._progress.phase
        if phase and self._state.state not in ("stopping", "compiling"):
            self._state = replace(self._state, state=phase)

    def _beat_if_due(self) -> None:
        if time.monotonic() - self._last_beat_s >= HEARTBEAT_S:
            sample = {} if self._is_elsewhere else {"time": utc_now(), **self._use.sample()}
            if self._records_use and sample:
                with contextlib.suppress(OSError):  # a full disk must not end the supervisor
                    append_json_line(self._folder.host_file, sample)
            self._beat()
            if self._is_elsewhere and waits_in_slurm(self._folder):
                self._stall.reported()  # others are at work, not this job
            self._stall.look(self._state.state)
            if time.monotonic() - self._energy_published_s >= ENERGY_PUBLISH_S:
                with _tolerating_database():
                    self._publish_energy()

    def _beat(self, *, is_published: bool = True) -> None:
        """Writes `state.json` and, unless that has to wait, the copy of it in the database."""
        self._last_beat_s = time.monotonic()
        summary = {**self._progress.summary(), "peak_memory_bytes": self._use.peak_memory_bytes}
        self._state = replace(self._state, progress=summary)
        try:
            self._folder.write_state(self._state)
        except OSError as error:
            log.warning("state.json could not be written: %s", error)
        if not is_published:
            return
        with _tolerating_database():
            state = self._state
            self._workspace.jobs.publish(
                self._job_id, state.state, state.reason, state.progress, state.ended_at
            )

    def _end(self, failure: Failure | None) -> None:
        end_elsewhere(self._kind, self._folder)
        state = self._final_state(failure)
        self._state = replace(state, ended_at=utc_now())
        log.info("%s %s", state.state, state.reason)
        self._folder.release_space()
        # What could not be published now is published by the queue: to it the job has not ended.
        is_published = False
        with _tolerating_database():
            self._publish_energy()
            self._kind.publish(self._workspace, self._folder)
            is_published = True
        self._beat(is_published=is_published)
        job = None
        with _tolerating_database():
            job = self._workspace.jobs.get(self._job_id)
        if job is not None and is_published:  # else the queue tells it, too
            tell(self._workspace, job, self._state.state, self._state.reason, self._state.hint)

    def _final_state(self, failure: Failure | None) -> JobState:
        if self._folder.result_file.exists():
            return replace(self._state, state="finished", reason="", hint="")
        if self._folder.stopped_file.exists():
            why = self._folder.stop_reason()
            reason = _sentence_of(read_json(self._folder.stopped_file), why)
            return replace(self._state, state="stopped", reason=reason)
        if failure is None:
            step = self._progress.step
            who = "the supervisor was told to end" if self._was_signalled else "on request"
            who = self._folder.stop_reason() or who
            reason = self._kind.stop_sentence(step, who)
            return replace(self._state, state="stopped", reason=reason)
        return replace(
            self._state,
            state="failed",
            reason=failure.reason,
            hint=failure.hint,
            detail=failure.detail,
            cause=failure.cause,
        )


def _sentence_of(stopped: dict[str, Any], why: str) -> str:
    """Says how a job stopped that said so itself; `why` is the supervisor's reason to ask."""
    if "reason" in stopped:  # nobody had asked
        return str(stopped["reason"])
    because = f" because {why}" if why else " on request"
    return f"Stopped{because} after step {stopped['step']}; a checkpoint was saved."


def _own_failure(error: Exception, state: str) -> Failure:
    """Gives the end of a job whose commands could not even be run."""
    detail = traceback.format_exc()
    if isinstance(error, AdaptMLLMError):
        return Failure(error.message, error.hint, detail)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        hint = "Free some space, then resume: it continues from the last checkpoint."
        return Failure(f"The disk is full while {state}.", hint, detail)
    sentence = f"The job could not be supervised: {type(error).__name__}: {error}"
    return Failure(sentence.splitlines()[0].rstrip(".") + ".", "", detail)


@contextlib.contextmanager
def _tolerating_database() -> Any:
    """The folder is the truth: a database that cannot be reached is brought up to date later."""
    try:
        yield
    except (SQLAlchemyError, AdaptMLLMError, OSError) as error:
        log.warning("the database could not be written: %s", error)


def main() -> None:
    """Supervises the job in the folder named on the command line, then starts the next one."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s supervisor %(message)s")
    folder = JobFolder(Path(sys.argv[1]))
    job = read_json(folder.job_file)
    workspace = Workspace(Path(job["workspace"]))
    become_subreaper()
    supervisor = Supervisor(workspace, folder, job["id"], load_kind(job["kind"]))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, supervisor.request_stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if supervisor.take():
        supervisor.run()
        queue.advance_after(workspace, job["id"])


if __name__ == "__main__":
    main()
