"""The courses of several runs on one axis, and their samples segment by segment."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from core.finetune.history import Columns, History


@dataclass(frozen=True)
class SampleRow:
    """One segment with what each run made of it.

    Attributes:
        source, reference: The segment.
        hypotheses: One a run; None where a run did not translate this segment.
    """

    source: str
    reference: str
    hypotheses: tuple[str | None, ...]


def sample_rows(histories: Sequence[History]) -> list[SampleRow]:
    """Gives the sample segments of all runs, those that more of them translated first."""
    found: dict[tuple[str, str], list[str | None]] = {}
    for at, history in enumerate(histories):
        for row in history.samples.get(history.last_sample_step(), ()):
            key = (row["source"], row["reference"])
            found.setdefault(key, [None] * len(histories))[at] = row["hypothesis"]
    rows = [SampleRow(*key, tuple(hypotheses)) for key, hypotheses in found.items()]
    return sorted(rows, key=lambda row: row.hypotheses.count(None))


def positions(history: History, axis: str) -> tuple[list[float], list[float]]:
    """Gives where the points of training and evaluations lie on an axis.

    Args:
        history: Of a run.
        axis: `step`; `tokens`, without padding, in thousands; or `minutes` of training,
            evaluations left out.

    Returns:
        Positions of the training records, and of the evaluations, parallel to them.
    """
    steps = list(history.train.x)
    if axis == "step":
        return steps, list(history.evals.x)
    seconds = _filled(history.train, "train_seconds")
    places = [value / 60 for value in seconds]
    if axis == "tokens":
        places = _tokens(seconds, _filled(history.train, "tokens_per_s"))
    return places, [_between(steps, places, step) for step in history.evals.x]


def _filled(columns: Columns, name: str) -> list[float]:
    """Gives a quantity with its gaps filled by the value before."""
    filled, last = [], 0.0
    for value in columns.values.get(name, [0.0] * len(columns.x)):
        last = last if math.isnan(value) else value
        filled.append(last)
    return filled


def _tokens(seconds: Sequence[float], speeds: Sequence[float]) -> list[float]:
    """Adds up speed times time: each record's speed is of the time since the one before."""
    total, before, found = 0.0, 0.0, []
    for now, speed in zip(seconds, speeds, strict=True):
        total += max(0.0, now - before) * speed / 1000
        before = now
        found.append(total)
    return found


def _between(steps: Sequence[float], places: Sequence[float], step: float) -> float:
    """Gives the place of a step: of the last record up to it; 0 before the first."""
    at = bisect_right(steps, step)
    return places[at - 1] if at else 0.0


def common_base(histories: Sequence[History], name: str) -> float | None:
    """Gives the base model's dev score where all runs that know theirs have the same one."""
    known = {history.base_score(name) for history in histories if name in history.evals.values}
    known.discard(None)
    return known.pop() if len(known) == 1 else None
