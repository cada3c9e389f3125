"""The rows of a tab-separated file of ratings, by the names that columns go by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.errors import DataError
from core.storage.files import decode_utf8

MAX_FILE_BYTES = 200_000_000

# What a column may be called, in lower case.
COLUMNS = {
    "system": ("system",),
    "segment": ("globalsegid", "seg_id", "segment", "segment_id"),
    "document": ("doc", "document"),
    "document_segment": ("docsegid", "doc_id"),
    "rater": ("rater",),
    "source": ("source",),
    "target": ("target",),
    "category": ("category",),
    "severity": ("severity",),
    "score": ("score",),
}


class RatingTable:
    """A file's rows by the names of `COLUMNS`, each with the number of its line.

    Attributes:
        name: The file's.
        header: Names of the columns in lower case, the cell of documentation left out.
    """

    def __init__(self, name: str, lines: list[str], needed: Sequence[str]) -> None:
        self.name = name
        self._lines = lines
        # From 2023 on the header ends in a cell of documentation that rows lack.
        cells = [cell for cell in lines[0].split("\t") if not cell.lstrip().startswith("#")]
        header = [cell.strip().lower() for cell in cells]
        self._columns = {
            column: header.index(found)
            for column, names in COLUMNS.items()
            if (found := next((each for each in names if each in header), None)) is not None
        }
        missing = [column for column in needed if column not in self._columns]
        if missing:
            names = ", ".join("/".join(COLUMNS[column]) for column in missing)
            raise DataError(
                f"{name!r} line 1 lacks the column {names}: it holds {', '.join(cells)[:200]}.",
                hint=f"Ratings need the columns {', '.join(needed)}, parted by tabs.",
            )
        self._num_cells = (max(self._columns.values()) + 1, len(lines[0].split("\t")))
        self._num_named = len(cells)
        self.header = tuple(header)

    def place_of(self, column: str) -> int | None:
        """Gives the place of a column of `COLUMNS` in a line, from 0; None where it is missing."""
        return self._columns.get(column)

    def cells(self, number: int) -> list[str]:
        """Gives the cells of a line as they stand in the file, unknown columns too."""
        return self._lines[number - 1].split("\t")

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Gives number and cells of each line; a trailing column that is not used may be absent.

        Raises:
            DataError: A line has another number of cells, or lacks system, segment or rater.
        """
        fewest, most = self._num_cells
        for number, line in enumerate(self._lines[1:], start=2):
            if not line.strip():
                continue
            cells = line.split("\t")
            if not fewest <= len(cells) <= most:
                raise line_error(
                    self.name,
                    number,
                    f"has {len(cells)} tab-separated cells where the header has {self._num_named}",
                    "A text may hold no tab and no line break.",
                )
            row = {column: cells[place] for column, place in self._columns.items()}
            for column in ("system", "segment", "rater"):
                row[column] = row[column].strip()
                if not row[column]:
                    raise line_error(self.name, number, f"has no {column}", "Fill the cell in.")
            yield number, row


def lines_of_ratings(data: bytes | str, name: str) -> list[str]:
    """Gives the lines of a UTF-8 file, at least the header and one more."""
    if len(data) > MAX_FILE_BYTES:
        raise DataError(
            f"{name!r} has {len(data) / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB are "
            "read.",
            hint="Keep the rows of one language pair.",
        )
    if isinstance(data, bytes):
        data = decode_utf8(data, name, hint="Save the file as UTF-8.")
    text = data.removeprefix("\ufeff")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if "\0" in text or not any(line.strip() for line in lines[1:]):
        fault = "holds zero bytes" if "\0" in text else "holds no ratings"
        raise DataError(
            f"{name!r} {fault}; a header line and one line a rating were expected.",
            hint="Give a tab-separated text file in UTF-8.",
        )
    return lines


def line_error(name: str, number: int, fault: str, hint: str) -> DataError:
    """Gives the error of a line of a file."""
    return DataError(f"{name!r} line {number} {fault}.", hint=hint)
