"""Places in a text: what other tools count, and the half-open code points that we store.

A unit is what a tool counts: a code point, half of a UTF-16 pair, a token. Each is given as the
half-open code points that it covers, so that one pair of functions serves all tools.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TypeAlias

from core.errors import DataError

Span: TypeAlias = tuple[int, int]

_LAST_OF_ONE_UNIT = "\uffff"  # what lies above it takes two units of UTF-16


def from_inclusive(units: Sequence[Span], first: int, last: int, *, where: str = "") -> Span:
    """Gives the half-open code points of the units `first` to `last`, both included.

    Half a character that a tool marked becomes the whole one.

    Args:
        units: What the tool counts, such as `utf16_units(text)`.
        first: Index of a unit, from 0.
        last: Index of a unit, not before `first`.
        where: What to name in the message, such as file and line.

    Raises:
        DataError: The units are not there, or stand in the wrong order.
    """
    if not 0 <= first <= last < len(units):
        raise DataError(
            f"{_begin(where)}the mark from {first} to {last} does not lie in the text, whose "
            f"characters are counted from 0 to {len(units) - 1}.",
            hint="Give the file with the texts that were marked.",
        )
    return units[first][0], units[last][1]


def to_inclusive(units: Sequence[Span], start: int, end: int, *, where: str = "") -> Span:
    """Gives the first and the last unit that the half-open code points touch.

    Raises:
        DataError: They touch none.
    """
    first = bisect_right(units, start, key=lambda unit: unit[1])
    last = bisect_left(units, end, key=lambda unit: unit[0]) - 1
    if start < 0 or start >= end or first > last:
        raise DataError(
            f"{_begin(where)}the mark from {start} to {end} covers nothing of the text.",
            hint="A mark needs at least one character.",
        )
    return first, last


def code_point_units(text: str) -> list[Span]:
    """Gives a unit for each code point."""
    return [(at, at + 1) for at in range(len(text))]


def utf16_units(text: str, *, hidden: str = "") -> list[Span]:
    """Gives a unit for each element of JavaScript's `text.split("")`.

    Args:
        text: As the tool shows it.
        hidden: Characters that the tool does not count.
    """
    if not hidden and (text.isascii() or max(text) <= _LAST_OF_ONE_UNIT):
        return code_point_units(text)
    return [
        (at, at + 1)
        for at, char in enumerate(text)
        if char not in hidden
        for _ in range(2 if char > _LAST_OF_ONE_UNIT else 1)
    ]


def token_units(tokens: Sequence[str]) -> list[Span]:
    """Gives a unit for each token; together the tokens make the text, spaces included."""
    units: list[Span] = []
    at = 0
    for token in tokens:
        units.append((at, at + len(token)))
        at += len(token)
    return units


def _begin(where: str) -> str:
    return f"{where}: " if where else "In a marked text "
