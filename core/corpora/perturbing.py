"""Perturbed sources: the same segments with typing errors, other casing, noise, and so on.

A segment's perturbation depends on its text, its number and the seed alone, so that the first 100
segments of a test set are perturbed in the same way as those of the whole. Characters as people see
them (Unicode's grapheme clusters) are moved, dropped and doubled whole.
"""

from __future__ import annotations

import hashlib
import random
import unicodedata
from collections.abc import Sequence
from typing import Literal

import regex  # type: ignore[import-untyped]

from core.corpora.word_noise import with_noise, with_typos
from core.errors import ConfigError
from core.languages import language, language_name

Perturbation = Literal[
    "typos", "lowercase", "uppercase", "no punctuation", "no diacritics", "noise"
]

PERTURBATIONS: dict[Perturbation, str] = {
    "typos": "One word of ten, at least one, has two letters swapped, one left out, one doubled "
    "or, in Latin script, one replaced by its neighbour on a QWERTY keyboard.",
    "lowercase": "Everything is in lower case.",
    "uppercase": "Everything is in upper case.",
    "no punctuation": "Punctuation is left out, but not inside words and numbers: "
    "'don't' and '3.5' stay.",
    "no diacritics": "Latin, Greek and Cyrillic letters lose accents and other marks; "
    "й and letters such as ø and đ stay.",
    "noise": "After or in one word of ten, at least one, stands something that does not belong "
    "there: a stray character, one more space, an emoji or an HTML entity.",
}

_CASED_SCRIPTS = frozenset({"Armn", "Cyrl", "Grek", "Latn"})  # Georgian is written in one case
_MARKED_SCRIPTS = frozenset({"Cyrl", "Grek", "Latn"})
# Languages with a dotted and a dotless i, which are different letters in both cases.
_TWO_I = frozenset({"azj_Latn", "crh_Latn", "tur_Latn"})

# The marks between the syllables of Tibetan and the words of Ethiopic are in the place of spaces.
_PUNCTUATION = r"[\p{P}--[%‰٪&@#§*_་፡]]"
# What may stand inside a word or a number: apostrophes, hyphens, separators.
_INNER = r"[-‐‑'’.,:/·׳״٫٬]"
_OUTER_MARK = rf"(?:(?!(?<=\w){_INNER}(?=\w)){_PUNCTUATION})"
# A run of spaces is tried from its start only: the time stays linear.
_OUTER = regex.compile(
    rf"(?V1)(?P<before>(?:(?<!\s)\s++)?+)"
    rf"(?P<marks>{_OUTER_MARK}++(?:\s++{_OUTER_MARK}++)*+)(?P<after>\s*+)"
)
_SEPARATES = regex.compile(r"[\s\p{Pd}/\\…]")
_MARKED = regex.compile(r"(?V1)[[\p{Latin}\p{Greek}\p{Cyrillic}]--[A-Za-z]]\p{Mn}*|[A-Za-z]\p{Mn}+")
_BREVE = "\u0306"


def perturb(sources: Sequence[str], name: str, seed: int, lang: str) -> list[str]:
    """Gives the sources perturbed, parallel to `sources`; none becomes empty.

    Args:
        sources: Segments.
        name: One of `PERTURBATIONS`.
        seed: Another one gives other typing errors and other noise.
        lang: FLORES-200 code of the sources.

    Raises:
        ConfigError: There is no such perturbation, or it does not apply to the language.
    """
    if name not in PERTURBATIONS:
        raise ConfigError(
            f"There is no perturbation {name!r}.", hint=f"There are {', '.join(PERTURBATIONS)}."
        )
    applicable = perturbations_for(lang)
    if name not in applicable:
        raise ConfigError(
            f"The perturbation {name!r} does not apply to {language_name(lang)}.",
            hint=f"Choose one of {', '.join(applicable)}.",
        )
    return [
        _perturbed(source, name, _generator(name, seed, number), lang)
        for number, source in enumerate(sources)
    ]


def perturbations_for(lang: str) -> dict[Perturbation, str]:
    """Gives what applies to a language: names and descriptions.

    Casing needs a script with two cases. Diacritics are left out only where people do so, in
    Latin, Greek and Cyrillic; the marks of Devanagari, Arabic or Thai are the vowels themselves.

    Raises:
        ConfigError: `lang` is no FLORES-200 code.
    """
    script = language(lang).code.partition("_")[2]
    excluded = set()
    if script not in _CASED_SCRIPTS:
        excluded |= {"lowercase", "uppercase"}
    if script not in _MARKED_SCRIPTS:
        excluded.add("no diacritics")
    return {name: text for name, text in PERTURBATIONS.items() if name not in excluded}


def num_changed(sources: Sequence[str], perturbed: Sequence[str]) -> int:
    """Gives how many segments a perturbation changed; both lists are parallel."""
    return sum(before != after for before, after in zip(sources, perturbed, strict=True))


def _generator(name: str, seed: int, number: int) -> random.Random:
    digest = hashlib.sha256(f"{name} {seed} {number}".encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))


def _perturbed(source: str, name: str, generator: random.Random, lang: str) -> str:
    if name == "typos":
        found = with_typos(source, generator)
    elif name == "noise":
        found = with_noise(source, generator)
    elif name == "no punctuation":
        found = _OUTER.sub(_space_in_place_of, source)
    elif name == "no diacritics":
        found = _MARKED.sub(_without_marks, source)
    else:
        found = _in_case(source, name, lang)
    return found if found.strip() else source


def _space_in_place_of(found: regex.Match[str]) -> str:
    """Gives what stays where punctuation was: the space around it, or one where it separated."""
    space: str = found["before"] or found["after"]
    is_at_edge = found.start() == 0 or found.end() == len(found.string)
    if is_at_edge:
        return ""
    return space or (" " if _SEPARATES.search(found["marks"]) else "")


def _without_marks(found: regex.Match[str]) -> str:
    letter, *marks = list(unicodedata.normalize("NFD", found[0]))
    # й is a letter of its own that nobody writes as и.
    kept = _BREVE if letter in "иИ" and _BREVE in marks else ""
    return unicodedata.normalize("NFC", letter + kept)


def _in_case(source: str, name: str, lang: str) -> str:
    if lang in _TWO_I:
        letters = ("Iİ", "ıi") if name == "lowercase" else ("iı", "İI")
        source = source.translate(str.maketrans(*letters))
    return source.lower() if name == "lowercase" else source.upper()
