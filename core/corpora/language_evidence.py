"""In which scripts and languages a side of a corpus seems to be written."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import regex  # type: ignore[import-untyped]

from core.languages import all_languages, language_name
from core.text.detection import known_label, label_chances
from core.text.scripts import foreign_share

MIN_GUESSED_CHARS = 20  # what is shorter, no identifier recognises

_NUM_GUESSES = 5

# Scripts of the FLORES-200 languages as Unicode names them, the frequent ones first.
_SCRIPTS = (
    *("Latin", "Arabic", "Cyrillic", "Devanagari", "Han", "Hiragana", "Katakana", "Hangul"),
    *("Greek", "Hebrew", "Thai", "Bengali", "Tamil", "Telugu", "Kannada", "Malayalam", "Gujarati"),
    *("Gurmukhi", "Oriya", "Sinhala", "Myanmar", "Khmer", "Lao", "Tibetan", "Armenian"),
    *("Georgian", "Ethiopic", "Tifinagh", "Ol_Chiki", "Bopomofo"),
)


@dataclass(frozen=True)
class LanguageGuess:
    """What the identifier says about a sample of segments of at least 20 characters.

    Attributes:
        is_known: Whether the identifier knows the declared language; if not, nothing was guessed.
        num_segments: Segments that were looked at.
        share: Share of them that it takes for the declared language, 0 to 1; None without any.
        guesses: FLORES-200 codes with their shares, the most frequent first, at most five; a
            language that FLORES-200 lacks under the identifier's own label, such as `la`.
        note: A sentence for people where nothing was guessed; else empty.
    """

    is_known: bool
    num_segments: int
    share: float | None
    guesses: tuple[tuple[str, float], ...] = ()
    note: str = ""


def guess_language(texts: Sequence[str], lang: str) -> LanguageGuess:
    """Says in which languages a sample of segments seems to be; its first call takes a second.

    Args:
        texts: Segments; those of fewer than 20 characters are better left out.
        lang: FLORES-200 code of the declared language.

    Raises:
        ConfigError: `lang` is no FLORES-200 code.
    """
    label = known_label(lang)
    if label is None:
        note = (
            f"The language identifier does not know {language_name(lang)}: only the script was "
            "checked."
        )
        return LanguageGuess(False, 0, None, note=note)
    if not texts:
        note = f"No segment has the {MIN_GUESSED_CHARS} characters that a guess needs."
        return LanguageGuess(True, 0, None, note=note)
    labels, chances = label_chances(texts)
    found = Counter(labels[column] for column in chances.argmax(axis=1))
    names = {**_codes_by_label(), label: lang}
    guesses = tuple(
        (names.get(best, best), count / len(texts))
        for best, count in found.most_common(_NUM_GUESSES)
    )
    return LanguageGuess(True, len(texts), found[label] / len(texts), guesses)


@cache
def _codes_by_label() -> dict[str, str]:
    """Gives a FLORES-200 code for each of the identifier's labels that has one."""
    # Of a language in two scripts the last one by name stays.
    return {item.iso: item.code for item in all_languages()}


def script_shares(counts: Mapping[str, int]) -> tuple[tuple[str, float], ...]:
    """Gives the scripts of letters and vowel signs with their shares, the largest first.

    Args:
        counts: How often each character occurs.
    """
    letters: Counter[str] = Counter()
    for char, times in counts.items():
        script = _script_of(char)
        if script:
            letters[script] += times
    total = letters.total()
    return tuple((script, times / total) for script, times in letters.most_common())


@cache
def _script_of(char: str) -> str:
    """Gives the script of a letter or vowel sign; empty for what is none or belongs to many."""
    if unicodedata.category(char)[0] not in "LM" or _shared().match(char):
        return ""
    return next((name for name in _SCRIPTS if _script_pattern(name).match(char)), "Other")


@cache
def _script_pattern(name: str) -> Any:
    return regex.compile(rf"\p{{Script={name}}}")


@cache
def _shared() -> Any:
    return regex.compile(r"[\p{Script=Common}\p{Script=Inherited}]")


def foreign_letters(counts: Mapping[str, int], lang: str) -> tuple[Counter[str], int]:
    """Gives the letters that a language's script lacks, and how many letters there are at all.

    Args:
        counts: How often each character occurs.
        lang: FLORES-200 code.

    Raises:
        ConfigError: `lang` is no FLORES-200 code.
    """
    foreign: Counter[str] = Counter()
    num_letters = 0
    for char, times in counts.items():
        share = foreign_share(char, lang)
        if share is not None:
            num_letters += times
        if share:
            foreign[char] += times
    return foreign, num_letters
