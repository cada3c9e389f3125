"""The space of a study: which settings of a run are varied, and over which values."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import ConfigError
from core.finetune.settings import FineTuneSettings
from core.settings import choices_of

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Value = str | int | float | bool

_GROUPS = ("From scratch", "Method", "Training", "Batches")
_BESIDES = ("precision", "zero_stage", "offload")
MAX_CHOICES = 1000
MAX_STEPS = 1_000_000
MAX_NUMBER = 1e12  # far above any setting


@dataclass(frozen=True)
class Parameter:
    """One setting of a run that is varied.

    Attributes:
        name: Of the field of `FineTuneSettings`.
        choices: The values to choose from; empty for a range.
        low, high: The ends of a range, both included.
        is_log: Whether the range is drawn from on a logarithmic scale.
        step: Distance between the values of a range; 0 = any, or 1 for whole numbers.
    """

    name: str
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    is_log: bool = False
    step: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether the setting is a whole number."""
        return FineTuneSettings.model_fields[self.name].annotation is int

    @property
    def values(self) -> tuple[Value, ...]:
        """All values, where they can be counted; empty for a range without steps.

        Of a range with more than MAX_CHOICES only so many: `num_steps` tells.
        """
        if self.choices:
            return self.choices
        step = self.step or (1.0 if self.is_whole and not self.is_log else 0.0)
        if not step:
            return ()
        count = self.num_steps + 1
        found = [self.low + i * step for i in range(min(count, MAX_CHOICES + 1))]
        return tuple(int(round(v)) if self.is_whole else float(f"{v:.12g}") for v in found)

    @property
    def num_steps(self) -> int:
        """Steps from the lowest value of a range to its highest; 0 for choices and without."""
        step = self.step or (1.0 if self.is_whole and not self.is_log else 0.0)
        return int((self.high - self.low) / step + 1e-9) if step else 0

    @property
    def extremes(self) -> tuple[Value, ...]:
        """The values that have to be looked at to know whether all may be used."""
        if self.choices:
            return self.choices
        ends = (self.low, self.high)
        return tuple(int(end) for end in ends) if self.is_whole else ends

    def as_dict(self) -> dict[str, Any]:
        """Gives the plain values for JSON, as `parse_space` reads them."""
        if self.choices:
            return {"choices": list(self.choices)}
        values: dict[str, Any] = {"low": self.low, "high": self.high}
        if self.is_log:
            values["log"] = True
        if self.step:
            values["step"] = self.step
        return values

    def holds(self, value: Value) -> bool:
        """Whether a value, such as one typed by hand, is part of it."""
        if self.choices:
            return value in self.choices
        if isinstance(value, str | bool) or not self.low <= value <= self.high:
            return False
        if self.is_whole and value != int(value):
            return False
        off = (value - self.low) / self.step if self.step else 0.0
        return abs(off - round(off)) < 1e-9

    def in_words(self) -> str:
        """Says what it may be, such as `1e-05 to 0.001 (log)`."""
        if self.choices:
            return ", ".join(f"{each:g}" if _is_float(each) else str(each) for each in self.choices)
        scale = " (log)" if self.is_log else f" by {self.step:g}" if self.step else ""
        return f"{self.low:g} to {self.high:g}{scale}"

    def distribution(self) -> BaseDistribution:
        """Gives Optuna's form of it."""
        from optuna import distributions

        if self.choices:
            return distributions.CategoricalDistribution(self.choices)
        if self.is_whole:
            step = int(self.step) or 1
            return distributions.IntDistribution(int(self.low), int(self.high), self.is_log, step)
        return distributions.FloatDistribution(self.low, self.high, self.is_log, self.step or None)


Space = dict[str, Parameter]


def searchable() -> list[str]:
    """Gives the names of the settings that can be varied."""
    fields = FineTuneSettings.model_fields
    groups = {
        name: field.json_schema_extra["group"]
        for name, field in fields.items()
        if isinstance(field.json_schema_extra, dict) and "group" in field.json_schema_extra
    }
    return [name for name in fields if groups.get(name) in _GROUPS or name in _BESIDES]


def parse_space(values: Mapping[str, Any]) -> Space:
    """Reads a space from plain values.

    Args:
        values: By name of the setting: `{"choices": […]}`, a list of choices, or `{"low": …,
            "high": …}` with `"log": true` or `"step": …` if wanted.

    Raises:
        ConfigError: A name, a range or a value is wrong; one sentence.
    """
    if not isinstance(values, Mapping) or not values:
        raise ConfigError(
            "The space is empty.",
            hint='Name settings with their values, such as {"learning_rate": {"low": 1e-5, '
            '"high": 1e-3, "log": true}}.',
        )
    return {name: _parameter(name, given) for name, given in values.items()}


