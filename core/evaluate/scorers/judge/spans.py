"""The errors that a judge marked, and where in the hypothesis they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Severity = Literal["minor", "major", "critical"]
SEVERITIES = ("minor", "major", "critical")
MAX_TEXT = 1000  # characters of the words
MAX_CATEGORY = 100


@dataclass(frozen=True)
class JudgedError:
    """An error that a judge marked.

    Attributes:
        severity: `minor`, `major` or `critical`.
        category: In the judge's words, such as `accuracy/mistranslation`; may be empty.
        text: The faulty words as the judge copied them; empty for an omission.
        start, end: Where they stand in the hypothesis, in code points, from 0, end exclusive; None
            where they were not found.
    """

    severity: Severity
    category: str
    text: str
    start: int | None = None
    end: int | None = None


def placed(errors: Sequence[JudgedError], hypothesis: str) -> tuple[JudgedError, ...]:
    """Gives the errors with their places: as they stand, else whatever the case is.

    The same words a second time are looked for behind their first place.
    """
    folded, origin = _folded(hypothesis)
    taken: set[tuple[int, int]] = set()
    found = []
    for error in errors:
        place = next(
            (each for each in _places(error.text, hypothesis, folded, origin) if each not in taken),
            None,
        ) or next(_places(error.text, hypothesis, folded, origin), None)
        if place is None:
            found.append(error)
            continue
        taken.add(place)
        found.append(replace(error, start=place[0], end=place[1]))
    return tuple(found)


def _places(
    text: str, hypothesis: str, folded: str, origin: list[int]
) -> Iterator[tuple[int, int]]:
    """Gives where a text stands in a hypothesis: exactly, then as casefolded."""
    if not text.strip():
        return
    for form in dict.fromkeys((text, text.strip())):
        at = hypothesis.find(form)
        while at >= 0:
            yield at, at + len(form)
            at = hypothesis.find(form, at + 1)
    form = text.strip().casefold()
    at = folded.find(form)
    while at >= 0:
        yield origin[at], origin[at + len(form) - 1] + 1
        at = folded.find(form, at + 1)


def _folded(text: str) -> tuple[str, list[int]]:
    """Gives a text casefolded, and for each of its characters the place it came from."""
    folded, origin = [], []
    for at, char in enumerate(text):
        for each in char.casefold():
            folded.append(each)
            origin.append(at)
    return "".join(folded), origin
