"""The settings of a study: how it searches, what for, and where it ends."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from core.settings import Settings

Objective = Literal["chrF++", "BLEU", "loss"]
Direction = Literal["minimize", "maximize"]


def _field(default: Any, description: str, group: str, **bounds: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"group": group}, **bounds)


class StudySettings(Settings):
    """How a study searches; what it varies is its space, what it starts from a run's settings."""

    version: Literal[1] = 1
    objective: Objective = _field(
        "chrF++",
        "What a trial is judged by: the evaluation, on the dev split, of the weights that it "
        "keeps. The test split is never looked at, so that its scores stay honest.",
        "Goal",
    )
    second_objective: Literal["none", "energy"] = _field(
        "none",
        "energy: trials are also judged by the kWh that they took, and the study shows which are "
        "better in one without being worse in the other. There is no pruning then.",
        "Goal",
        title="Second objective",
    )
    sampler: Literal["tpe", "random", "grid"] = _field(
        "tpe",
        "tpe: learns from the trials before (Tree-structured Parzen Estimator). random: each for "
        "itself. grid: every combination once, in a shuffled order.",
        "Sampling",
    )
    startup_trials: int = _field(
        5,
        "tpe only: trials that are drawn at random before it begins to learn.",
        "Sampling",
        ge=1,
        le=1000,
        title="Random trials first",
    )
    seed: int = _field(
        1,
        "Decides what is drawn; the same seed, sampler and results give the same suggestions.",
        "Sampling",
        ge=0,
        le=2**32 - 1,
    )
    pruner: Literal["none", "median", "hyperband"] = _field(
        "median",
        "Ends trials that do badly, after any of their evaluations. median: worse than half of the "
        "trials were at the same evaluation. hyperband: only the best third goes on, again and "
        "again.",
        "Pruning",
    )
    pruner_startup_trials: int = _field(
        3,
        "median only: trials that must have finished before any is pruned.",
        "Pruning",
        ge=1,
        le=1000,
        title="Finished trials first",
    )
    pruner_warmup_evaluations: int = _field(
        0,
        "median only: the first evaluations of a trial that never end it.",
        "Pruning",
        ge=0,
        le=1000,
        title="Evaluations without pruning",
    )
    num_trials: int = _field(
        12,
        "The study ends after this many trials, pruned and failed ones included.",
        "Limits",
        ge=1,
        le=100_000,
        title="Trials",
    )
    max_hours: float = _field(
        0.0,
        "The study ends when its trials have worked for so long together; 0 = no limit.",
        "Limits",
        ge=0,
        le=100_000,
        title="Hours at most",
    )
    max_kwh: float = _field(
        0.0,
        "The study ends when its trials have taken so much energy together, without PUE; 0 = no "
        "limit.",
        "Limits",
        ge=0,
        le=1_000_000,
        title="Energy at most (kWh)",
    )
    max_failures_in_a_row: int = _field(
        5,
        "The study stops when so many trials failed one after the other: the next would, too.",
        "Limits",
        ge=1,
        le=1000,
        title="Failures in a row",
    )
    keeps_checkpoints: bool = _field(
        False,
        "Keep the checkpoints of trials that have ended. Without, only models of finished trials "
        "stay; a large model's checkpoints would fill the disk.",
        "Limits",
        title="Keep checkpoints",
    )

    @model_validator(mode="after")
    def _rules_between_fields(self) -> Self:
        if self.second_objective != "none" and self.pruner != "none":
            raise ValueError(
                f"pruner {self.pruner!r} needs a single objective, and second_objective is "
                f"{self.second_objective!r}"
            )
        return self

    @property
    def directions(self) -> list[Direction]:
        """Optuna's direction of each objective."""
        quality: Direction = "minimize" if self.objective == "loss" else "maximize"
        return [quality] if self.second_objective == "none" else [quality, "minimize"]

    @property
    def objective_names(self) -> list[str]:
        """What people see of each objective, with its unit or split."""
        names = [f"dev {self.objective}"]
        return names if self.second_objective == "none" else [*names, "energy (kWh)"]
