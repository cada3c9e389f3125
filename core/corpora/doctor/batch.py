"""A batch of pairs as the checks see it; what several of them need is made once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.corpora.doctor.settings import DoctorSettings
from core.text.normalising import normalised
from core.text.spans import Span, spans_in

Sides = tuple[list[str], list[str]]
Mark = tuple[int, str]  # a row of the batch, and what was found in it

SIDES = ("source", "target")

# Whatever `spans_in` finds has one of these; looking for them is far cheaper.
_SPAN_CHARS = re.compile("[<{%@#$\\[\ue000-\uf8ff]")
_SPAN_WORDS = ("://", "www.", "mailto:")


@dataclass(frozen=True)
class Batch:
    """Pairs without blank sides.

    Attributes:
        sources, targets: Parallel texts.
        src_lang, tgt_lang: FLORES-200 codes.
        settings: From where on a check flags a pair.
    """

    sources: list[str]
    targets: list[str]
    src_lang: str
    tgt_lang: str
    settings: DoctorSettings

    @property
    def sides(self) -> Sides:
        """The texts of both sides."""
        return self.sources, self.targets

    @property
    def langs(self) -> tuple[str, str]:
        """The languages of both sides."""
        return self.src_lang, self.tgt_lang

    @cached_property
    def characters(self) -> tuple[set[str], set[str]]:
        """All characters of each side."""
        return set("".join(self.sources)), set("".join(self.targets))

    @cached_property
    def normal(self) -> Sides:
        """The texts without regard to case, spacing and punctuation."""
        return [normalised(text) for text in self.sources], [
            normalised(text) for text in self.targets
        ]

    @cached_property
    def spans(self) -> dict[int, tuple[list[Span], list[Span]]]:
        """Tags, links and placeholders of both sides, by row; rows without any are left out."""
        found = {}
        for row, (source, target) in enumerate(self.pairs()):
            if _may_hold_spans(source) or _may_hold_spans(target):
                spans = spans_in(source), spans_in(target)
                if spans[0] or spans[1]:
                    found[row] = spans
        return found

    @cached_property
    def plain(self) -> Sides:
        """The texts without tags, links and placeholders."""
        plain = list(self.sources), list(self.targets)
        for row, spans in self.spans.items():
            for texts, own in zip(plain, spans, strict=True):
                if own:
                    texts[row] = _without(texts[row], own)
        return plain

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Gives the pairs in order."""
        return zip(self.sources, self.targets, strict=True)


def rows_with(chars: Collection[str], texts: Sequence[str]) -> Iterator[int]:
    """Gives the rows of texts that hold any of some characters; fast where there are none."""
    if chars:
        any_of_them = re.compile(f"[{re.escape(''.join(chars))}]")
        yield from (row for row, text in enumerate(texts) if any_of_them.search(text))


def _may_hold_spans(text: str) -> bool:
    return _SPAN_CHARS.search(text) is not None or any(word in text for word in _SPAN_WORDS)


def _without(text: str, spans: list[Span]) -> str:
    """Gives what `without_spans` gives, but looks for no spans again."""
    starts, ends = [span.start for span in spans], [span.end for span in spans]
    edges = zip([0, *ends], [*starts, len(text)], strict=True)
    return " ".join(text[start:end] for start, end in edges)
