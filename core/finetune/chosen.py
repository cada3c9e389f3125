"""What a run's model was made of: the best checkpoint, a mean of several, or the last step."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.finetune.best import LAST
from core.finetune.run_folder import RunFolder
from core.storage.files import read_json

BY_HAND = "by hand"


@dataclass(frozen=True)
class Chosen:
    """Where the weights of the run's model come from, as `result.json` says it.

    Attributes:
        step: The best checkpoint's, or the last step.
        metric: What it was chosen by on the dev split; `last`, or `by hand`.
        value: What the weights that were taken have by it; None where nothing was compared.
        last_step: Where training ended.
        averaged: Steps whose weights the model is the mean of; empty = those of `step` alone.
        average: The mean that was tried: `steps`, its `value`, the `best` value alone, `is_used`.
        unreadable: Steps that were better and whose checkpoints could not be read.
    """

    step: int
    metric: str = LAST
    value: float | None = None
    last_step: int = 0
    averaged: list[int] = field(default_factory=list)
    average: dict[str, Any] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Gives the plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class EarlyEnd:
    """That a run ended before its last planned step, since it no longer got better.

    Attributes:
        step: Where it ended.
        total_steps: What was planned.
        patience: Evaluations without a better value.
        metric: By which.
    """

    step: int
    total_steps: int
    patience: int
    metric: str


def chosen_of(run_folder: Path) -> dict[str, Any]:
    """Gives what a finished run's result says of its model's weights; {} where it says nothing."""
    return dict(_result(run_folder).get("chosen", {}))


def chosen_words(run_folder: Path) -> str:
    """Says in one or two sentences whose weights the model has, and why the run ended early.

    Empty where there is no result, or an older one that does not say it.
    """
    result = _result(run_folder)
    chosen = result.get("chosen")
    if not chosen:
        return ""
    early = result.get("ended_early")
    return " ".join(filter(None, (_early_words(early, chosen), _model_words(chosen))))


def value_words(metric: str, value: float | None) -> str:
    """Gives a metric and its value, such as `chrF++ 31.2` or `loss 1.112`."""
    if value is None or math.isnan(value):
        return metric
    return f"{metric} {value:.3f}" if metric == "loss" else f"{metric} {value:.1f}"


def steps_words(steps: Sequence[int]) -> str:
    """Gives steps as `300, 400 and 500`."""
    words = [f"{step:,}" for step in steps]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def _result(run_folder: Path) -> dict[str, Any]:
    try:
        return dict(read_json(RunFolder(run_folder).result_file))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def _early_words(early: dict[str, Any] | None, chosen: dict[str, Any]) -> str:
    if not early:
        return ""
    count, since = early["patience"], ""
    if not chosen["averaged"] and chosen["metric"] == early["metric"]:
        since = f" since step {chosen['step']:,}"
    return (
        f"Ended early after step {early['step']:,} of {early['total_steps']:,}: no better "
        f"{early['metric']} on dev in {count} evaluation{'s' * (count != 1)}{since}."
    )


def _model_words(chosen: dict[str, Any]) -> str:
    step, metric = chosen["step"], chosen["metric"]
    if metric == BY_HAND:
        return f"The model is the checkpoint of step {step:,}, chosen by hand."
    if metric == LAST or chosen["value"] is None:
        return f"The model is that of the last step, {step:,}."
    told = value_words(metric, chosen["value"])
    tried = chosen["average"]
    if chosen["averaged"]:
        best = value_words(metric, tried["best"])
        words = (
            f"The model is the mean of the checkpoints of steps {steps_words(chosen['averaged'])} "
            f"({told} on dev); the best of them alone, step {step:,}, has {best}."
        )
    else:
        where = "which is the last" if step == chosen["last_step"] else "not the last"
        words = f"The model is that of step {step:,}, {where} and the best on dev ({told})."
        if tried:
            words += (
                f" The mean of steps {steps_words(tried['steps'])} is not better "
                f"({value_words(metric, tried['value'])})."
            )
    if chosen["unreadable"]:
        words += f" Better, but unreadable: step {steps_words(chosen['unreadable'])}."
    return words
