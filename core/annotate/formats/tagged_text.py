"""Texts in which `<v>` and `</v>` stand around an error, as WMT's files write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TAG = re.compile("</?v>")
_OPEN, _CLOSE = "<v>", "</v>"


@dataclass(frozen=True)
class TaggedText:
    """A text and where an error stands in it.

    Attributes:
        text: Without tags.
        span: Half-open code points of the first whole pair of tags in `text`; None without one.
        num_tags: Tags that were there; one pair is usual.
    """

    text: str
    span: tuple[int, int] | None = None
    num_tags: int = 0


def read_tagged(cell: str) -> TaggedText:
    """Gives the text of a cell without tags, and what the first pair of them encloses."""
    if _OPEN not in cell and _CLOSE not in cell:
        return TaggedText(cell)
    start: int | None = None
    span: tuple[int, int] | None = None
    removed = num_tags = 0
    for found in _TAG.finditer(cell):
        at = found.start() - removed
        removed += len(found[0])
        num_tags += 1
        if span is None and found[0] == _OPEN:
            start = at if start is None else start
        elif span is None and start is not None:
            span = (start, at)
    return TaggedText(_TAG.sub("", cell), span, num_tags)


def write_tagged(text: str, start: int, end: int) -> str:
    """Gives a text with tags around half-open code points."""
    return f"{text[:start]}{_OPEN}{text[start:end]}{_CLOSE}{text[end:]}"


def holds_tags(text: str) -> bool:
    """Says whether a text holds what would be read as a tag."""
    return _TAG.search(text) is not None


def carried_over(span: tuple[int, int], text: str, other: str) -> tuple[int, int] | None:
    """Gives the place in another text of what a span of a text encloses; None where it has none.

    Texts that differ in their white space alone are the same words, whose places are known; in
    others the enclosed words must be there once.
    """
    if text == other:
        return span
    start, end = span
    if text.split() == other.split():
        places = [at for at, character in enumerate(other) if not character.isspace()]
        first = sum(not character.isspace() for character in text[:start])
        num = sum(not character.isspace() for character in text[start:end])
        return (places[first], places[first + num - 1] + 1) if num else None
    quote = text[start:end]
    if not quote or other.count(quote) != 1:
        return None
    at = other.index(quote)
    return at, at + len(quote)