def combinations(space: Space, names: Sequence[str]) -> Iterator[dict[str, Value]]:
    """Gives every combination of these parameters, those that are there; else of their ends."""
    varied = [space[name] for name in names if name in space]
    for values in itertools.product(*(each.values or each.extremes for each in varied)):
        yield {each.name: value for each, value in zip(varied, values, strict=True)}


def point(params: Mapping[str, Value]) -> tuple[tuple[str, Value], ...]:
    """Gives values in a form that can be compared and looked up."""
    return tuple(sorted(params.items()))


def _parameter(name: str, given: Any) -> Parameter:
    known = searchable()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        meant = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(known)}."
        raise ConfigError(f"{name!r} is no setting that can be searched.", hint=meant)
    if isinstance(given, list | tuple):
        given = {"choices": given}
    if not isinstance(given, Mapping):
        raise _unreadable(name, given)
    keys = set(given)
    if keys == {"choices"}:
        return Parameter(name, choices=_choices(name, given["choices"]))
    if not {"low", "high"} <= keys <= {"low", "high", "log", "step"}:
        raise _unreadable(name, given)
    return _range(name, given)


def _choices(name: str, given: Any) -> tuple[Value, ...]:
    if not isinstance(given, list | tuple):
        raise _unreadable(name, {"choices": given})
    if not given:
        raise ConfigError(f"{name} has no values to choose from.", hint="Give at least one.")
    if len(given) > MAX_CHOICES:
        raise ConfigError(
            f"{name} has {len(given):,} values, at most {MAX_CHOICES:,} can be.",
            hint="Give a range instead.",
        )
    values = tuple(checked(name, each) for each in given)
    for place, value in enumerate(values):
        if value in values[:place]:
            raise ConfigError(f"{name} has the value {value!r} twice.", hint="Leave one out.")
    return values


def _range(name: str, given: Mapping[str, Any]) -> Parameter:
    field = FineTuneSettings.model_fields[name]
    low, high, step = given["low"], given["high"], given.get("step") or 0
    if field.annotation not in (int, float) or choices_of(field):
        raise ConfigError(f"{name} is no number.", hint="Give its values as choices.")
    is_log = bool(given.get("log", False))
    if not all(_is_number(each) for each in (low, high, step)):
        raise _unreadable(name, given)
    if low > high:
        raise ConfigError(
            f"The range of {name} is empty: it begins at {low:g} and ends at {high:g}.",
            hint="Exchange the two.",
        )
    for each in (low, high):
        checked(name, each)
    _check_scale(name, low, high, step, is_log=is_log)
    if step:  # the last value that can be reached
        high = low + int((high - low) / step + 1e-9) * step
    return Parameter(name, (), float(low), float(high), is_log, float(step))


def checked(name: str, value: Any) -> Value:
    """Gives a value that a run's setting may have, of the setting's type.

    Raises:
        ConfigError: It may not; the setting's own sentence.
    """
    field = FineTuneSettings.model_fields[name]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConfigError(
            f"{name}: {value!r} is no value of a setting.", hint="Give numbers or words."
        )
    single: Value = FineTuneSettings.checked_value(name, value)
    return float(single) if field.annotation is float else single


def _check_scale(name: str, low: float, high: float, step: float, *, is_log: bool) -> None:
    """Refuses a scale or a step that does not fit the range."""
    if is_log and low <= 0:
        raise ConfigError(
            f"{name} begins at {low:g}, and a logarithmic range cannot hold 0.",
            hint="Begin above 0, or leave log out.",
        )
    if step < 0 or 0 < step < (high - low) / MAX_STEPS:
        raise ConfigError(
            f"{name} has the step {step:g} between {low:g} and {high:g}.",
            hint=f"A step is positive, and a range has at most {MAX_STEPS:,} of them.",
        )
    if is_log and step:
        raise ConfigError(
            f"{name} has the step {step:g} beside log.",
            hint="A logarithmic range has no steps.",
        )
    if FineTuneSettings.model_fields[name].annotation is int and step != int(step):
        raise ConfigError(
            f"{name} is a whole number, and its step is {step:g}.", hint="Give a whole step."
        )


def _is_number(value: Any) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and -MAX_NUMBER <= value <= MAX_NUMBER  # nor is one that is not a number


def _unreadable(name: str, given: Any) -> ConfigError:
    return ConfigError(
        f"The values of {name} cannot be read: {given!r}."[:300],
        hint='Give {"choices": […]}, or {"low": …, "high": …} with "log" or "step".',
    )


def _is_float(value: Value) -> bool:
    return isinstance(value, float)
