"""Weights of one's own: a table that is edited while ranking and intervals follow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from core.annotate.mqm_weights import Preset, Weight, normalised_severity
from core.errors import ConfigError
from core.settings import Settings

OWN_WEIGHTS = "own weights"

ANY = "*"


class OwnWeight(Settings):
    """What errors of a kind cost."""

    severity: str = Field(
        min_length=1, max_length=40, description="Such as `major`; `*` is any that a row names."
    )
    category: str = Field(
        default=ANY,
        min_length=1,
        max_length=120,
        description="Such as `Fluency/Punctuation` or `Fluency/*`; `*` stands for any text.",
    )
    penalty: float = Field(
        ge=0, le=1000, allow_inf_nan=False, description="Points for each such error."
    )

    @field_validator("severity")
    @classmethod
    def _is_a_word(cls, severity: str) -> str:
        severity = normalised_severity(severity)
        if severity != ANY and set(severity) & set("*?["):
            raise ValueError(f"{severity!r} is neither a severity nor {ANY!r} alone")
        return severity

    @field_validator("category")
    @classmethod
    def _is_lower_case(cls, category: str) -> str:
        return category.strip().lower().replace("_", " ") or ANY


class OwnWeights(Settings):
    """A table of weights; the first row that fits an error counts."""

    weights: tuple[OwnWeight, ...] = Field(min_length=1, max_length=100)
    scale: Literal["penalty", "per word"] = Field(
        default="penalty",
        description="`penalty`: minus the points. `per word`: 100 less the points for each "
        "hundred words of the hypothesis.",
    )

    @model_validator(mode="after")
    def _names_a_severity(self) -> OwnWeights:
        if all(weight.severity == ANY for weight in self.weights):
            raise ValueError(
                f"no row names a severity; {ANY!r} stands for the severities of other rows"
            )
        return self

    def preset(self) -> Preset:
        """Gives the weights as a preset, whose description spells them out."""
        weights = tuple(Weight(each.severity, each.category, each.penalty) for each in self.weights)
        told = "; ".join(f"{each.severity} {each.category} {each.penalty:g}" for each in weights)
        return Preset(
            OWN_WEIGHTS, f"Weights of one's own, {self.scale}: {told}.", weights, self.scale
        )


def weights_of(preset: Preset) -> OwnWeights:
    """Gives a preset's weights as a table to start from."""
    return OwnWeights(
        weights=tuple(
            OwnWeight(severity=each.severity, category=each.category, penalty=each.penalty)
            for each in preset.weights
        ),
        scale=preset.scale,
    )


def read_weights(rows: Sequence[Mapping[str, Any]], scale: str) -> OwnWeights:
    """Reads the rows of an edited table; rows without any value are left out.

    Args:
        rows: Each with `severity`, `category` and `penalty`; an empty category is `*`.
        scale: `penalty` or `per word`.

    Raises:
        ConfigError: The sentence names each wrong row by its number, counted from 1.
    """
    weights, faults = [], []
    for number, row in enumerate(rows, start=1):
        values = {name: row.get(name) for name in ("severity", "category", "penalty")}
        values = {name: value for name, value in values.items() if not _is_empty(value)}
        if not values:
            continue
        lacking = [name for name in ("severity", "penalty") if name not in values]
        if lacking:
            faults.append(f"row {number} has no {' and no '.join(lacking)}")
            continue
        try:
            weights.append(OwnWeight.parse(values))
        except ConfigError as error:
            faults.append(f"row {number}: {error.message.rstrip('.')}")
    if faults or not weights:
        told = "; ".join(faults) or "the table holds no weights"
        raise ConfigError(
            f"These weights cannot be used: {told}.",
            hint="Each row needs a severity and a penalty of 0 to 1,000 points.",
        )
    return OwnWeights.parse({"weights": tuple(weights), "scale": scale})


def _is_empty(value: Any) -> bool:
    """Tells whether a cell holds nothing; tables give empty numbers as NaN."""
    is_nan = isinstance(value, float) and math.isnan(value)
    return value is None or is_nan or not str(value).strip()
