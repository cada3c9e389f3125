"""Loops: the same words over and over, into which the search of a neural model can fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

from core.text.spans import UNSPACED

_WORD = regex.compile(r"\w+")

# Units up to these sizes are looked at, as clauses loop too; without spaces a word is one to three
# characters.
_MAX_WORDS = 8
_MAX_CHARS = 12

# So often a unit may stand in a row, whatever the source says: words, numbers, and the characters
# of one word in writing with spaces ("Aaaaargh", "hahahaha").
_MAX_TIMES = 3
_MAX_TIMES_OF_NUMBERS = 9
_MAX_TIMES_IN_WORDS = 9

# A text with more loops than that is beyond repair, and each takes a search.
_MAX_CUTS = 20

_MAX_LENGTH_RATIO = 4
_EXTRA_CHARS = 60


@dataclass(frozen=True)
class _Loop:
    """A unit that stands several times in a row.

    Attributes:
        excess: How many times it is there, divided by the times allowed for its kind.
        times: How many times it is there.
        first_end: Where the first one ends in the text.
        end: Where the last one ends, or a beginning of one more.
    """

    excess: float
    times: int
    first_end: int
    end: int


_NONE = _Loop(0.0, 1, 0, 0)


@dataclass(frozen=True)
class _Token:
    """A word or a character, and where it is."""

    text: str
    start: int
    end: int


def is_degenerate(source: str, hypothesis: str) -> bool:
    """Tells whether a hypothesis runs in a loop that its source has no reason for.

    That is a unit of words (of characters in writing without spaces) that stands there four times
    or more in a row, unless the source repeats something three times, and half as often as the
    hypothesis. Or it is a hypothesis of more than four times the length of the source and 60
    characters. Takes time linear in the lengths.
    """
    if len(hypothesis) > _MAX_LENGTH_RATIO * len(source) + _EXTRA_CHARS:
        return True
    loop = _worst_loop(hypothesis)
    if loop.excess <= 1:
        return False
    own = max(found.times for found in _loops(source))
    # Two of a kind are nothing: double letters, "banana".
    return own <= 2 or loop.times > 2 * own


def shortened(hypothesis: str) -> str:
    """Gives a hypothesis in which of each loop only the first unit is left.

    Meant for a hypothesis that is degenerate, as it also cuts what was meant ("no, no, no, no").
    """
    for _ in range(_MAX_CUTS):
        loop = _worst_loop(hypothesis)
        if loop.excess <= 1:
            break
        hypothesis = hypothesis[: loop.first_end] + hypothesis[loop.end :]
    return hypothesis


def _worst_loop(text: str) -> _Loop:
    return max(_loops(text), key=lambda loop: loop.excess)


def _loops(text: str) -> list[_Loop]:
    """Gives the worst loop for each size of unit, of words and of characters."""
    lowered = text.casefold()
    if len(lowered) != len(text):  # a few letters fold to two; places must stay as they are
        lowered = text
    words = [_Token(match.group(), *match.span()) for match in _WORD.finditer(lowered)]
    chars = [_Token(char, place, place + 1) for place, char in enumerate(lowered)]
    loops = [_longest(words, size, in_words=False) for size in range(1, _MAX_WORDS + 1)]
    loops += [_longest(chars, size, in_words=True) for size in range(1, _MAX_CHARS + 1)]
    return loops


def _longest(tokens: Sequence[_Token], size: int, *, in_words: bool) -> _Loop:
    """Gives the worst loop of units of `size` tokens."""
    worst = _NONE
    length = 0  # tokens up to here that are the same as the one a unit before
    for index in range(size, len(tokens) + 1):
        if index < len(tokens) and tokens[index].text == tokens[index - size].text:
            length += 1
            continue
        times = length // size + 1
        if times > 1:
            first = index - length - size
            allowed = _allowed([token.text for token in tokens[first : first + size]], in_words)
            excess = times / allowed if allowed else 0.0
            if excess > worst.excess:
                first_end = tokens[first + size - 1].end
                worst = _Loop(excess, times, first_end, tokens[index - 1].end)
        length = 0
    return worst


def _allowed(unit: Sequence[str], in_words: bool) -> int:
    """Gives how often a unit may stand in a row; 0: as often as it likes."""
    text = "".join(unit)
    if regex.search(UNSPACED, text):
        return _MAX_TIMES
    if not in_words:
        return _MAX_TIMES if any(map(str.isalpha, text)) else _MAX_TIMES_OF_NUMBERS
    # Inside a word; loops of whole words are found as such.
    return _MAX_TIMES_IN_WORDS if text.isalpha() else 0
