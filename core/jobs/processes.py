"""Processes by identity rather than by number, and process trees that end completely."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

SUPERVISOR_VARIABLE = "ADAPTMLLM_SUPERVISOR"
JOB_VARIABLE = "ADAPTMLLM_JOB"
UNKILLABLE_S = 30.0

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class ProcessIdentity:
    """A process that cannot be mistaken for a later one with the same number.

    Attributes:
        pid: The process number.
        create_time: Seconds at which it started: since boot on Linux, else since the epoch.
        boot_id: The kernel's id of this boot; another boot has other processes.
        host: The host's name.
    """

    pid: int
    create_time: float
    boot_id: str
    host: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """Gives the identity of a running process."""
        return cls(pid, _create_time(pid), boot_id(), socket.gethostname())

    @property
    def is_elsewhere(self) -> bool:
        """Whether it belongs to another host, where this one cannot look."""
        return self.host != socket.gethostname()

    def is_alive(self) -> bool:
        """Whether this very process still runs on this host; a zombie does not."""
        if self.is_elsewhere or self.boot_id != boot_id():
            return False
        try:
            same = abs(_create_time(self.pid) - self.create_time) < 0.05
            return same and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            return False


def _create_time(pid: int) -> float:
    # psutil's time since the epoch jumps whenever the clock is set, and a run may last for days.
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return psutil.Process(pid).create_time()
    ticks = stat.read_text(errors="replace").rpartition(")")[2].split()[19]
    return int(ticks) / os.sysconf("SC_CLK_TCK")


@cache
def boot_id() -> str:
    """Gives the kernel's id of this boot, or the boot time where the kernel has no such file."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else str(int(psutil.boot_time()))


def become_subreaper() -> None:
    """Makes orphaned descendants children of this process (Linux), so that none escapes."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Asks the kernel to kill this process when its parent dies (Linux)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


# Loaded before anything forks: a child must not wait for a lock that another thread held.
_LIBRARY = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _prctl(option: int, value: int) -> None:
    if _LIBRARY is not None:
        _LIBRARY.prctl(option, value, 0, 0, 0)


def die_with_supervisor() -> None:
    """Starts a thread that kills this process's whole group when the supervisor is gone.

    The supervisor may be killed without a chance to clean up; launcher, ranks and compilers
    share one process group, so the first of them that notices ends them all.
    """
    text = os.environ.get(SUPERVISOR_VARIABLE, "")
    if not text:
        return  # started by hand, without a supervisor
    pid, create_time = text.split(":")
    identity = ProcessIdentity(int(pid), float(create_time), boot_id(), socket.gethostname())
    threading.Thread(target=_end_group_after, args=(identity,), daemon=True).start()


def _end_group_after(identity: ProcessIdentity) -> None:
    with contextlib.suppress(OSError, AttributeError):
        descriptor = os.pidfd_open(identity.pid)
        if identity.is_alive():
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll()
    while identity.is_alive():  # kernels without pidfd
        time.sleep(1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def end_group(group: int, *, grace_s: float) -> None:
    """Ends a process group: SIGTERM, `grace_s` seconds of patience, SIGKILL."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline:
        if not _has_living_member(group):
            return
        time.sleep(0.1)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _has_living_member(group: int) -> bool:
    for process in psutil.process_iter(["status"]):
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            same_group = os.getpgid(process.pid) == group
            if same_group and process.info["status"] != psutil.STATUS_ZOMBIE:
                return True
    return False


def end_descendants(*, grace_s: float, job_id: str = "") -> list[int]:
    """Ends and reaps every descendant of this process; gives the pids that had to be ended.

    As a subreaper this process is also the parent of what its children left behind. With a
    `job_id`, what bears the mark of another job is spared: a job may have started others.
    """
    ended: list[int] = []
    deadline = time.monotonic() + grace_s
    while True:
        reap_children()
        alive = [
            process
            for process in psutil.Process().children(recursive=True)
            if not (job_id and _is_of_another(process, job_id))
        ]
        # A process stuck in a driver cannot be killed; waiting for it would hide the job's end.
        if not alive or time.monotonic() > deadline + UNKILLABLE_S:
            return ended
        ended.extend(process.pid for process in alive if process.pid not in ended)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate() if time.monotonic() < deadline else process.kill()
        psutil.wait_procs(alive, timeout=0.2)


def _is_of_another(process: psutil.Process, job_id: str) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.environ().get(JOB_VARIABLE, job_id) != job_id
    return False


def reap_children() -> None:
    """Takes the exit status of every dead child, so that no zombie is left."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            pass


def end_job_leftovers(job_id: str) -> int:
    """Kills processes that carry a job's mark in their environment; gives how many there were."""
    killed: set[int] = set()
    deadline = time.monotonic() + UNKILLABLE_S
    while found := _marked(job_id):
        for process in found:
            killed.add(process.pid)
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        # One of them may have started another while the list was made.
        psutil.wait_procs(found, timeout=0.2)
        if time.monotonic() > deadline:
            break
    return len(killed)


def _marked(job_id: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(JOB_VARIABLE) == job_id:
                found.append(process)
    return found
