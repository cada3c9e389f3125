"""Our own tables, as CSV or in a spreadsheet: written with all columns, and read again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from core.annotate.campaign_data import CampaignData
from core.annotate.formats.campaign_rows import COLUMNS, campaign_rows
from core.annotate.formats.table_cells import Cell, cell_of, safe_text
from core.annotate.formats.table_reading import campaign_of
from core.annotate.formats.workbook import read_sheets, text_of_cell
from core.annotate.rating_table import MAX_FILE_BYTES
from core.errors import DataError
from core.storage.cells import quoted_line
from core.storage.files import decode_utf8

CSV, XLSX = "csv", "xlsx"
_SHEET = "ratings"
_MOST_CHARACTERS = 32_767  # of a cell in xlsx
_MOST_ROWS = 200_000  # as many as are read

# Characters that XML cannot hold, and what looks like the code for one, in Office's own spelling
# (ECMA-376, part 1, 22.9.2.19, ST_Xstring).
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_CODE = re.compile("_x([0-9A-Fa-f]{4})_")


def write_csv(data: CampaignData) -> bytes:
    """Writes everything that was begun, a mark a line; texts that look like formulas are guarded.

    Reading the file gives the same items; raters without items and outputs that nobody judged are
    not in it.
    """
    lines = [quoted_line(COLUMNS, "\n")]
    for row in campaign_rows(data):
        lines.append(quoted_line([cell_of(row.get(column)) for column in COLUMNS], "\n"))
    return "".join(lines).encode()


def write_xlsx(data: CampaignData) -> bytes:
    """Writes the same as a spreadsheet with one sheet.

    Raises:
        DataError: A text or the table is longer than a spreadsheet can hold.
    """
    import openpyxl

    rows = [
        [_sheet_cell(row.get(column), number) for column in COLUMNS]
        for number, row in enumerate(campaign_rows(data), start=2)
    ]
    if len(rows) >= _MOST_ROWS:
        raise DataError(
            f"The campaign has more than {_MOST_ROWS:,} rows.", hint="Export it as CSV."
        )
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_SHEET)
    sheet.freeze_panes = "A2"
    for row in (COLUMNS, *rows):
        sheet.append(row)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def read_csv(data: bytes, file_name: str) -> CampaignData:
    """Reads a table that `write_csv` wrote; semicolons between the cells will do as well.

    Raises:
        DataError: It is not UTF-8, or a line cannot be read; the sentence names file and line.
    """
    if len(data) > MAX_FILE_BYTES:
        raise DataError(
            f"{file_name!r} has {len(data) / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB "
            "are read.",
            hint="Divide it into several files.",
        )
    text = decode_utf8(data, file_name, hint="Save the file as UTF-8.").removeprefix("\ufeff")
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows = [(lines.line_num, row) for row in lines]
    except csv.Error as error:
        raise DataError(
            f"{file_name!r} line {lines.line_num} is no CSV: {error}.",
            hint="Texts with commas or quotes stand in double quotes, inner ones doubled.",
        ) from None
    return campaign_of(rows, file_name, CSV)


def read_xlsx(data: bytes, file_name: str) -> CampaignData:
    """Reads the first sheet of a spreadsheet that `write_xlsx` wrote.

    Raises:
        DataError: It is no spreadsheet, or a row cannot be read; the sentence names the row.
    """
    sheets = read_sheets(data, file_name)
    rows = next(iter(sheets.values()), [])
    return campaign_of(list(_sheet_texts(rows)), file_name, XLSX)


def _sheet_cell(value: Cell, number: int) -> Cell:
    """Gives a cell; a text with characters that a spreadsheet cannot hold gets codes for them."""
    if not isinstance(value, str):
        return cell_of(value) if isinstance(value, bool) else value
    text = _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", safe_text(value))
    if len(text) > _MOST_CHARACTERS:
        raise DataError(
            f"Row {number} has a text of {len(text):,} characters; a cell of a spreadsheet holds "
            f"{_MOST_CHARACTERS:,}.",
            hint="Export the campaign as CSV.",
        )
    return text


def _sheet_texts(rows: Sequence[Sequence[object]]) -> Iterator[tuple[int, list[str]]]:
    width = len(rows[0]) if rows else 0
    for number, row in enumerate(rows, start=1):
        cells = [
            _CODE.sub(lambda found: chr(int(found[1], 16)), text_of_cell(cell)) for cell in row
        ]
        yield number, [*cells, *[""] * (width - len(cells))]
