"""Sheets of xlsx files from strangers: limits are checked before anything is parsed."""

from __future__ import annotations

import io
import zipfile
from itertools import islice
from typing import Any, TypeAlias

from core.errors import DataError
from core.storage.archive import pack, unpack

MAX_FILE_BYTES = 50_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 300
MAX_EMPTY_ROWS = 20_000  # on end; a row far below may cost a file few bytes

_HINT = "Open it in a spreadsheet program and save it as .xlsx, or save it as TSV."

Row: TypeAlias = tuple[Any, ...]


def read_sheets(
    data: bytes, name: str, *, is_with_formulas: bool = False, num_rows: int = 0
) -> dict[str, list[Row]]:
    """Gives the rows of each sheet by its title, without empty rows and cells at the end.

    Formulas are never computed: a cell holds what the spreadsheet program stored last.

    Args:
        data: The file.
        name: What its owner calls it.
        is_with_formulas: Give the formulas instead of their values.
        num_rows: Give only the first ones; 0 gives all.

    Raises:
        DataError: It is no xlsx file, or too large.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    clean = _clean(data, name)
    try:
        book = openpyxl.load_workbook(
            io.BytesIO(clean), read_only=True, data_only=not is_with_formulas, keep_links=False
        )
        try:
            return {sheet.title: _rows(sheet, name, num_rows) for sheet in book.worksheets}
        finally:
            book.close()
    except (
        AttributeError, EOFError, IndexError, InvalidFileException, KeyError, OSError,
        OverflowError, RecursionError, SyntaxError, TypeError, ValueError, zipfile.BadZipFile,
    ) as error:  # fmt: skip
        cause = f"{type(error).__name__} {error}".splitlines()[0][:160].rstrip(".")
        raise DataError(f"{name!r} is a damaged xlsx file: {cause}.", hint=_HINT) from None


def text_of_cell(value: Any) -> str:
    """Gives what a cell shows; nothing for an empty one."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _clean(data: bytes, name: str) -> bytes:
    """Gives the file packed anew from what was unpacked within limits, whatever it declared."""
    if len(data) > MAX_FILE_BYTES:
        raise DataError(
            f"{name!r} has {len(data) / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB are "
            "read.",
            hint="Divide it into several files.",
        )
    files = unpack(data, name)
    if "[Content_Types].xml" not in files:
        raise DataError(f"{name!r} is no xlsx file.", hint=_HINT)
    return pack(files, is_small=False)


def _rows(sheet: Any, name: str, num_rows: int) -> list[Row]:
    sheet.reset_dimensions()  # what a file says of its size may be wrong
    rows: list[Row] = []
    found = islice(sheet.iter_rows(values_only=True), num_rows or None)
    for number, cells in enumerate(found, start=1):
        if not any(cell is not None for cell in cells):
            if number - len(rows) > MAX_EMPTY_ROWS:
                raise DataError(
                    f"{name!r} has rows behind more than {MAX_EMPTY_ROWS:,} empty ones.",
                    hint="Delete what stands below the table, formats too.",
                )
            continue
        width = max(at for at, cell in enumerate(cells, start=1) if cell is not None)
        if number > MAX_ROWS or width > MAX_COLUMNS:
            raise DataError(
                f"{name!r} has more than {MAX_ROWS:,} rows or {MAX_COLUMNS} columns.",
                hint="Divide it into several files.",
            )
        rows.extend(() for _ in range(number - len(rows) - 1))
        rows.append(cells[:width])
    return rows
