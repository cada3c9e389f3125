"""What a rater made of one item: marked errors, a score, ranks, a comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Side = Literal["target", "source"]
SIDES: tuple[Side, ...] = ("target", "source")

# The category under which a segment that is no translation is charged, as WMT's files write it.
NON_TRANSLATION = "Non-translation!"


@dataclass(frozen=True)
class Mark:
    """An error that a rater marked in one of the texts.

    Attributes:
        id: Unique in its annotation; it stays the same while the mark is edited.
        side: The text in which it stands: `target`, or `source` for what is missing or wrong there.
        start: First code point of the unchanged text, from 0.
        end: Code point behind the last one; `text[start:end] == quote`.
        quote: The words that were marked.
        severity: In lower case, such as `minor`; empty while it is undecided.
        category: `Dimension/Subtype` as the typology spells it, or a dimension alone; empty in ESA
            and while it is undecided.
        output: Which of the item's outputs, from 0; more than one only side by side.
        note: The rater's remark on this error.
        origin: Where the mark came from: the row of a file, or the raters of an adjudication.
    """

    id: str
    side: Side
    start: int
    end: int
    quote: str
    severity: str
    category: str = ""
    output: int = 0
    note: str = ""
    origin: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Annotation:
    """What a rater made of one item, whole or begun.

    Attributes:
        marks: In the order in which they were made.
        score: SQM 0 to 6, ESA 0 to 100; None while there is none, and where none is asked for.
        ranks: Side by side, the rank of each output, 1 the best, ties allowed; None while open.
        comment: Free text.
        is_non_translation: The output is no translation of the source at all (MQM).
        is_done: The rater went on to the next item.
    """

    marks: tuple[Mark, ...] = ()
    score: float | None = None
    ranks: tuple[int | None, ...] = ()
    comment: str = ""
    is_non_translation: bool = False
    is_done: bool = False

    def to_json(self) -> dict[str, Any]:
        """Gives the value that is stored; `of_json` gives it back."""
        value = asdict(self)
        return {**value, "marks": list(value["marks"]), "ranks": list(value["ranks"])}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Annotation:
        """Gives a stored annotation; values from a browser are checked elsewhere."""
        fields = dict(value)
        fields["marks"] = tuple(Mark(**mark) for mark in fields.get("marks", ()))
        fields["ranks"] = tuple(fields.get("ranks", ()))
        return cls(**fields)

    def errors(self, output: int = 0) -> list[tuple[str, str]]:
        """Gives (severity, category) of what is charged for one of the item's outputs."""
        if self.is_non_translation:
            return [("major", NON_TRANSLATION)]
        return [(mark.severity, mark.category) for mark in self.marks if mark.output == output]


def standing(ranks: Sequence[int | None], output: int) -> float | None:
    """Gives the share of the other outputs that one ranked before, ties counting half, 0 to 1."""
    own = ranks[output] if output < len(ranks) else None
    others = [rank for at, rank in enumerate(ranks) if at != output and rank is not None]
    if own is None or not others:
        return None
    return sum(1.0 if own < rank else 0.5 if own == rank else 0.0 for rank in others) / len(others)
