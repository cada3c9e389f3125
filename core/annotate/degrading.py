"""Translations spoilt on purpose: a phrase of another one stands in the place of their own."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import regex  # type: ignore[import-untyped]

from core.errors import DataError

# Words of the translation up to which so many are replaced, as Appraise does; 6 in longer ones.
_LENGTHS = ((5, 2), (8, 3), (15, 4), (20, 5))
_LONGEST = 6
_MAX_DONORS = 40

_CLUSTER = regex.compile(r"\X")
_WORD = regex.compile(r"\S+")


def degrade(text: str, others: Sequence[str], *, is_unspaced: bool, seed: str) -> str:
    """Gives a translation with a phrase of another one in it; it always differs from the text.

    Two to six words are replaced, by the length of the text, inside it where it is long enough.
    Without blanks between words, twice as many characters are (as people see them, Unicode's
    grapheme clusters).

    Args:
        text: The translation.
        others: Translations of other segments, to take a phrase from.
        is_unspaced: Whether the language sets no blanks between words.
        seed: Decides what is replaced by what.

    Raises:
        DataError: The others are all the same as the text.
    """
    generator = random.Random(seed)
    pattern = _CLUSTER if is_unspaced else _WORD
    spans = [found.span() for found in pattern.finditer(text)]
    num = phrase_length(len(spans), is_unspaced=is_unspaced)
    for donor in _donors(others, generator):
        phrase = _phrase(pattern.findall(donor), num, generator)
        start, end = _replaced(spans, num, generator)
        spoilt = text[:start] + ("" if is_unspaced else " ").join(phrase) + text[end:]
        if phrase and _compared(spoilt) != _compared(text):
            return spoilt
    # Short texts of the same few words: a whole one in place of the other.
    for donor in _donors(others, generator):
        if _compared(donor) != _compared(text):
            return donor
    raise DataError(
        f"No other translation differs from {text[:40]!r}, so it cannot be spoilt.",
        hint="Set the share of degraded items to 0.",
    )


def phrase_length(num_units: int, *, is_unspaced: bool) -> int:
    """Gives how many words, or characters, are replaced in a text of so many."""
    num = next((replaced for most, replaced in _LENGTHS if num_units <= most), _LONGEST)
    return 2 * num if is_unspaced else num


def _donors(others: Sequence[str], generator: random.Random) -> Iterator[str]:
    """Gives some others at random, and then, should none of them do, all of them."""
    yield from generator.sample(others, min(_MAX_DONORS, len(others)))
    yield from sorted(set(others))


def _phrase(units: Sequence[str], num: int, generator: random.Random) -> Sequence[str]:
    start = generator.randrange(max(1, len(units) - num + 1))
    return units[start : start + num]


def _replaced(
    spans: Sequence[tuple[int, int]], num: int, generator: random.Random
) -> tuple[int, int]:
    """Gives the code points to replace: neither first nor last word where there is room."""
    if not spans:
        return 0, 0
    room = len(spans) - num
    first = generator.randrange(1, room) if room >= 2 else generator.randrange(max(1, room + 1))
    return spans[first][0], spans[min(first + num, len(spans)) - 1][1]


def _compared(text: str) -> str:
    return " ".join(text.casefold().split())
