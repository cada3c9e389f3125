"""The settings of an LLM judge, declared once."""

from __future__ import annotations

import random
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from core.evaluate.scorers.judge.prompts import check_prompt
from core.evaluate.scorers.scoring_inputs import checked_set_ids
from core.settings import Settings
from core.systems.parameters import Parameters

Mode = Literal["score", "mqm"]


def _field(default: Any, description: str, **bounds: Any) -> Any:
    extra = {"group": "Judge", "is_long": bounds.pop("is_long", False)}
    return Field(default, description=description, json_schema_extra=extra, **bounds)


class JudgeSettings(Settings):
    """Which LLM judges what, how, and for how much money at most."""

    version: Literal[1] = 1
    name: str = _field(
        "", "What stands above its column; empty: the system's name and the mode.", max_length=80
    )
    system: str = _field("", "Id of the LLM that judges.", max_length=1000)
    translation_sets: tuple[str, ...] = _field((), "Ids of the translation sets to be judged.")
    mode: Mode = _field(
        "score",
        "score: one number from 0 to 100. mqm: the errors, each with category and severity; the "
        "score is minus the sum of their weights (adaptmllm: 100 for no error).",
    )
    uses_reference: bool = _field(True, "Whether the judge is shown the first reference.")
    max_segments: int = _field(
        0, "Judge only so many segments; 0 = all.", ge=0, le=10_000_000, title="Segments"
    )
    selection: Literal["first", "sample"] = _field(
        "first", "Which ones: from the first on, or drawn at random, the same for all systems."
    )
    sample_seed: int = _field(12345, "Seed of the drawing.", ge=0, le=2**31 - 1)
    system_prompt: str = _field(
        "", "System message, in Jinja; empty: ours, or none beside an own prompt.", is_long=True
    )
    prompt: str = _field(
        "",
        "User message, in Jinja with source, hypothesis, reference, source_language and "
        "target_language; empty: ours.",
        is_long=True,
    )
    weights: Literal["mqm-core", "wmt21", "wmt23", "adaptmllm"] = _field(
        "mqm-core",
        "What an error of each severity costs (mode mqm). Only mqm-core and wmt23 have weights "
        "for critical errors; elsewhere they cost what major ones do.",
    )
    max_errors: int = _field(
        0,
        "Only so many errors of a segment count, the gravest; 0 = all. WMT's raters were told to "
        "mark five at most (mode mqm).",
        ge=0,
        le=100,
        title="Errors that count",
    )
    budget_usd: float = _field(
        0.0,
        "The judge stops before it costs more; 0 = no limit.",
        ge=0,
        le=1e6,
        title="Budget (USD)",
    )
    max_attempts: int = _field(
        4,
        "How often a segment is tried whose call failed for a passing reason.",
        ge=1,
        le=20,
        title="Attempts",
    )
    uses_cache: bool = _field(
        True, "Take answers that were paid for before, to exactly the same question."
    )
    parameters: Parameters = Field(
        default_factory=lambda: Parameters(temperature=0.0, seed=1, max_tokens=1000)
    )

    @field_validator("name")
    @classmethod
    def _is_name(cls, name: str) -> str:
        if not name.isprintable():
            raise ValueError("a name has no line breaks")
        return name.strip()

    @field_validator("translation_sets")
    @classmethod
    def _are_sets(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        return checked_set_ids(ids)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.system:
            raise ValueError("no LLM was chosen that judges")
        if self.system_prompt and not self.prompt:
            raise ValueError("a system message of your own needs a prompt of your own")
        if self.prompt:
            check_prompt(self.system_prompt, self.prompt, uses_reference=self.uses_reference)
        return self

    def positions(self, num_segments: int) -> list[int]:
        """Gives the numbers of the segments that are judged, from 0, in order."""
        if not self.max_segments or self.max_segments >= num_segments:
            return list(range(num_segments))
        if self.selection == "first":
            return list(range(self.max_segments))
        drawn = random.Random(self.sample_seed).sample(range(num_segments), self.max_segments)
        return sorted(drawn)
