"""Which checkpoint is the best, by a dev score or the dev loss; when a run has stopped learning.

Transformers takes every metric whose name does not end in "loss" for one where more is better, and
so keeps the worst checkpoint by TER; here one table says it for all.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.finetune.settings import FineTuneSettings
from core.storage.files import JsonLinesTail

LOWER_IS_BETTER = {"chrF++": False, "BLEU": False, "TER": True, "loss": True}
LAST = "last"


@dataclass(frozen=True)
class Scored:
    """The dev score of a step.

    Attributes:
        step: Optimizer steps done.
        value: By the metric that is asked for; NaN where there is none, such as an endless loss.
    """

    step: int
    value: float


def is_better(metric: str, value: float, than: float, *, min_delta: float = 0.0) -> bool:
    """Whether a value is better than another by more than `min_delta`; NaN never is.

    Raises:
        KeyError: Nothing is known of the metric.
    """
    if math.isnan(value):
        return False
    if math.isnan(than):
        return True
    gain = than - value if LOWER_IS_BETTER[metric] else value - than
    return gain > min_delta


def value_of(record: dict[str, Any], metric: str) -> float:
    """Gives what an evaluation's record says of a metric; NaN where it says nothing."""
    if metric == "loss":
        return math.nan if record["loss"] is None else float(record["loss"])
    found = (score["value"] for score in record["scores"] if score["name"] == metric)
    return float(next(found, math.nan))


def scored_steps(metrics_file: Path, metric: str) -> list[Scored]:
    """Gives the evaluations of a run's own steps; those that a resume undid do not count.

    The base model, at step 0, is no checkpoint and not among them.
    """
    found: list[Scored] = []
    for record in JsonLinesTail(metrics_file).read():
        if record.get("kind") == "resume":
            found = [each for each in found if each.step <= int(record["step"])]
        elif record.get("kind") == "eval" and record["step"] > 0:
            # An attempt that ended between evaluation and checkpoint is evaluated there again.
            found = [each for each in found if each.step != record["step"]]
            found.append(Scored(int(record["step"]), value_of(record, metric)))
    return found


def best_first(scored: Sequence[Scored], metric: str) -> list[Scored]:
    """Gives the evaluations in order, the best first; of equal ones the earliest."""
    sign = 1 if LOWER_IS_BETTER[metric] else -1
    known = [each for each in scored if not math.isnan(each.value)]
    return sorted(known, key=lambda each: (sign * each.value, each.step))


def best_of(scored: Sequence[Scored], metric: str) -> Scored | None:
    """Gives the best evaluation, None where there is none."""
    found = best_first(scored, metric)
    return found[0] if found else None


def num_best_kept(settings: FineTuneSettings) -> int:
    """Gives how many of the best checkpoints are kept beside the latest ones."""
    return 0 if settings.best_metric == LAST else max(1, settings.average_checkpoints)


def best_steps(
    scored: Sequence[Scored], settings: FineTuneSettings, present: Collection[int] | None = None
) -> list[int]:
    """Gives the steps whose checkpoints are kept for their score, the best first.

    Args:
        scored: The run's evaluations.
        settings: By which metric, and how many.
        present: The steps that have a complete checkpoint; None = all.
    """
    count = num_best_kept(settings)
    if not count:
        return []
    known = [each for each in scored if present is None or each.step in present]
    return [each.step for each in best_first(known, settings.best_metric)[:count]]


def evaluations_without_gain(scored: Sequence[Scored], metric: str, min_delta: float) -> int:
    """Gives how many evaluations came since the last that gained more than `min_delta`.

    A gain counts from the value that gained last (Prechelt 1998, "Early Stopping - But When?"), so
    that many small steps in the right direction are a gain together.
    """
    best, since = math.nan, 0
    for each in scored:
        if is_better(metric, each.value, best, min_delta=min_delta):
            best, since = each.value, 0
        else:
            since += 1
    return since


def has_stopped_learning(scored: Sequence[Scored], settings: FineTuneSettings) -> bool:
    """Whether the run's patience is at its end."""
    patience = settings.early_stopping_patience
    if not patience or settings.best_metric == LAST:
        return False
    delta = settings.early_stopping_min_delta
    return evaluations_without_gain(scored, settings.best_metric, delta) >= patience
