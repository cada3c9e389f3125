"""Grid tables that people add: read from CSV strictly, kept in the database."""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from typing import Any

from core.emissions.grid import Grid, GridTable
from core.emissions.grid_sources import CLOUD, CODECARBON, NOTEBOOK
from core.errors import DataError
from core.storage.energy_records import GridTableRecord
from core.storage.files import decode_utf8, utc_now
from core.storage.workspace import Workspace

COLUMNS = ("code", "name", "year", "g_per_kwh")
MAX_BYTES = 1_000_000
MAX_ROWS = 5_000
MAX_G_PER_KWH = 5_000.0  # coal alone is about 1,000

_RESERVED = (CODECARBON, CLOUD, NOTEBOOK)
_NAME = re.compile(r"[\w.-]{1,40}")
_CODE = re.compile(r"[\w./-]{1,40}")  # neither colon nor comma: keys and lists of keys have them
_YEAR = re.compile(r"(19|20|21)\d\d", re.ASCII)
_NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+", re.ASCII)
_MAX_NAME = 120
_MAX_SOURCE = 300
_MAX_SHOWN = 5
_HINT = (
    "The file is UTF-8 with commas, its first line is code,name,year,g_per_kwh; a year may be "
    "left out."
)


def own_table(name: str, source: str, data: bytes) -> GridTableRecord:
    """Reads a grid table from CSV; nothing is stored.

    Args:
        name: Short, without spaces; keys begin with it, in any case.
        source: Who published the figures, and for what.
        data: UTF-8 with the columns `code`, `name`, `year` (may be empty) and `g_per_kwh`.

    Raises:
        DataError: One sentence with every fault, its line and its value.
    """
    name = name.lower()
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise DataError(
            f"{name[:80]!r} cannot be the name of a grid table.",
            hint=f"1 to 40 letters, digits, dots and hyphens; not {', '.join(_RESERVED)}.",
        )
    source = " ".join(source.split())
    if not source or len(source) > _MAX_SOURCE:
        raise DataError(
            f"A grid table needs a source of 1 to {_MAX_SOURCE} characters, not of {len(source)}.",
            hint="Say who published the figures, and of which year they are.",
        )
    return GridTableRecord(name, source, _rows(_text(data)), utc_now())


def add_own_table(workspace: Workspace, name: str, source: str, data: bytes) -> GridTableRecord:
    """Reads a grid table from CSV and stores it, instead of one with the same name.

    Raises:
        DataError: As `own_table`.
    """
    record = own_table(name, source, data)
    workspace.energy.put_grid_table(record)
    return record


def as_table(record: GridTableRecord) -> GridTable:
    """Gives the grids of a stored table."""
    grids = [
        Grid(record.name, row["code"], row["name"], row["year"], row["g_per_kwh"], record.source)
        for row in record.rows
    ]
    ordered = tuple(sorted(grids, key=lambda grid: grid.name))
    return GridTable(record.name, f"Own table {record.name}", record.source, ordered)


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise DataError(
            f"The grid table has {len(data):,} bytes; {MAX_BYTES:,} are allowed.",
            hint="Keep one line for each region.",
        )
    return decode_utf8(data, "The grid table", hint="Save it as UTF-8.").removeprefix("\ufeff")


def _rows(text: str) -> list[dict[str, Any]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[dict[str, Any]] = []
    faults: list[str] = []
    lines: dict[str, int] = {}
    try:
        _check_header(next(reader, []))
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(rows) + len(faults) == MAX_ROWS:
                raise DataError(f"The grid table has more than {MAX_ROWS:,} rows.")
            try:
                row = _row([cell.strip() for cell in cells])
                _note_code(row["code"], reader.line_num, lines)
                rows.append(row)
            except ValueError as error:
                faults.append(f"line {reader.line_num}: {error}")
    except csv.Error as error:
        faults.append(f"line {reader.line_num}: {error}")
    if faults:
        raise DataError(_sentence(faults), hint=_HINT)
    if not rows:
        raise DataError("The grid table has no rows.", hint=_HINT)
    return rows


def _check_header(cells: list[str]) -> None:
    found = [cell.strip().casefold() for cell in cells]
    if found != list(COLUMNS):
        shown = ",".join(cells)[:80]
        raise DataError(f"Line 1 must be {','.join(COLUMNS)}; it is {shown!r}.", hint=_HINT)


def _row(cells: list[str]) -> dict[str, Any]:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} cells instead of {len(COLUMNS)}")
    code, name, year, grams = cells
    if not _CODE.fullmatch(code):
        raise ValueError(f"the code {code[:80]!r} is not made of letters, digits, '.', '/', '-'")
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise ValueError(f"the name {name[:80]!r} is empty, too long or not printable")
    if year and not _YEAR.fullmatch(year):
        raise ValueError(f"the year {year[:80]!r} is none")
    value = float(grams) if _NUMBER.fullmatch(grams) else math.nan
    if not 0 <= value <= MAX_G_PER_KWH:
        raise ValueError(f"g_per_kwh {grams[:80]!r} is no number from 0 to {MAX_G_PER_KWH:,.0f}")
    return {"code": code, "name": name, "year": int(year) if year else None, "g_per_kwh": value}


def _note_code(code: str, line: int, lines: dict[str, int]) -> None:
    first = lines.setdefault(plain_name(code), line)
    if first != line:
        raise ValueError(f"the code {code!r} is in line {first} already")


def plain_name(text: str) -> str:
    """Gives text without case, accents and extra spaces: names are found, and are one, by it."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in parts if not unicodedata.combining(c)).split())


def _sentence(faults: list[str]) -> str:
    shown = "; ".join(faults[:_MAX_SHOWN])
    more = f"; and {len(faults) - _MAX_SHOWN:,} more faults" if len(faults) > _MAX_SHOWN else ""
    return f"The grid table has faults: {shown}{more}."
