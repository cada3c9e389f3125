"""The error typologies that raters choose categories from, and their severities."""

from __future__ import annotations

from pydantic import Field

from core.errors import ConfigError
from core.settings import Settings


class Category(Settings):
    """One category of errors."""

    name: str = Field(max_length=120, description="`Dimension/Subtype`, or a dimension alone.")
    is_in_source: bool = Field(
        default=False, description="Marked in the source: what is missing, or wrong there already."
    )


class Typology(Settings):
    """Categories and severities of one way to mark errors."""

    name: str = Field(max_length=80)
    description: str = Field(default="", max_length=500)
    categories: tuple[Category, ...] = Field(max_length=200)
    severities: tuple[str, ...] = Field(min_length=1, max_length=6)
    has_non_translation: bool = True


def find_typology(name: str) -> Typology:
    """Gives the built-in typology of this name.

    Raises:
        ConfigError: There is none.
    """
    if name not in TYPOLOGIES:
        raise ConfigError(
            f"There is no error typology {name[:40]!r}.",
            hint=f"Choose one of {', '.join(TYPOLOGIES)}.",
        )
    return TYPOLOGIES[name]


def _categories(
    table: dict[str, tuple[str, ...]], *, in_source: tuple[str, ...]
) -> tuple[Category, ...]:
    names = [
        f"{dimension}/{subtype}" if subtype else dimension
        for dimension, subtypes in table.items()
        for subtype in (subtypes or ("",))
    ]
    return tuple(Category(name=name, is_in_source=name in in_source) for name in names)


_ADAPTMLLM = {
    "Accuracy": ("Addition", "Omission", "Mistranslation", "Untranslated text"),
    "Fluency": (
        "Punctuation", "Spelling", "Grammar", "Register", "Inconsistency", "Character encoding",
    ),
}  # fmt: skip
_WMT = {
    "Accuracy": ("Addition", "Omission", "Mistranslation", "Untranslated text"),
    "Fluency": (
        "Character encoding", "Grammar", "Inconsistency", "Punctuation", "Register", "Spelling",
    ),
    "Terminology": ("Inappropriate for context", "Inconsistent"),
    "Style": ("Awkward",),
    "Locale convention": (
        "Address format", "Currency format", "Date format", "Name format", "Telephone format",
        "Time format",
    ),
    "Other": (),
    "Source error": (),
}  # fmt: skip
_MQM_CORE = {
    "Terminology": ("Inconsistent with terminology resource", "Inconsistent use of terminology",
                    "Wrong term"),
    "Accuracy": ("Mistranslation", "Overtranslation", "Undertranslation", "Addition", "Omission",
                 "Do not translate", "Untranslated"),
    "Linguistic conventions": ("Grammar", "Punctuation", "Spelling", "Unintelligible",
                               "Character encoding", "Textual conventions"),
    "Style": ("Organizational style", "Third-party style", "Inconsistent with external reference",
              "Language register", "Awkward style", "Unidiomatic style", "Inconsistent style"),
    "Locale conventions": ("Number format", "Currency format", "Measurement format", "Time format",
                           "Date format", "Address format", "Telephone format", "Shortcut key"),
    "Audience appropriateness": ("Culture-specific reference", "Offensive"),
    "Design and markup": ("Layout", "Markup tag", "Truncation or text expansion", "Missing text",
                          "Link or cross-reference"),
    "Other": (),
}  # fmt: skip

TYPOLOGIES = {
    typology.name: typology
    for typology in (
        Typology(
            name="adaptmllm",
            description="The adaptMLLM paper's: accuracy and fluency, major and minor.",
            categories=_categories(_ADAPTMLLM, in_source=("Accuracy/Omission",)),
            severities=("major", "minor"),
        ),
        Typology(
            name="wmt",
            description="Google's for WMT: with terminology, style and locale.",
            categories=_categories(_WMT, in_source=("Accuracy/Omission", "Source error")),
            severities=("major", "minor", "neutral"),
        ),
        Typology(
            name="mqm-core",
            description="MQM's seven dimensions with their subtypes, up to critical.",
            categories=_categories(_MQM_CORE, in_source=("Accuracy/Omission",)),
            severities=("critical", "major", "minor", "neutral"),
            has_non_translation=False,
        ),
    )
}
