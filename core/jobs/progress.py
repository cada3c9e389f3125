"""How far a job is, from the records it writes: step, time left, last scores, a sparkline."""

from __future__ import annotations

from collections import deque
from typing import Any

SPARKLINE_POINTS = 24


class Progress:
    """Digests the records of `metrics.jsonl` one after the other.

    Attributes:
        phase: The last phase that the job named; empty before the first.
        step: The last optimizer step that is finished.
        total_steps: Steps of the whole job; 0 while unknown.
    """

    def __init__(self) -> None:
        self.phase = ""
        self.step = 0
        self.total_steps = 0
        self._scores: dict[str, float] = {}
        self._base_scores: dict[str, float] = {}
        self._losses: list[float] = []
        self._stride = 1
        self._num_losses = 0
        self._times: deque[tuple[int, float]] = deque(maxlen=200)

    def add(self, record: dict[str, Any]) -> None:
        """Takes one record in."""
        kind = record.get("kind")
        if kind == "phase":
            self.phase = str(record["phase"])
        elif kind == "plan":  # an attempt begins; where it continues is said by "resume"
            self.total_steps = int(record["total_steps"])
            self.step = 0
            self._times.clear()
        elif kind == "resume":
            self.step = int(record["step"])
        elif kind == "train":
            self.step = int(record["step"])
            self._times.append((self.step, float(record["elapsed_s"])))
            self._add_loss(float(record["loss"]))
        elif kind == "translated":
            self.step = int(record["step"])
            self._times.append((self.step, float(record["elapsed_s"])))
        elif kind == "eval":
            self._take_scores(record)

    def _take_scores(self, record: dict[str, Any]) -> None:
        scores = {str(score["name"]): float(score["value"]) for score in record["scores"]}
        self._scores = scores
        if record["step"] == 0:
            self._base_scores = scores

    def _add_loss(self, loss: float) -> None:
        """Keeps at most twice SPARKLINE_POINTS values, evenly spread over the whole job."""
        if self._num_losses % self._stride == 0:
            self._losses.append(loss)
        self._num_losses += 1
        if len(self._losses) >= 2 * SPARKLINE_POINTS:
            self._losses = self._losses[::2]
            self._stride *= 2

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds to the last step, from the recent pace; None while unknown."""
        if len(self._times) < 2 or not self.total_steps:
            return None
        (first_step, first_time), (last_step, last_time) = self._times[0], self._times[-1]
        if last_step <= first_step:
            return None
        pace_s = (last_time - first_time) / (last_step - first_step)
        return round(max(0.0, (self.total_steps - last_step) * pace_s), 1)

    def summary(self) -> dict[str, Any]:
        """Gives the plain values that the database and `state.json` store."""
        stride = max(1, len(self._losses) // SPARKLINE_POINTS)
        return {
            "step": self.step,
            "total_steps": self.total_steps,
            "seconds_left": self.seconds_left,
            "scores": self._scores,
            "base_scores": self._base_scores,
            "losses": [round(loss, 4) for loss in self._losses[::stride]],
        }
