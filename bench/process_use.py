"""What work in other processes takes: its time, and the memory of all of them at their peak."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

SAMPLE_S = 0.1

_MARK = "BENCH_WORK"


@dataclass
class Used:
    """What work took, once it is done.

    Attributes:
        seconds: From its start to its end.
        cpu_s: Processor time of its processes, as it was seen last of each.
        peak_bytes: The most memory that its processes had together: their proportional set sizes,
            in which a page that two of them share counts half for each.
    """

    seconds: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int = 0


@contextlib.contextmanager
def watched(num_cores: int) -> Iterator[Used]:
    """Watches the processes that the `with` block starts, and lets them have so many cores.

    They are known by a mark in their environment: a job is started in a session of its own, so
    that it is nobody's descendant.
    """
    mark, used = str(uuid.uuid4()), Used()
    sampler = _Sampler(mark)
    sampler.start()
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:num_cores])  # children inherit it
    os.environ[_MARK] = mark
    began_s = time.perf_counter()
    try:
        yield used
        used.seconds = time.perf_counter() - began_s
    finally:
        del os.environ[_MARK]
        os.sched_setaffinity(0, allowed)
        sampler.end()
        used.peak_bytes, used.cpu_s = sampler.peak_bytes, sum(sampler.cpu_s.values())


class _Sampler(threading.Thread):
    """Looks again and again at the processes that carry a mark."""

    def __init__(self, mark: str) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self.cpu_s: dict[int, float] = {}
        self._mark = mark
        self._is_marked: dict[int, bool] = {}
        self._has_ended = threading.Event()

    def run(self) -> None:
        """Looks until the end."""
        while not self._has_ended.wait(SAMPLE_S):
            self.peak_bytes = max(self.peak_bytes, sum(map(self._bytes_of, psutil.pids())))

    def end(self) -> None:
        """Stops looking."""
        self._has_ended.set()
        self.join()

    def _bytes_of(self, pid: int) -> int:
        try:
            if self._has_mark(pid):
                process = psutil.Process(pid)
                times = process.cpu_times()
                self.cpu_s[pid] = times.user + times.system
                return int(process.memory_full_info().pss)
        except psutil.Error:  # it has ended, or is somebody else's
            self._is_marked.pop(pid, None)
        return 0

    def _has_mark(self, pid: int) -> bool:
        if pid not in self._is_marked:
            try:
                environment = psutil.Process(pid).environ()
            except psutil.AccessDenied:
                environment = {}
            self._is_marked[pid] = environment.get(_MARK) == self._mark
        return self._is_marked[pid]
