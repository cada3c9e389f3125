"""The settings of a campaign: the one declaration behind the form and the stored record."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from core.annotate.typologies import TYPOLOGIES, Typology, find_typology
from core.errors import ConfigError
from core.settings import Settings, checked_language

MAX_GUIDELINES = 50_000  # characters
MARKING = ("mqm", "esa")
_USUAL = "adaptmllm"

# Languages of these scripts set no blanks between words: errors are marked by character.
_UNSPACED_SCRIPTS = ("Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt")


def _field(default: Any, description: str, group: str, **bounds: Any) -> Any:
    """Declares a field; `title` is its label where the name alone would not read well."""
    return Field(default, description=description, json_schema_extra={"group": group}, **bounds)


class CampaignSettings(Settings):
    """Everything that decides what raters are asked, and who of them is asked what.

    Who they are, and the texts, are given beside it when a campaign is created.
    """

    version: Literal[1] = 1
    protocol: Literal["sqm", "mqm", "esa", "ranking"] = _field(
        "mqm", "What raters do with a segment.", "Protocol"
    )
    typology: str = _field(
        _USUAL,
        "Built-in categories and severities of errors; empty where an imported file names none.",
        "Protocol",
        max_length=80,
    )
    own_typology: Typology | None = Field(
        default=None,
        description="Categories and severities of one's own, instead of built-in ones.",
    )
    asks_sqm: bool = _field(
        False,
        "Ask for a score from 0 to 6 after the errors, as the adaptMLLM paper does (MQM only).",
        "Protocol",
        title="SQM score after the errors",
    )
    unit: Literal["by language", "word", "character"] = _field(
        "by language",
        "What the keyboard marks first; a rater can change it. By language: characters where a "
        "script sets no blanks between words, else words.",
        "Protocol",
        title="Mark by",
    )

    num_segments: int = _field(
        100,
        "Segments to judge, drawn with their documents kept whole; 0 = all there are.",
        "Sample",
        ge=0,
        le=100_000,
        title="Segments",
    )
    block_size: int = _field(
        1,
        "Where the texts name no documents, so many neighbouring segments stand together and are "
        "each other's context.",
        "Sample",
        ge=1,
        le=100,
        title="Segments in a block",
    )
    num_context: int = _field(
        2,
        "Segments of the document shown before and after the one that is judged.",
        "Sample",
        ge=0,
        le=20,
        title="Segments of context",
    )
    seed: int = _field(
        1,
        "Decides every draw; the same seed gives the same work.",
        "Sample",
        ge=0,
        le=2**31 - 1,
    )

    raters_per_segment: int = _field(
        1,
        "How many raters judge each translation; two or more show how far they agree.",
        "Overlap",
        ge=1,
        le=50,
        title="Raters a segment",
    )
    share_shared: float = _field(
        0.1,
        "Share of the segments that all raters judge, so that agreement can be computed.",
        "Overlap",
        ge=0,
        le=1,
        title="Share judged by all",
    )

    num_calibration: int = _field(
        0,
        "Translations that everybody judges first, for a common measure; they do not count for "
        "the systems.",
        "Checks",
        ge=0,
        le=100,
        title="Calibration items",
    )
    share_degraded: float = _field(
        0.0,
        "Translations spoilt on purpose and shown again, as a share of a rater's work: an "
        "attentive rater scores them worse.",
        "Checks",
        ge=0,
        le=0.5,
        title="Share of degraded items",
    )
    share_repeats: float = _field(
        0.0,
        "Translations shown a second time, as a share of a rater's work: they tell how steady "
        "a rater is.",
        "Checks",
        ge=0,
        le=0.5,
        title="Share of repeated items",
    )
    share_gold: float = _field(
        0.0,
        "Translations of segments set aside, the same for all raters, whose right answer you "
        "decide by adjudication.",
        "Checks",
        ge=0,
        le=0.5,
        title="Share of hidden gold items",
    )

    guidelines: dict[str, str] = Field(
        default_factory=dict,
        description="What raters read before they begin, by language (FLORES-200).",
        max_length=50,
    )
    consent_text: str = _field(
        "",
        "What raters agree to before they begin; empty: the usual text.",
        "Raters",
        max_length=MAX_GUIDELINES,
        title="Consent",
    )
    no_ai_notice: bool = _field(
        True,
        "Tell raters that no machine translation and no language model may help them.",
        "Raters",
        title="No help from AI",
    )
    cost_per_hour: float = _field(
        0.0, "What an hour of a rater costs; 0 = not told.", "Raters", ge=0, le=10_000
    )
    currency: str = _field("EUR", "Of the cost.", "Raters", max_length=8)

    @field_validator("typology")
    @classmethod
    def _typology_exists(cls, name: str) -> str:
        if not name:
            return name
        try:
            return find_typology(name).name
        except ConfigError as error:
            raise ValueError(str(error)) from None

    @field_validator("guidelines")
    @classmethod
    def _guidelines_name_languages(cls, texts: dict[str, str]) -> dict[str, str]:
        for code, text in texts.items():
            checked_language(code)
            if len(text) > MAX_GUIDELINES:
                raise ValueError(
                    f"the text for {code} has {len(text):,} characters; at most "
                    f"{MAX_GUIDELINES:,} are kept"
                )
        return {code: text for code, text in texts.items() if text.strip()}

    @model_validator(mode="after")
    def _rules_between_fields(self) -> Self:
        if self.own_typology is not None and self.protocol in MARKING:
            _check_own(self.own_typology)
        if self.asks_sqm and self.protocol != "mqm":
            raise ValueError(f"only MQM asks for an SQM score after the errors, not {self.named}")
        if self.share_degraded and self.protocol == "ranking":
            raise ValueError(
                "a ranking has no degraded items; set their share to 0 and use repeated ones"
            )
        checks = self.share_degraded + self.share_repeats + self.share_gold
        if checks > 0.5:
            raise ValueError(
                f"checks would be {checks:.0%} of the work; at most 50% is allowed, "
                "for raters should mostly judge systems"
            )
        return self

    @property
    def named(self) -> str:
        """The protocol as people write it."""
        return self.protocol if self.protocol == "ranking" else self.protocol.upper()

    @property
    def chosen_typology(self) -> Typology:
        """The typology by which raters mark errors."""
        return self.own_typology or TYPOLOGIES[self.typology or _USUAL]

    def unit_for(self, tgt_lang: str) -> Literal["word", "character"]:
        """Gives what the keyboard marks first in texts of a language."""
        if self.unit != "by language":
            return self.unit
        return "character" if is_unspaced(tgt_lang) else "word"

    def guidelines_for(self, code: str) -> str:
        """Gives the guidelines in a language; else the English ones, else any, else ""."""
        for candidate in (code, "eng_Latn", *self.guidelines):
            if candidate in self.guidelines:
                return self.guidelines[candidate]
        return ""


def is_unspaced(code: str) -> bool:
    """Tells whether a language (FLORES-200) sets no blanks between words."""
    return code.partition("_")[2] in _UNSPACED_SCRIPTS


def _check_own(typology: Typology) -> None:
    names = [category.name.strip() for category in typology.categories]
    if not names:
        raise ValueError("your own typology has no category; add one")
    if not all(names) or not all(each.strip() for each in typology.severities):
        raise ValueError("your own typology has a category or severity without a name")
    lowered = [name.casefold() for name in names]
    twice = sorted({name for name in names if lowered.count(name.casefold()) > 1})
    if twice:
        raise ValueError(f"your own typology has the category {twice[0]!r} twice")
    if len({each.casefold() for each in typology.severities}) < len(typology.severities):
        raise ValueError("your own typology has a severity twice")
