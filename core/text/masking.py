"""Markers in a sentence that a model is likely to copy, and what goes back in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import regex  # type: ignore[import-untyped]

from core.text.glossary import TermUse
from core.text.numbers import numbers_in
from core.text.spans import UNSPACED, Span

# Models change digits and brackets to those of the target language and put spaces in.
_MARKER = regex.compile(r"[\[［【]\s*(\d{1,6})\s*[\]］】]")


@dataclass(frozen=True)
class Kept:
    """A part of a sentence that the model does not see.

    Attributes:
        start: First character in the sentence.
        end: One behind the last character.
        text: What stands in the translation for it.
        is_ordered: True for spans, which keep their order; a term may go elsewhere.
        touches: The one side on which a tag touches a word: `left`, `right` or empty.
    """

    start: int
    end: int
    text: str
    is_ordered: bool
    touches: str


@dataclass(frozen=True)
class Masked:
    """A sentence with markers.

    Attributes:
        text: The sentence.
        parts: What the markers stand for, by their numbers, in the order of the sentence.
    """

    text: str
    parts: dict[int, Kept]

    def restored(self, hypothesis: str) -> str | None:
        """Gives the hypothesis with all parts back, or None if a marker is lost or moved."""
        gaps: list[str] = []
        found: list[Kept] = []
        position = 0
        for match in _MARKER.finditer(hypothesis):
            part = self.parts.get(int(match.group(1)))
            if part is None:
                continue
            gaps.append(hypothesis[position : match.start()])
            found.append(part)
            position = match.end()
        gaps.append(hypothesis[position:])
        if len(found) != len(self.parts) or len(set(found)) != len(found):
            return None
        ordered = [part.start for part in found if part.is_ordered]
        if ordered != sorted(ordered):
            return None
        _close_up(gaps, found)
        texts = [part.text for part in found]
        return "".join(text for pair in zip(gaps, [*texts, ""], strict=True) for text in pair)


def kept_parts(body: str, spans: Sequence[Span], uses: Sequence[TermUse]) -> list[Kept]:
    """Gives the parts that the model is not to see, in order.

    Spans with nothing but white space between them are one part: the fewer, the more are copied.
    """
    kept: list[Kept] = []
    group: list[Span] = []
    for span in spans:
        if group and body[group[-1].end : span.start].strip():
            kept.append(_group(body, group))
            group = []
        group.append(span)
    if group:
        kept.append(_group(body, group))
    kept += [Kept(use.start, use.end, use.term.target, False, "") for use in uses]
    return sorted(kept, key=lambda part: part.start)


def masked(body: str, parts: Sequence[Kept]) -> Masked:
    """Gives the body with a marker in place of each part; no marker has a number of the body."""
    taken = {group for number in numbers_in(body) for group in number.groups}
    numbers = (number for number in count(1) if str(number) not in taken)
    by_number = dict(zip(numbers, parts, strict=False))
    texts = []
    position = 0
    for number, part in by_number.items():
        texts += [body[position : part.start], f"[{number}]"]
        position = part.end
    return Masked("".join([*texts, body[position:]]), by_number)


def _group(body: str, spans: Sequence[Span]) -> Kept:
    start, end = spans[0].start, spans[-1].end
    touches = ""
    if all(span.is_markup for span in spans):
        sides = (_is_word(body[start - 1 : start]), _is_word(body[end : end + 1]))
        touches = {(True, False): "left", (False, True): "right"}.get(sides, "")
    return Kept(start, end, body[start:end], True, touches)


def _is_word(char: str) -> bool:
    return char.isalnum() and not regex.match(UNSPACED, char)


def _close_up(gaps: list[str], found: Sequence[Kept]) -> None:
    """Moves white space inside a tag, where the model put it, to the outside of the tag."""
    for index, part in enumerate(found):
        before, after = gaps[index], gaps[index + 1]
        if part.touches == "right" and after[:1].isspace():
            gaps[index + 1] = after.lstrip()
            gaps[index] = before if not before or before[-1].isspace() else f"{before} "
        elif part.touches == "left" and before[-1:].isspace():
            gaps[index] = before.rstrip()
            gaps[index + 1] = after if not after or not _is_word(after[0]) else f" {after}"
