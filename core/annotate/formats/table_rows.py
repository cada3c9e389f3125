"""The rows of our own tables: cells by the names of columns, read as what they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from core.annotate.formats.campaign_rows import COLUMNS
from core.annotate.formats.rated_rows import SegmentIds
from core.annotate.formats.table_cells import read_flag, read_number, read_text, read_whole
from core.errors import DataError

_NEEDED = ("protocol", "system", "segment", "source", "target", "rater", "item", "is_done")
_LARGEST = 2**31 - 1  # whole number that every database holds


def table_rows(rows: Sequence[tuple[int, list[str]]], name: str) -> list[TableRow]:
    """Gives the rows of a table, the first of which names the columns.

    Args:
        rows: Number of the line and cells.
        name: The file's, for messages.

    Raises:
        DataError: A column is missing, there are no rows, or one has too many or few cells, or no
            system, segment or rater.
    """
    header = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    missing = [column for column in _NEEDED if column not in header]
    if missing:
        raise DataError(
            f"{name!r} lacks the columns {', '.join(missing)}.",
            hint=f"Our own tables have the columns {', '.join(COLUMNS)}.",
        )
    found = []
    for number, cells in rows[1:]:
        where = f"{name!r} line {number}"
        if not any(cells):
            continue
        if len(cells) != len(header):
            raise DataError(
                f"{where} has {len(cells)} cells where the header has {len(header)}.",
                hint="Give the table as it was exported.",
            )
        row = TableRow(where, dict(zip(header, cells, strict=True)))
        for column in ("system", "segment", "rater"):
            if not row.text(column).strip():
                raise DataError(f"{where} has no {column}.", hint="Fill the cell in.")
        found.append(row)
    if not found:
        raise DataError(f"{name!r} holds no ratings.", hint="Give a table with rows.")
    return found


class TableRow:
    """One row by the names of its columns; columns that a table lacks are empty."""

    def __init__(self, where: str, cells: dict[str, str]) -> None:
        self.where = where
        self._cells = cells

    def raw(self, column: str) -> str:
        """Gives the cell as it stands there."""
        return self._cells.get(column, "")

    def text(self, column: str) -> str:
        """Gives the text of a cell without the guard against formulas."""
        return read_text(self.raw(column))

    def number(self, column: str, low: float, high: float) -> float | None:
        """Gives the number of a cell, or None.

        Raises:
            DataError: It is none, or out of bounds.
        """
        value = read_number(self.raw(column), self.where, column)
        if value is not None and not low <= value <= high:
            raise DataError(
                f"{self.where} has {self.raw(column)[:40]!r} as {column}, which is not from "
                f"{low:g} to {high:g}.",
                hint="Correct the cell, or leave it empty.",
            )
        return value

    def whole(self, column: str) -> int | None:
        """Gives the whole number of a cell, or None.

        Raises:
            DataError: It is none, or too large.
        """
        value = read_whole(self.raw(column), self.where, column)
        if value is not None and value > _LARGEST:
            raise DataError(
                f"{self.where} has {self.raw(column)[:40]!r} as {column}, which is above "
                f"{_LARGEST:,}.",
                hint="Write the number that was exported.",
            )
        return value

    def time(self, column: str) -> str:
        """Gives the time of a cell as UTC ISO-8601, or ""; one without a zone is taken for UTC.

        Times are compared as texts, so that all need one zone and one form.

        Raises:
            DataError: It is none.
        """
        cell = self.text(column).strip()
        if not cell:
            return ""
        try:
            found = datetime.fromisoformat(cell)
            found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise DataError(
                f"{self.where} has {cell[:40]!r} as {column}, which is no time.",
                hint="Write it as 2026-01-31T18:30:00+00:00, or leave the cell empty.",
            ) from None
        return found.isoformat(timespec="milliseconds")

    def flag(self, column: str) -> bool:
        """Gives whether a cell says yes."""
        return read_flag(self.raw(column))

    def one_of(self, column: str, known: Sequence[str], usual: str = "") -> str:
        """Gives a cell that holds one of some words.

        Raises:
            DataError: It holds another one.
        """
        word = self.raw(column).strip() or usual
        if word not in known:
            raise DataError(
                f"{self.where} has {word[:40]!r} as {column}.",
                hint=f"It is one of {', '.join(known)}.",
            )
        return word

    @property
    def segment(self) -> SegmentIds:
        """The ids of the segment."""
        return self.text("document"), self.text("document_segment"), self.text("segment")
