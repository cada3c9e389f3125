"""The checkpoints of a run as a list: what each has on dev, and which of them is which."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from core.finetune.best import LAST, LOWER_IS_BETTER, Scored, best_of, is_better
from core.finetune.checkpoints import COMPLETE, complete_checkpoints
from core.finetune.chosen import chosen_of, value_words
from core.finetune.history import History, HistoryReader
from core.finetune.settings import FineTuneSettings
from core.storage.files import read_json


@dataclass(frozen=True)
class KeptCheckpoint:
    """One complete checkpoint.

    Attributes:
        step: Optimizer steps before it.
        size_bytes: On disk.
        values: Dev loss and dev scores by name; empty where it was saved without an evaluation.
        marks: What it is, such as `latest`, `best chrF++`, `best loss`, `the run's model`.
    """

    step: int
    size_bytes: int
    values: dict[str, float]
    marks: list[str] = field(default_factory=list)


def kept_checkpoints(run_folder: Path, history: History | None = None) -> list[KeptCheckpoint]:
    """Gives the complete checkpoints of a run, the earliest first.

    Args:
        run_folder: The run's folder.
        history: The run's, where it is read already.
    """
    history = history or HistoryReader(run_folder).read()
    kept = []
    for step, folder in complete_checkpoints(run_folder):
        try:
            size = int(read_json(folder / COMPLETE).get("size_bytes", 0))
        except (OSError, json.JSONDecodeError):  # it goes just now
            continue
        kept.append(KeptCheckpoint(step, size, dev_values(history, step)))
    chosen = chosen_of(run_folder)
    model = [] if chosen.get("averaged") else [chosen.get("step")]
    for each in kept:
        if each.step == kept[-1].step:
            each.marks.append("latest")
        each.marks.extend(f"best {name}" for name in _best_by(kept, each))
        if each.step in model:
            each.marks.append("the run's model")
        if each.step in chosen.get("averaged", []):
            each.marks.append("in the mean")
    return kept


def dev_values(history: History, step: int) -> dict[str, float]:
    """Gives dev loss and dev scores of a step, {} where there was no evaluation."""
    evals = history.evals
    if step not in evals.x:
        return {}
    at = len(evals.x) - 1 - list(evals.x)[::-1].index(step)
    found = {name: column[at] for name, column in evals.values.items()}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def best_in_history(history: History, metric: str) -> Scored | None:
    """Gives the best evaluation of a run until now; None before the first, and for `last`."""
    if metric == LAST or metric not in history.evals.values:
        return None
    points = zip(history.evals.x, history.evals.values[metric], strict=True)
    return best_of([Scored(int(x), value) for x, value in points if x > 0], metric)


def best_words(history: History, settings: FineTuneSettings) -> str:
    """Says which step is the best until now, such as `best chrF++ 31.2 at step 500`."""
    best = best_in_history(history, settings.best_metric)
    if best is None:
        return ""
    return f"best {value_words(settings.best_metric, best.value)} at step {best.step:,}"


def _best_by(kept: list[KeptCheckpoint], one: KeptCheckpoint) -> list[str]:
    """Gives the metrics by which one of the checkpoints is the best of those kept."""
    found = []
    for name in LOWER_IS_BETTER:
        if name not in one.values:
            continue
        others = [each.values[name] for each in kept if each is not one and name in each.values]
        if not any(is_better(name, value, one.values[name]) for value in others):
            found.append(name)
    return found
