"""What a study does: how it searches, over which space, starting from which run."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import AdaptMLLMError, ConfigError
from core.finetune import runs
from core.finetune.recipes import SCRATCH
from core.finetune.settings import FineTuneSettings
from core.search.settings import StudySettings
from core.search.space import (
    MAX_CHOICES,
    Space,
    Value,
    checked,
    combinations,
    parse_space,
)
from core.storage.study_records import Study
from core.storage.workspace import Workspace

MAX_GRID = 100_000
MAX_COMBINATIONS = 2000  # that are looked at before a start; each takes about a millisecond

# Settings that rules between fields speak of: each combination of their values is looked at.
_RELATED = (
    "method", "freeze", "precision", "zero_stage", "offload", "scratch_d_model", "scratch_heads",
)  # fmt: skip
_LORA = ("lora_rank", "lora_alpha", "lora_dropout", "lora_targets")
_SCRATCH = (
    "scratch_pieces", "scratch_d_model", "scratch_layers", "scratch_heads", "scratch_ffn_factor",
    "scratch_dropout",
)  # fmt: skip
# Settings that do nothing unless another has a certain value.
_NEEDS: tuple[tuple[tuple[str, ...], str, Value], ...] = (
    (("batch_size",), "batching", "fixed size"),
    (("tokens_per_batch",), "batching", "token budget"),
    (("num_epochs",), "max_steps", 0),
    (_LORA, "method", "lora"),
    (_SCRATCH, "base_model", SCRATCH),
    (("zero_stage", "offload"), "engine", "deepspeed"),
)


@dataclass(frozen=True)
class Plan:
    """What a study does.

    Attributes:
        study: How it searches, and its limits.
        space: What is varied.
        base: The run's settings that everything else is taken from.
    """

    study: StudySettings
    space: Space
    base: FineTuneSettings

    @classmethod
    def of(cls, record: Study) -> Plan:
        """Reads the plan of a stored study."""
        return cls.parse(record.settings)

    @classmethod
    def parse(cls, values: dict[str, Any]) -> Plan:
        """Reads a plan from plain values.

        Raises:
            ConfigError: One of its parts is wrong; one sentence.
        """
        return cls(
            StudySettings.parse(values["study"]),
            parse_space(values["space"]),
            FineTuneSettings.parse(values["base"]),
        )

    def with_study(self, **changes: Any) -> Plan:
        """Gives the plan with other settings of the study, such as more trials.

        Raises:
            ConfigError: A value is out of bounds.
        """
        return replace(self, study=self.study.changed(**changes))

    def as_dict(self) -> dict[str, Any]:
        """Gives the plain values for JSON."""
        return {
            "study": self.study.model_dump(),
            "space": {name: each.as_dict() for name, each in self.space.items()},
            "base": self.base.model_dump(),
        }

    @property
    def grid_size(self) -> int:
        """How many combinations a grid has; 0 where a range has no steps."""
        size = 1
        for parameter in self.space.values():
            size *= len(parameter.values)
        return size

    @property
    def num_trials(self) -> int:
        """After how many trials the study ends; a grid ends with its last combination."""
        if self.study.sampler == "grid":
            return min(self.study.num_trials, self.grid_size)
        return self.study.num_trials

    def run_settings(self, params: dict[str, Value], name: str) -> FineTuneSettings:
        """Gives the settings of the run with these values.

        Raises:
            ConfigError: They contradict each other.
        """
        return self.base.changed(**params, name=name[:200])

    def check_params(self, params: dict[str, Value]) -> None:
        """Refuses values, such as those of a hand-made trial, that are not of the space.

        Raises:
            ConfigError: One sentence.
        """
        if not params:
            raise ConfigError("The trial has no values.", hint="Give one or more.")
        if self.study.sampler == "grid":
            raise ConfigError(
                "A grid tries every combination once, and takes no trials made by hand.",
                hint="Another study can try other values.",
            )
        for name, given in params.items():
            if name not in self.space:
                raise ConfigError(
                    f"{name!r} is not searched by this study.",
                    hint=f"It searches {', '.join(self.space)}.",
                )
            value = checked(name, given)
            if not self.space[name].holds(value):
                raise ConfigError(
                    f"{name} {value!r} is outside of what this study searches: "
                    f"{self.space[name].in_words()}.",
                    hint="Take a value from there; another one needs another study.",
                )


def check_plan(workspace: Workspace, plan: Plan) -> None:
    """Refuses a study whose trials could not all be started, before anything is written.

    Raises:
        AdaptMLLMError: What is wrong, in one sentence.
    """
    _check_effects(plan)
    _check_grid(plan)
    corpus = workspace.corpora.get(plan.base.corpus)
    base = plan.base.changed(corpus=corpus.id)
    related = itertools.islice(combinations(plan.space, _RELATED), MAX_COMBINATIONS)
    for params in related:
        _check_run(workspace, base, params)
    for name, parameter in plan.space.items():
        if name not in _RELATED:
            for value in parameter.extremes:
                # Beside values that agree with each other, such as the first of each choice.
                first = next(combinations(plan.space, _RELATED))
                _check_run(workspace, base, {**first, name: value})


def check_trials(workspace: Workspace, plan: Plan, trials: Sequence[Mapping[str, Value]]) -> None:
    """Refuses a study of given trials if one of them could not be started.

    Raises:
        AdaptMLLMError: What is wrong, in one sentence.
    """
    _check_effects(plan)
    base = plan.base.changed(corpus=workspace.corpora.get(plan.base.corpus).id)
    for params in trials:
        _check_run(workspace, base, dict(params))


def _check_run(workspace: Workspace, base: FineTuneSettings, params: dict[str, Value]) -> None:
    try:
        runs.check_launch(workspace, base.changed(**params))
    except AdaptMLLMError as error:
        values = ", ".join(f"{name} {value}" for name, value in params.items())
        if not params:
            raise
        raise ConfigError(
            f"A trial with {values} could not run: {error.message}",
            hint="Take the value out of the space, or change the settings that it starts from.",
        ) from error


def _check_effects(plan: Plan) -> None:
    """Refuses parameters that would do nothing, whatever the other values are."""
    for names, needed, value in _NEEDS:
        given = plan.space[needed].extremes if needed in plan.space else ()
        possible = given or (getattr(plan.base, needed),)
        useless = [name for name in names if name in plan.space]
        if useless and value not in possible:
            is_now = ", ".join(repr(each) for each in possible)
            raise ConfigError(
                f"{useless[0]} does nothing while {needed} is {is_now}.",
                hint=f"Set {needed} to {value!r}, or take {useless[0]} out of the space.",
            )


def _check_grid(plan: Plan) -> None:
    if plan.study.sampler != "grid":
        return
    for name, parameter in plan.space.items():
        if not parameter.values:
            raise ConfigError(
                f"A grid needs single values, and {name} is {parameter.in_words()}.",
                hint=f"Give {name} choices or a step, or choose another sampler.",
            )
        if parameter.num_steps >= MAX_CHOICES:
            raise ConfigError(
                f"A grid over {name} would have {parameter.num_steps + 1:,} values, at most "
                f"{MAX_CHOICES:,} can be.",
                hint="Give it a larger step, or choose another sampler.",
            )
    if plan.grid_size > MAX_GRID:
        raise ConfigError(
            f"The grid has {plan.grid_size:,} combinations, at most {MAX_GRID:,} can be.",
            hint="Leave values out, or choose the sampler random or tpe.",
        )
