"""What the data doctor looks for: the one declaration behind form, command line and record."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from core.corpora.doctor.checks import CHECKS as CHECKS
from core.errors import ConfigError
from core.settings import Settings


def _check(key: str, group: str) -> Any:
    """Declares the switch of a check."""
    check = CHECKS[key]
    return Field(
        True, description=check.description, title=check.label, json_schema_extra={"group": group}
    )


def _field(default: Any, title: str, description: str, group: str, **bounds: Any) -> Any:
    return Field(
        default,
        title=title,
        description=description,
        json_schema_extra={"group": group},
        **bounds,
    )


class DoctorSettings(Settings):
    """Which checks are made, and from where on each of them flags a pair.

    A field that is called like a check switches it on; its thresholds follow it. The defaults are
    the preset "standard".
    """

    version: Literal[1] = 1

    empty: bool = _check("empty", "Shape")
    identical: bool = _check("identical", "Shape")
    identical_min_words: int = _field(
        3,
        "Identical from (words)",
        "Shorter pairs may be the same on both sides: names often are.",
        "Shape",
        ge=1,
        le=100,
    )
    length_ratio: bool = _check("length_ratio", "Shape")
    max_length_ratio: float = _field(
        3.0,
        "Length ratio up to",
        "How many times the corpus's own median ratio of characters is still good, either way.",
        "Shape",
        ge=1.1,
        le=100,
    )
    ratio_min_chars: int = _field(
        20,
        "Length ratio from (characters)",
        "Pairs whose longer side is shorter than this are not measured.",
        "Shape",
        ge=1,
        le=1000,
    )
    too_long: bool = _check("too_long", "Shape")
    max_chars: int = _field(
        1000, "Longest side (characters)", "Either side may be as long.", "Shape", ge=10, le=100_000
    )
    punctuation: bool = _check("punctuation", "Shape")
    min_letter_share: float = _field(
        0.3,
        "Least share of letters",
        "Letters among all visible characters of a side, links and tags aside.",
        "Shape",
        ge=0.01,
        le=1,
    )
    misaligned: bool = _check("misaligned", "Shape")
    misaligned_evidence: float = _field(
        25.0,
        "Evidence of misalignment",
        "By how much (nats of log-likelihood) a stretch must fit better when one side is shifted.",
        "Shape",
        ge=10,
        le=1000,
    )
    misaligned_min_rows: int = _field(
        5, "Shortest stretch (rows)", "Shorter stretches stay.", "Shape", ge=3, le=10_000
    )

    duplicate: bool = _check("duplicate", "Repeats")
    near_duplicate: bool = _check("near_duplicate", "Repeats")
    many_targets: bool = _check("many_targets", "Repeats")
    max_targets: int = _field(
        5, "Targets per source", "As many different ones stay.", "Repeats", ge=1, le=1000
    )
    many_sources: bool = _check("many_sources", "Repeats")
    max_sources: int = _field(
        5, "Sources per target", "As many different ones stay.", "Repeats", ge=1, le=1000
    )
    boilerplate: bool = _check("boilerplate", "Repeats")
    max_repeats: int = _field(
        20,
        "Repeats of a side",
        "As many rows with the same text on a side stay; its numbers do not count.",
        "Repeats",
        ge=1,
        le=10_000,
    )

    wrong_script: bool = _check("wrong_script", "Language")
    max_foreign_share: float = _field(
        0.5,
        "Foreign letters up to",
        "Share of a side's letters that its language's script does not have.",
        "Language",
        ge=0,
        lt=1,
    )
    script_min_letters: int = _field(
        8,
        "Script from (letters)",
        "Sides with fewer letters are not judged: WHO is WHO in any script.",
        "Language",
        ge=1,
        le=1000,
    )
    wrong_language: bool = _check("wrong_language", "Language")
    language_confidence: float = _field(
        0.7,
        "Sure of another language",
        "How likely the other language must be, 0 to 1; a near relative must be likelier still.",
        "Language",
        ge=0.3,
        lt=1,
    )
    language_min_letters: int = _field(
        25,
        "Language from (letters)",
        "Sides with fewer letters are not judged; a Chinese character counts three.",
        "Language",
        ge=5,
        le=1000,
    )

    markup: bool = _check("markup", "Content")
    markup_attributes: bool = _field(
        False, "Attributes of tags count", "If off, only the names of the tags do.", "Content"
    )
    placeholders: bool = _check("placeholders", "Content")
    urls: bool = _check("urls", "Content")
    urls_by: Literal["count", "host", "address"] = _field(
        "host",
        "Links are the same by",
        "count: as many on both sides; host: of the same hosts, as translated pages are; "
        "address: the very same.",
        "Content",
    )
    numbers: bool = _check("numbers", "Content")
    max_lost_numbers: int = _field(
        0, "Lost numbers up to", "As many may stand on one side only.", "Content", ge=0, le=100
    )
    least_number: int = _field(
        13,
        "Numbers from",
        "Smaller numbers may be lost: they are often written as words.",
        "Content",
        ge=0,
        le=1000,
    )

    control: bool = _check("control", "Characters")
    mojibake: bool = _check("mojibake", "Characters")
    min_badness: int = _field(
        1,
        "Garbled places from",
        "How many places of a side must look garbled.",
        "Characters",
        ge=1,
        le=100,
    )

    fix_mojibake: bool = _field(
        False, "Mend garbled encoding", "“cafÃ©” becomes “café”, before the checks.", "Repairs"
    )
    remove_controls: bool = _field(
        False,
        "Remove control characters",
        "Those that the check would flag, except the sign for a lost character.",
        "Repairs",
    )
    strip_spaces: bool = _field(
        False,
        "Strip outer spaces",
        "White space and invisible characters at both ends go.",
        "Repairs",
    )
    compose: bool = _field(
        False, "Compose letters (NFC)", "A letter and its accent become one character.", "Repairs"
    )

    clean_held_out: bool = _field(
        False,
        "Clean dev and test, too",
        "If off, their findings are shown but none of their rows is changed or removed, so that "
        "the line counts of published test sets stay.",
        "Held-out splits",
    )

    @property
    def active(self) -> tuple[str, ...]:
        """The keys of the checks that are on, in their fixed order."""
        return tuple(key for key in CHECKS if getattr(self, key))

    @property
    def has_repairs(self) -> bool:
        """Whether a repair is on."""
        return self.fix_mojibake or self.remove_controls or self.strip_spaces or self.compose

    def cleans(self, split: str) -> bool:
        """Tells whether rows of a split are changed or removed at all.

        Dev and test are left as they are unless `clean_held_out` is on, blank rows included: who
        publishes or compares scores counts on every line.
        """
        return split == "train" or self.clean_held_out

    def for_split(self, split: str) -> DoctorSettings:
        """Gives the settings that a split is checked with: what is not mended is checked as is."""
        if self.cleans(split) or not self.has_repairs:
            return self
        off = dict.fromkeys(("fix_mojibake", "remove_controls", "strip_spaces", "compose"), False)
        return self.changed(**off)


# What each preset changes in the defaults.
PRESETS: dict[str, tuple[str, dict[str, Any]]] = {
    "gentle": (
        "Only what is certainly of no use: blank, repeated, garbled or in a wrong language.",
        {
            "near_duplicate": False,
            "many_targets": False,
            "many_sources": False,
            "boilerplate": False,
            "markup": False,
            "placeholders": False,
            "urls": False,
            "numbers": False,
            "identical_min_words": 6,
            "max_length_ratio": 6.0,
            "ratio_min_chars": 40,
            "max_chars": 4000,
            "min_letter_share": 0.1,
            "misaligned_evidence": 40.0,
            "misaligned_min_rows": 10,
            "max_foreign_share": 0.8,
            "script_min_letters": 15,
            "language_confidence": 0.9,
            "language_min_letters": 40,
            "min_badness": 2,
            "max_repeats": 100,
            "max_targets": 20,
            "max_sources": 20,
            "urls_by": "count",
            "max_lost_numbers": 2,
            "least_number": 100,
        },
    ),
    "standard": ("What usually harms a model more than the lost pairs would help it.", {}),
    "strict": (
        "All that is doubtful: for large corpora, where losing good pairs costs little.",
        {
            "identical_min_words": 1,
            "max_length_ratio": 2.0,
            "ratio_min_chars": 15,
            "max_chars": 500,
            "min_letter_share": 0.5,
            "misaligned_evidence": 15.0,
            "misaligned_min_rows": 3,
            "max_targets": 2,
            "max_sources": 2,
            "max_repeats": 5,
            "max_foreign_share": 0.25,
            "script_min_letters": 4,
            "language_confidence": 0.5,
            "language_min_letters": 15,
            "markup_attributes": True,
            "urls_by": "address",
            "least_number": 0,
        },
    ),
}


def preset(name: str) -> DoctorSettings:
    """Gives the settings of a preset: gentle, standard or strict.

    Raises:
        ConfigError: There is no such preset.
    """
    try:
        return DoctorSettings(**PRESETS[name][1])
    except KeyError:
        raise ConfigError(
            f"There is no preset {name!r}.", hint=f"Presets: {', '.join(PRESETS)}."
        ) from None
