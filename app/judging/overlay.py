"""Marks of one or several raters laid over one text: the pieces between their ends, and lanes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.annotate.annotation import NON_TRANSLATION, Annotation, Side


@dataclass(frozen=True)
class ShownMark:
    """A marked error as it is shown over a text.

    Attributes:
        start: First code point of the text, from 0.
        end: Code point behind the last one.
        severity: In lower case; empty while it is undecided.
        category: As the typology spells it, or "".
        by: Who marked it: a rater's name, or such as `gold`.
        note: A remark, or "".
    """

    start: int
    end: int
    severity: str
    category: str = ""
    by: str = ""
    note: str = ""


@dataclass(frozen=True)
class Piece:
    """A stretch of text under the same marks, given by their numbers; empty under an empty mark."""

    text: str
    marks: tuple[int, ...]


def marks_of(
    annotation: Annotation, by: str, text: str, *, side: Side = "target", output: int = 0
) -> list[ShownMark]:
    """Gives a rater's marks in one text; of what is no translation one over all of it.

    Args:
        annotation: The rater's.
        by: The rater's name.
        text: The text that is shown.
        side: Which text that is.
        output: Which of the item's outputs, from 0; of the source, whose marks.
    """
    marks = [
        ShownMark(each.start, each.end, each.severity, each.category, by, each.note)
        for each in annotation.marks
        if each.side == side and each.output == output
    ]
    if annotation.is_non_translation and side == "target":
        marks.insert(0, ShownMark(0, len(text), "major", NON_TRANSLATION, by))
    return marks


def pieces(text: str, marks: Sequence[ShownMark]) -> list[Piece]:
    """Cuts a text at the ends of its marks; put together again the pieces are the text.

    A mark that reaches beyond the text ends where the text does.
    """
    spans = [_within(mark, text) for mark in marks]
    cuts = sorted({0, len(text), *(cut for span in spans for cut in span)})
    empty = {start for start, end in spans if start == end}
    found = []
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        if start in empty:
            found.append(Piece("", _those(spans, start, start)))
        if start < end:
            found.append(Piece(text[start:end], _those(spans, start, end)))
    return found


def lanes(marks: Sequence[ShownMark]) -> list[int]:
    """Gives each mark a line of its own under the text, from 0: those that overlap differ.

    The marks of one rater take lines that no other rater's marks take.
    """
    found = [0] * len(marks)
    first = 0
    for by in names(marks):
        ends: list[int] = []
        own = [number for number, mark in enumerate(marks) if mark.by == by]
        for number in sorted(own, key=lambda each: (marks[each].start, -marks[each].end)):
            free = next((at for at, end in enumerate(ends) if end <= marks[number].start), None)
            if free is None:
                ends.append(0)
                free = len(ends) - 1
            ends[free] = marks[number].end
            found[number] = first + free
        first += len(ends)
    return found


def labels(marks: Sequence[ShownMark]) -> list[str]:
    """Gives each mark the letter of its rater and its number among the rater's: A1, A2, B1."""
    letters = {by: _letter(number) for number, by in enumerate(names(marks))}
    counts: dict[str, int] = {}
    found = []
    for mark in marks:
        counts[mark.by] = counts.get(mark.by, 0) + 1
        found.append(f"{letters[mark.by]}{counts[mark.by]}")
    return found


def names(marks: Sequence[ShownMark]) -> list[str]:
    """Gives those who marked, in the order of their first marks."""
    return list(dict.fromkeys(mark.by for mark in marks))


def _letter(number: int) -> str:
    """Gives A to Z, then AA and so on."""
    higher, place = divmod(number, 26)
    return (_letter(higher - 1) if higher else "") + chr(ord("A") + place)


def _within(mark: ShownMark, text: str) -> tuple[int, int]:
    start = min(max(mark.start, 0), len(text))
    return start, min(max(mark.end, start), len(text))


def _those(spans: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, ...]:
    """Gives the marks over a piece; those over an empty piece begin and end there, too."""
    if start == end:
        return tuple(number for number, span in enumerate(spans) if span == (start, end))
    return tuple(number for number, (low, high) in enumerate(spans) if low <= start and end <= high)
