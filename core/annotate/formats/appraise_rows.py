"""The rows of Appraise's results: CSV without a header, whose columns tell its kind of task."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import DataError
from core.storage.cells import is_formula, quoted_line
from core.storage.files import decode_utf8

MAX_FILE_BYTES = 200_000_000

_HINT = (
    "A row holds user, system, item, type, source language, target language, score, for documents "
    "their name and whether it is a whole one, for ESA and MQM the marks, then start and end."
)


@dataclass(frozen=True)
class ResultRow:
    """One submission.

    Attributes:
        number: Its line in the file, from 1.
        cells: As they stand there, without the apostrophe before what would be a formula.
        user, system, item_id, item_type, src_lang, tgt_lang: The first six; languages in
            Appraise's codes.
        score: 0 to 100.
        document: Its name, or "".
        is_document: The score is that of a whole document.
        mqm: JSON of the marks; None in a file without them.
        start_s, end_s: Seconds since 1970.
    """

    number: int
    cells: tuple[str, ...]
    user: str
    system: str
    item_id: str
    item_type: str
    src_lang: str
    tgt_lang: str
    score: float
    document: str
    is_document: bool
    mqm: str | None
    start_s: float
    end_s: float


def read_rows(data: bytes, name: str) -> list[ResultRow]:
    """Gives the rows of a file of 9 columns (DA), 11 (documents), or 12 (ESA and MQM).

    Two more columns at the end, with batch and item, are passed over.

    Raises:
        DataError: It is not UTF-8, or a row has other columns.
    """
    if len(data) > MAX_FILE_BYTES:
        raise DataError(
            f"{name!r} has {len(data) / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB are "
            "read.",
            hint="Keep the rows of one language pair.",
        )
    text = decode_utf8(data, name, hint="Save the file as UTF-8.").removeprefix("\ufeff")
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if cells:
                rows.append(_row(cells, reader.line_num, name))
    except csv.Error as error:
        raise DataError(f"{name!r} line {reader.line_num} is no CSV: {error}.") from None
    if not rows:
        raise DataError(f"{name!r} holds no results.", hint=_HINT)
    return rows


def written_rows(rows: Iterable[Sequence[str]], line_end: str) -> bytes:
    """Gives rows as a file; a name that would be a formula gets an apostrophe before it."""
    return "".join(quoted_line(map(_safe, cells), line_end) for cells in rows).encode()


def line_end_of(data: bytes) -> str:
    """Gives what ends the lines of a file: Windows' two characters, or a line feed."""
    return "\r\n" if data.find(b"\r\n") >= 0 else "\n"


def _row(cells: list[str], number: int, name: str) -> ResultRow:
    where = f"{name!r} line {number}"
    cells = [_plain(cell) for cell in cells]
    rest = cells[7:]
    document, is_document, mqm = "", False, None
    if len(rest) > 3 and rest[1] in ("True", "False"):
        document, is_document = rest[0], rest[1] == "True"
        rest = rest[2:]
        if len(rest) > 2 and not _is_number(rest[0]):
            mqm, rest = rest[0], rest[1:]
    if len(rest) not in (2, 4) or not all(map(_is_number, (cells[6], *rest[:2]))):
        raise DataError(f"{where} is no result of Appraise: it has {len(cells)} cells.", hint=_HINT)
    score = float(cells[6])
    if not 0 <= score <= 100:
        raise DataError(f"{where} has the score {cells[6]}, which is not from 0 to 100.")
    user, system, item_id, item_type, src_lang, tgt_lang = cells[:6]
    return ResultRow(
        number, tuple(cells), user, system, item_id, item_type, src_lang, tgt_lang, score,
        document, is_document, mqm, float(rest[0]), float(rest[1]),
    )  # fmt: skip


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _safe(cell: str) -> str:
    is_computed = is_formula(cell) and not _is_number(cell)
    return f"'{cell}" if is_computed or _plain(cell) != cell else cell


def _plain(cell: str) -> str:
    """Takes the apostrophe away that `_safe` set."""
    is_marked = cell.startswith("'") and is_formula(cell.lstrip("'"))
    return cell[1:] if is_marked else cell
