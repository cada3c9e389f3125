"""What a report shows beside the scores, as plain tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from core.evaluate.published import PublishedScore

Cell: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """A table as people read it.

    Attributes:
        title: What it shows.
        header: One name a column.
        rows: Cells parallel to the header. Fractions are shown with two decimals and None as a
            dash; what shall look otherwise comes as text.
        note: A sentence below it; may be empty.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Supplement:
    """What the HTML report shows beyond the result; all of it may be left out.

    Attributes:
        segments: Segments in the order worth reading, such as those where one system beats
            another most; the page shows the first 200.
        buckets: Scores by kind of segment.
        checks: How often checks found something.
        published: Scores of others on this test set; they stand apart and are never ranked.
    """

    segments: Table | None = None
    buckets: tuple[Table, ...] = ()
    checks: tuple[Table, ...] = ()
    published: tuple[PublishedScore, ...] = ()
