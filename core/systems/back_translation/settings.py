"""The settings of a back-translation, declared once."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from core.settings import Settings, checked_language
from core.systems.parameters import Parameters
from core.systems.prompt_choice import PromptChoice

DEFAULT_TAG = "<BT>"


def _field(default: Any, description: str, **bounds: Any) -> Any:
    group = "Back-translation"
    return Field(default, description=description, json_schema_extra={"group": group}, **bounds)


class BackTranslateSettings(Settings):
    """Which text is translated by whom, and what becomes of it."""

    name: str = _field("", "Name of the new corpus.", max_length=400)
    corpus: str = _field(
        "",
        "Corpus whose training segments are translated; empty: an uploaded text file.",
        max_length=200,
    )
    file_name: str = _field("", "The text file, as its owner calls it.", max_length=400)
    text_sha256: str = _field("", "SHA-256 of the text file.", max_length=64)
    system: str = _field("", "Id or name of the system that translates.", max_length=1000)
    from_lang: str = _field(
        "gle_Latn", "Language of the text: the one that runs will translate into."
    )
    to_lang: str = _field(
        "eng_Latn", "Language of the translations: the one that runs will translate from."
    )
    tag: str = _field(
        DEFAULT_TAG,
        "Text that Fine-tune puts before each translated source, so that the model can tell it "
        "from a real one (Caswell et al. 2019); empty = none.",
        max_length=100,
        title="Tag",
    )
    max_segments: int = _field(
        0,
        "Only so many different segments, from the first; 0 = all.",
        ge=0,
        le=10_000_000,
        title="Segments at most",
    )
    max_length_ratio: float = _field(
        3.0,
        "Pairs of which one side has more than this many times the characters of the other are "
        "left out.",
        ge=1.1,
        le=100,
        title="Length ratio at most",
    )
    budget_usd: float = _field(
        0.0,
        "It stops before it costs more; 0 = no limit.",
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
    parameters: Parameters = Field(default_factory=lambda: Parameters())
    prompt: PromptChoice = Field(default_factory=lambda: PromptChoice())

    @field_validator("from_lang", "to_lang")
    @classmethod
    def _is_language(cls, code: str) -> str:
        return checked_language(code)

    @field_validator("tag")
    @classmethod
    def _is_one_line(cls, tag: str) -> str:
        if not tag.isprintable():
            raise ValueError(f"the tag {tag!r} holds line breaks or control characters")
        return tag.strip()

    @model_validator(mode="after")
    def _are_two_languages(self) -> Self:
        if self.from_lang == self.to_lang:
            raise ValueError(f"from_lang and to_lang are both {self.from_lang}")
        return self
