"""The settings of an evaluation, declared once: systems, baseline, metrics, test."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from core.errors import ConfigError
from core.metrics.lexical import find_specs
from core.settings import Settings

MAX_SYSTEMS = 50
FIRST_REFERENCE = "reference"
SCORING = "scoring:"
DEFAULT_METRICS = ("bleu", "chrf2", "chrf++", "ter")
DEFAULT_SAMPLES = {"bs": 1000, "ar": 10_000}


def _field(default: Any, description: str, **bounds: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"group": "Test"}, **bounds)


class EvaluationSettings(Settings):
    """Which systems are compared on one test set, and how."""

    version: Literal[1] = 1
    test_set: str = _field("", "SHA-256 of the test set, as translation sets carry it.")
    systems: tuple[str, ...] = _field(
        (), "Ids of translation sets of this test set.", max_length=MAX_SYSTEMS
    )
    baseline: str = _field("", "Id of the translation set that the others are compared with.")
    metrics: tuple[str, ...] = _field(
        DEFAULT_METRICS,
        f"Keys such as bleu or chrf++, and {SCORING}ID for segment scores of a scorer.",
    )
    references: tuple[str, ...] = _field(
        (FIRST_REFERENCE,), "Names of the reference translations that count."
    )
    tokenizer: Literal["13a", "intl", "char", "zh", "none"] = _field(
        "13a",
        "How BLEU finds words: 13a is the standard; intl knows the punctuation of all scripts; "
        "char and zh suit writing without spaces.",
        title="BLEU's tokenizer",
    )
    test: Literal["bs", "ar"] = _field(
        "bs", "Paired bootstrap (bs) or approximate randomisation (ar).", title="Test"
    )
    num_samples: int = _field(
        0,
        "Resamples of the test set; 0 = 1,000 for the bootstrap, 10,000 for randomisation.",
        ge=0,
        le=1_000_000,
        title="Resamples",
    )
    seed: int = _field(12345, "Seed of the resampling; sacreBLEU's is 12345.", ge=1, le=2**31 - 1)
    alpha: float = _field(
        0.05,
        "A difference counts as significant if its p, corrected after Holm, is below this.",
        gt=0,
        lt=1,
        title="Level of significance",
    )
    only_common: bool = _field(
        False,
        "Where systems have failed segments, score those that all of them translated.",
        title="Only segments that all translated",
    )
    is_normalized: bool = _field(
        False,
        "Bring hypotheses and references into Unicode's form NFC first; the signature says so.",
        title="Normalise to NFC",
    )

    @field_validator("metrics")
    @classmethod
    def _are_metrics(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if not keys:
            raise ValueError("no metric was chosen")
        try:
            find_specs([key for key in keys if not key.startswith(SCORING)])
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return tuple(dict.fromkeys(keys))

    @field_validator("references")
    @classmethod
    def _once_each(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names:
            raise ValueError("no reference was chosen")
        return tuple(dict.fromkeys(names))

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.systems:
            raise ValueError("no system was chosen")
        if len(set(self.systems)) < len(self.systems):
            raise ValueError("a system is named twice")
        if self.baseline and self.baseline not in self.systems:
            raise ValueError("the baseline is none of the systems")
        return self

    @property
    def samples(self) -> int:
        """How many resamples the test draws."""
        return self.num_samples or DEFAULT_SAMPLES[self.test]

    @property
    def baseline_id(self) -> str:
        """The baseline that was chosen, or the first system."""
        return self.baseline or self.systems[0]
