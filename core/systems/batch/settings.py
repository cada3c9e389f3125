"""The settings of a batch, declared once."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from core.corpora.perturbing import Perturbation
from core.settings import Settings, checked_language
from core.systems.parameters import Parameters
from core.systems.prompt_choice import PromptChoice

MAX_SYSTEMS = 20
NO_PERTURBATION: Literal["none"] = "none"


def _field(default: Any, description: str, **bounds: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"group": "Batch"}, **bounds)


class BatchSettings(Settings):
    """What is translated by whom, how, and for how much money at most."""

    version: Literal[1] = 1
    corpus: str = _field("", "Corpus whose segments are translated.", max_length=200)
    split: Literal["test", "dev"] = _field("test", "Which of its splits.")
    systems: tuple[str, ...] = _field((), "Ids of the systems.", max_length=MAX_SYSTEMS)
    src_lang: str = _field("", "Source language; empty: the corpus's first one.")
    tgt_lang: str = _field("", "Target language; empty: the corpus's second one.")
    num_segments: int = _field(
        0,
        "Only so many segments, from the first; 0 = all. Fewer make another test set.",
        ge=0,
        le=10_000_000,
        title="Segments",
    )
    perturbation: Literal["none", Perturbation] = _field(
        NO_PERTURBATION,
        "How the sources are disturbed, for a test of robustness; the references stay.",
    )
    perturbation_seed: int = _field(
        1,
        "Another number gives other typing errors and other noise.",
        ge=0,
        le=2**32 - 1,
        title="Seed of the perturbation",
    )
    budget_usd: float = _field(
        0.0,
        "The batch stops before it costs more; 0 = no limit.",
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
    parameters: Parameters = Field(default_factory=lambda: Parameters())
    prompt: PromptChoice = Field(default_factory=lambda: PromptChoice())

    @field_validator("src_lang", "tgt_lang")
    @classmethod
    def _is_language(cls, code: str) -> str:
        return checked_language(code) if code else code

    @model_validator(mode="after")
    def _has_systems(self) -> Self:
        if not self.systems:
            raise ValueError("no system was chosen")
        if len(set(self.systems)) < len(self.systems):
            raise ValueError("a system is named twice")
        return self

    @model_serializer(mode="wrap")
    def _without_idle_fields(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Clean batches are written as before there were perturbations: ids are made of this.
        values: dict[str, Any] = serialized(self)
        if self.perturbation == NO_PERTURBATION:
            values.pop("perturbation", None)
            values.pop("perturbation_seed", None)
        return values
