"""TSV and CSV: rows of cells, with or without a header, with or without quotation marks.

In TSV quotation marks are ordinary characters, as in all corpora that are published so; only where
every cell of its start stands in them, as this program writes it, do they hold cells together.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from core.corpora.formats.choice import Choice, check_unique, columns_of, is_header
from core.corpora.formats.files import InputFile
from core.corpora.formats.lines import MAX_LINE_CHARS, lines
from core.corpora.formats.located import Located
from core.errors import DataError

# A limit of the whole process, 131,072 at first: a segment may be longer, and `lines` has a limit.
csv.field_size_limit(MAX_LINE_CHARS)

_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_NUM_TRIED = 200
_QUOTED_CELL = r'"[^"]*(?:""[^"]*)*"'
_QUOTED_ROW = re.compile(rf"{_QUOTED_CELL}(?:\t{_QUOTED_CELL})+\r?\n?")

Numbered = tuple[int, list[str]]


class Table(NamedTuple):
    """How a file is divided into cells.

    Attributes:
        columns: Their names; without a header "1", "2" and so on.
        has_header: Whether the first row names them.
        delimiter: The character between cells.
        is_quoted: Whether quotation marks hold cells together.
    """

    columns: tuple[str, ...]
    has_header: bool
    delimiter: str
    is_quoted: bool


def table_of(file: InputFile, kind: str, codec: str, choice: Choice) -> Table:
    """Gives how a file of the kind "tsv" or "csv" is divided; only its start is read.

    Raises:
        DataError: It has one column only, or two of one name.
    """
    if kind == "tsv":
        is_quoted = choice.quoting == "quoted" or (
            choice.quoting == "auto" and _is_all_quoted(file, codec)
        )
        delimiter = "\t"
    else:
        is_quoted, delimiter = True, _delimiter(file, codec)
    line, first = next(_records(file, codec, delimiter, is_quoted=is_quoted), (0, []))
    if not line:
        raise DataError(
            f"{file.name!r} holds no segment.", hint="Choose a file that holds segments."
        )
    if len(first) < 2:
        what = "tab-separated columns" if delimiter == "\t" else "columns"
        raise DataError(
            f"{file.name!r} line {line:,} has {len(first)} {what}; source and target need 2.",
            hint="Separate them by a tab in TSV; by a comma, semicolon, tab or bar in CSV.",
        )
    has_header = choice.header == "yes" or (
        choice.header == "auto" and (kind == "csv" or is_header(first))
    )
    numbers = [str(number) for number in range(1, len(first) + 1)]
    columns = numbers
    if has_header:
        columns = [cell.strip() or number for cell, number in zip(first, numbers, strict=True)]
        check_unique(file.name, columns)
    return Table(tuple(columns), has_header, delimiter, is_quoted)


def table_rows(file: InputFile, codec: str, table: Table) -> Iterator[Numbered]:
    """Gives the cells of each row below the header, with the line that it begins at.

    Raises:
        DataError: A row has more or fewer cells than the first; the sentence names its line.
    """
    width = len(table.columns)
    records = _records(file, codec, table.delimiter, is_quoted=table.is_quoted)
    if table.has_header:
        next(records, None)
    for record in records:
        if len(record[1]) != width:
            raise _ragged(file, table, record)
        yield record


def rows_of_table(
    file: InputFile, kind: str, codec: str, choice: Choice, src_lang: str, tgt_lang: str
) -> Iterator[Located]:
    """Gives the rows of TSV or CSV.

    Raises:
        DataError: The sentence names file, line and cause.
    """
    table = table_of(file, kind, codec, choice)
    chosen = columns_of(file.name, table.columns, choice, src_lang, tgt_lang)
    source, target = table.columns.index(chosen.source), table.columns.index(chosen.target)
    if not chosen.document:
        for line, cells in table_rows(file, codec, table):
            yield Located(cells[source], cells[target], "", line)
        return
    document = table.columns.index(chosen.document)
    for line, cells in table_rows(file, codec, table):
        yield Located(cells[source], cells[target], cells[document], line)


def _records(file: InputFile, codec: str, delimiter: str, *, is_quoted: bool) -> Iterator[Numbered]:
    """Gives the cells of all rows but blank ones."""
    if is_quoted:
        yield from _quoted_records(file, codec, delimiter)
        return
    for number, line in enumerate(lines(file, codec), start=1):
        if line:
            yield number, line.split(delimiter)


def _quoted_records(file: InputFile, codec: str, delimiter: str) -> Iterator[Numbered]:
    reader = csv.reader(lines(file, codec, keeps_ends=True), delimiter=delimiter, strict=True)
    num_read = 0
    try:
        for cells in reader:
            start = num_read + 1
            num_read = reader.line_num
            if cells:
                yield start, cells
    except csv.Error as error:
        cause = str(error).rstrip(".")
        if cause == "unexpected end of data":
            cause = "a quotation mark is opened and never closed"
        raise DataError(
            f"{file.name!r} line {num_read + 1:,} is no row of a table: {cause}.",
            hint="Cells that hold quotation marks stand in quotation marks, with each one doubled.",
        ) from None


def _ragged(file: InputFile, table: Table, record: Numbered) -> DataError:
    line, cells = record
    what = "tab-separated columns" if table.delimiter == "\t" else "columns"
    hint = "Each row needs as many cells as the first."
    if not table.is_quoted:
        hint += " If quotation marks hold cells together here, choose the quoting 'quoted'."
    return DataError(
        f"{file.name!r} line {line:,} has {len(cells)} {what}, not {len(table.columns)}.",
        hint=hint,
    )


def _is_all_quoted(file: InputFile, codec: str) -> bool:
    """Whether each cell of the first rows stands in quotation marks."""
    row, num_rows, num_lines = "", 0, 0
    for line in islice(lines(file, codec, keeps_ends=True), 10 * _NUM_TRIED):
        row, num_lines = row + line, num_lines + 1
        if not row.startswith('"'):
            return bool(num_rows) and not row.strip()
        if row.count('"') % 2:
            continue  # a cell goes on in the next line
        if not _QUOTED_ROW.fullmatch(row):
            return False
        row, num_rows = "", num_rows + 1
        if num_rows == _NUM_TRIED:
            return True
    # Rows of many lines: the last one goes on behind what was read.
    is_cut_off = num_lines == 10 * _NUM_TRIED
    return num_rows > 0 and (is_cut_off or not row)


def _delimiter(file: InputFile, codec: str) -> str:
    """Gives what divides the first rows of CSV into the same number of cells."""

    def fit(delimiter: str) -> tuple[bool, bool, int]:
        try:
            rows = [
                cells for _, cells in islice(_quoted_records(file, codec, delimiter), _NUM_TRIED)
            ]
        except DataError:
            rows = []
        width = len(rows[0]) if rows else 0
        is_even = width > 1 and all(len(cells) == width for cells in rows)
        return width > 1 and is_header(rows[0]), is_even, width

    return max(_DELIMITERS, key=fit)
