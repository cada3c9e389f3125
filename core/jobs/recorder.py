"""The lines that the processes of a job write about how far it is."""

from __future__ import annotations

import time
from typing import Any

from core.jobs.folder import JobFolder
from core.storage.files import append_json_line, utc_now


class Recorder:
    """Writes the records of a run; every process has one, only the first one's writes."""

    def __init__(self, folder: JobFolder, rank: int) -> None:
        self._folder = folder
        self._writes = rank == 0
        self._start_s = time.monotonic()
        self._last_progress_s = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since this process started recording."""
        return round(time.monotonic() - self._start_s, 3)

    def phase(self, phase: str, note: str = "") -> None:
        """Records that a phase begins: a job state, and in words what is done."""
        self.add("phase", phase=phase, note=note)

    def progress(self, note: str, done: int, total: int) -> None:
        """Records how far a long phase is, at most once a second."""
        if done == total or time.monotonic() - self._last_progress_s >= 1:
            self._last_progress_s = time.monotonic()
            self.add("progress", note=note, done=done, total=total)

    def translated(self, step: int, total: int, *, is_last: bool = False) -> None:
        """Records how many segments of a batch are done, at most twice a second."""
        if is_last or time.monotonic() - self._last_progress_s >= 0.5:
            self._last_progress_s = time.monotonic()
            self.add("translated", step=step, total_steps=total)

    def add(self, kind: str, **values: Any) -> None:
        """Appends one record to `metrics.jsonl`."""
        if self._writes:
            record = {"kind": kind, "time": utc_now(), "elapsed_s": self.elapsed_s, **values}
            append_json_line(self._folder.metrics_file, record)

    def samples(self, step: int, rows: list[dict[str, str]]) -> None:
        """Appends the sample translations after `step`."""
        if self._writes:
            append_json_line(self._folder.samples_file, {"step": step, "rows": rows})
