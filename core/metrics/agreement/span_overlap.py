"""How far two raters marked the same characters.

Asking for the same ends is too strict, and a share of the union loses spans that overlap; here each
character counts once for each label that a rater gave it (INCEpTION #5190, Label Studio #8950).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

# Start, end (code points, half-open) and label; equal labels are asked for.
Span: TypeAlias = tuple[int, int, str]


@dataclass(frozen=True)
class SpanOverlap:
    """Characters that two raters marked, each counted once a label.

    Attributes:
        num_both: Marked by both, with the same label.
        num_first: Marked by the first.
        num_second: Marked by the second.
    """

    num_both: int
    num_first: int
    num_second: int

    @property
    def f1(self) -> float | None:
        """Twice the common characters by those of both, 0 to 1; None where nobody marked any."""
        total = self.num_first + self.num_second
        return 2 * self.num_both / total if total else None


def overlap_spans(texts: Iterable[tuple[Sequence[Span], Sequence[Span]]]) -> SpanOverlap:
    """Counts over all texts (micro), so that a text without marks by either changes nothing.

    Args:
        texts: Each text's spans by the first and by the second rater; those of one rater may
            overlap, and an empty span has no character.
    """
    num_both = num_first = num_second = 0
    for first, second in texts:
        one, two = _characters(first), _characters(second)
        num_first += sum(map(len, one.values()))
        num_second += sum(map(len, two.values()))
        num_both += sum(len(places & two[label]) for label, places in one.items() if label in two)
    return SpanOverlap(num_both, num_first, num_second)


def _characters(spans: Sequence[Span]) -> dict[str, set[int]]:
    """Gives the places of the characters under each label."""
    found: dict[str, set[int]] = {}
    for start, end, label in spans:
        found.setdefault(label, set()).update(range(start, end))
    return found
