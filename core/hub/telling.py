"""How far a download is, in words and in the records of a job."""

from __future__ import annotations

import time
from collections import deque

from core.hub.remote import RemoteModel
from core.jobs.recorder import Recorder

WINDOW_S = 10.0


class Pace:
    """The speed of the last seconds.

    Attributes:
        total_bytes: All that there is to have.
        done_bytes: What is here.
    """

    def __init__(self, total_bytes: int, done_bytes: int) -> None:
        self.total_bytes = total_bytes
        self.done_bytes = done_bytes
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), done_bytes)])

    def add(self, done_bytes: int) -> None:
        """Takes in how much is here now."""
        now = time.monotonic()
        self.done_bytes = done_bytes
        self._seen.append((now, done_bytes))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()

    @property
    def bytes_per_s(self) -> float:
        """Speed over the last ten seconds; 0 while unknown."""
        (first_s, first), (last_s, last) = self._seen[0], self._seen[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else 0.0

    def words(self) -> str:
        """Gives amounts, speed and time left, such as `1.2 of 2.5 GB · 35.0 MB/s · 37 s left`."""
        unit, name = (1e9, "GB") if self.total_bytes >= 1e9 else (1e6, "MB")
        text = f"{self.done_bytes / unit:.1f} of {self.total_bytes / unit:.1f} {name}"
        speed = self.bytes_per_s
        if speed > 0:
            left_s = (self.total_bytes - self.done_bytes) / speed
            text += f" · {speed / 1e6:.1f} MB/s · {_duration(left_s)} left"
        return text


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Telling:
    """Writes the progress of a download into the records of a job, at most once a second."""

    def __init__(self, recorder: Recorder, repo_id: str, *, counts_bytes: bool) -> None:
        """Begins.

        Args:
            recorder: Of the job.
            repo_id: What is downloaded.
            counts_bytes: Whether the job's steps are bytes; else only its notes tell of them.
        """
        self._recorder = recorder
        self._repo_id = repo_id
        self._counts_bytes = counts_bytes
        self._pace = Pace(0, 0)
        self._told_s = 0.0
        self._why = ""
        self._note("asking the hub for")

    def begins(self, model: RemoteModel, done_bytes: int) -> None:
        """Tells how much there is to download."""
        self._pace = Pace(model.size_bytes, done_bytes)
        if self._counts_bytes:
            self._recorder.add("plan", total_steps=model.size_bytes)
            self._recorder.add("resume", step=done_bytes)
        self._tell()

    def has(self, done_bytes: int) -> None:
        """Tells how much is here."""
        if done_bytes > self._pace.done_bytes:
            self._why = ""
        self._pace.add(done_bytes)
        is_all = done_bytes >= self._pace.total_bytes
        if is_all or time.monotonic() - self._told_s >= 1:
            self._tell()

    def pauses(self, why: str) -> None:
        """Tells that the connection broke."""
        self._why = why
        self._tell()

    def _tell(self) -> None:
        self._told_s = time.monotonic()
        if self._counts_bytes and self._pace.total_bytes:
            done, total = self._pace.done_bytes, self._pace.total_bytes
            self._recorder.add("translated", step=done, total_steps=total)
        why = f" ({self._why})" if self._why else ""
        amount = f" {self._pace.words()}" if self._pace.total_bytes else ""
        self._note("downloading", amount + why)

    def _note(self, verb: str, rest: str = "") -> None:
        self._recorder.phase("preparing", f"{verb} {self._repo_id}{rest}")
