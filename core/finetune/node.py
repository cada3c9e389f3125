"""What looks after a run's processes on one machine of several: the supervisor's hand there.

`python -m core.finetune.node RUN/settings.json --attempt TOKEN --address FIRST --port PORT` is
started once a machine, by Slurm's srun or by ssh. It starts the launcher with what fits this
machine, and ends it when the run is over or nobody looks after it any more.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from core.finetune.command import Place, free_port, launch_command, launch_environment
from core.finetune.node_records import private_records
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.gpu import GPU_ORDER
from core.jobs.elsewhere import Watch
from core.jobs.processes import (
    JOB_VARIABLE,
    SUPERVISOR_VARIABLE,
    ProcessIdentity,
    become_subreaper,
    die_with_parent,
    end_descendants,
    end_group,
)
from core.storage.files import read_json, utc_now, write_json
from core.storage.workspace import PROJECT

POLL_S = 0.25
LOOK_S = 2.0
GRACE_S = 5.0
TIME_LIMIT = "Slurm's time limit was near"


def mark_file(folder: RunFolder, rank: int) -> Path:
    """Gives the file that says that a node has begun: host, time and attempt."""
    return folder.path / f"node-{rank}.json"


def has_begun(folder: RunFolder, token: str) -> bool:
    """Tells whether the first machine of an attempt has started this program."""
    with contextlib.suppress(OSError, json.JSONDecodeError, KeyError):
        return bool(read_json(mark_file(folder, 0))["attempt"] == token)
    return False


class Node:
    """One machine's share of a run."""

    def __init__(self, folder: RunFolder, place: Place, port: int, token: str) -> None:
        self._folder = folder
        self._place = place
        self._port = port
        self._token = token
        self._watch = Watch(folder, token)
        self._is_ending = False
        self._saves_for = ""

    def ask_to_end(self, *_: Any) -> None:
        """Takes SIGTERM and SIGINT: Slurm's job was cancelled, or its time is over."""
        self._is_ending = True

    def ask_to_save(self, *_: Any) -> None:
        """Takes SIGUSR1, which Slurm sends some minutes before the job's time is over."""
        self._saves_for = TIME_LIMIT

    def run(self) -> int:
        """Runs the launcher to its end and gives its exit code, 128 + n after signal n."""
        settings = FineTuneSettings.load(self._folder.settings_file)
        mark = {"host": socket.gethostname(), "time": utc_now(), "attempt": self._token}
        write_json(mark_file(self._folder, self._place.rank), mark)
        arguments = launch_command(
            settings, self._folder.settings_file, self._port or free_port(), self._place
        )
        self._log(f"starts {shlex.join(arguments)}")
        with tempfile.TemporaryDirectory(prefix="adaptmllm-") as private:
            environment = self._environment(settings, Path(private))
            process = subprocess.Popen(
                arguments,
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=_as_child,
            )
            try:
                status = self._watched(process)
            finally:
                end_descendants(grace_s=2.0)
        return 128 - status if status < 0 else status

    def _environment(self, settings: FineTuneSettings, private: Path) -> dict[str, str]:
        me = ProcessIdentity.of(os.getpid())
        environment = {
            **GPU_ORDER,
            **os.environ,
            **launch_environment(settings),
            **private_records(self._folder, private),
            JOB_VARIABLE: str(read_json(self._folder.job_file)["id"]),
            SUPERVISOR_VARIABLE: f"{me.pid}:{me.create_time}",
        }
        granted = os.environ.get("SLURM_CPUS_PER_TASK", "")
        if granted.isdecimal() and not settings.threads_per_process:
            environment["OMP_NUM_THREADS"] = str(max(1, int(granted) // settings.num_processes))
        return environment

    def _watched(self, process: subprocess.Popen[bytes]) -> int:
        looked_s = 0.0
        while process.poll() is None:
            if time.monotonic() - looked_s >= LOOK_S:
                looked_s = time.monotonic()
                self._look()
            if self._is_ending:
                end_group(process.pid, grace_s=GRACE_S)
                return process.wait()
            time.sleep(POLL_S)
        return process.returncode

    def _look(self) -> None:
        verdict = self._watch.verdict()
        if verdict == "end":
            self._log(f"ended because {self._watch.why}")
            self._is_ending = True
        elif verdict == "save":
            self._saves_for = self._saves_for or self._watch.why
        if self._saves_for and self._place.rank == 0:
            self._watch.ask_to_save(self._saves_for)

    def _log(self, text: str) -> None:
        sys.stdout.write(f"{utc_now()} node {self._place.rank} ({socket.gethostname()}) {text}\n")
        sys.stdout.flush()


def _as_child() -> None:
    die_with_parent()
    # Slurm signals every process; the launcher and the trainer would end by it.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("settings_file", type=Path)
    parser.add_argument("--attempt", required=True)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    slurm = os.environ.get
    parser.add_argument("--rank", type=int, default=int(slurm("SLURM_NODEID", "0")))
    parser.add_argument("--nodes", type=int, default=int(slurm("SLURM_JOB_NUM_NODES", "1")))
    return parser.parse_args()


def main() -> None:
    """Looks after one machine's share of a run."""
    given = _arguments()
    become_subreaper()
    is_alone = given.nodes == 1
    place = Place(given.rank, given.nodes, "127.0.0.1" if is_alone else given.address)
    folder = RunFolder(given.settings_file.parent)
    node = Node(folder, place, 0 if is_alone else given.port, given.attempt)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, node.ask_to_end)
    signal.signal(signal.SIGUSR1, node.ask_to_save)
    sys.exit(node.run())


if __name__ == "__main__":
    main()
