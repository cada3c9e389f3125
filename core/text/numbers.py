"""Numbers of a sentence, and which of them a translation lost."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# Groups of three digits behind spaces, or digits with the separators of any locale between them.
_NUMBER = re.compile(
    "\\d{1,3}(?:[ \u00a0\u202f\u2009]\\d{3})+(?!\\d)(?:[.,\u066b]\\d+)?"
    "|\\d+(?:[.,'\u2019\u066b\u066c]\\d+)*"
)
_SEPARATORS = re.compile(r"\D+")

_MAX_NAMED = 5
_MAX_SHOWN_CHARS = 30


@dataclass(frozen=True)
class Number:
    """A number as it is written.

    Attributes:
        text: As in the sentence.
        digits: ASCII digits without separators; without leading zeros if there are no separators.
        groups: The ASCII digits between the separators, without leading zeros.
    """

    text: str
    digits: str
    groups: tuple[str, ...]


def numbers_in(text: str) -> list[Number]:
    """Gives the numbers of a text in order, whatever digits they are written with."""
    return [_number(match.group()) for match in _NUMBER.finditer(text)]


def missing_numbers(source: str, hypothesis: str) -> list[Number]:
    """Gives the numbers of a source that its hypothesis does not have.

    Separators do not count: `1,234.5`, `1.234,5` and `1 234,5` are the same, and so are `10:30`
    and `10.30`. A number that occurs twice must be there twice.
    """
    found = numbers_in(hypothesis)
    available: Counter[str] = Counter()
    for number in found:
        available.update({number.digits, *number.groups})
    wanted = numbers_in(source)
    times = Counter(number.digits for number in wanted)
    missing = {
        number.digits: number
        for number in wanted
        if available[number.digits] < times[number.digits]
        and not (len(number.groups) > 1 and all(available[group] for group in number.groups))
    }
    return list(missing.values())


def number_warning(missing: Sequence[Number]) -> str:
    """Gives the sentence that names lost numbers to the reader of a translation."""
    shown = [_shown(number.text) for number in missing[:_MAX_NAMED]]
    if len(missing) > _MAX_NAMED:
        shown.append(f"{len(missing) - _MAX_NAMED} more")
    *others, last = shown
    if others:
        return f"The numbers {', '.join(others)} and {last} may be missing from the translation."
    return f"The number {last} may be missing from the translation."


def _number(text: str) -> Number:
    ascii_text = "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text
    )
    groups = _SEPARATORS.split(ascii_text)
    short = tuple(group.lstrip("0") or "0" for group in groups)
    return Number(text, short[0] if len(groups) == 1 else "".join(groups), short)


def _shown(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}…"
