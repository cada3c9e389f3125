"""Rejected rows as a file to look through: with split, number and reasons.

These are for people, who open them in spreadsheets and translation tools: no cell is taken for a
formula, and characters that XML cannot hold are shown by their pictures (␀, ␛).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

from core.corpora.formats.tmx_writing import FOOTER, UNWRITABLE, header_of, unit_of
from core.corpora.formats.writing import opened
from core.corpora.segments import Row
from core.errors import ConfigError, DataError
from core.languages import html_tag
from core.storage.cells import is_formula, safe_cell

RejectedFormat = Literal["tmx", "tsv", "xlsx"]

# Limits of Excel.
MAX_SHEET_ROWS = 1_048_576
MAX_CELL_CHARS = 32_767


class Rejected(NamedTuple):
    """A row that a check rejected.

    Attributes:
        split: "train", "dev" or "test"; or "" before there are splits.
        number: Which row of it, from 1.
        source, target: The texts.
        reasons: Names of the checks that rejected it.
        details: What exactly was found, or the place in its file; may be empty.
    """

    split: str
    number: int
    source: str
    target: str
    reasons: tuple[str, ...]
    details: str = ""


def write_rejected(
    path: Path,
    format: RejectedFormat,
    rows: Iterable[Rejected],
    *,
    src_lang: str,
    tgt_lang: str,
) -> int:
    """Writes rejected rows and gives how many there were; the file is whole or absent.

    Args:
        path: Where to.
        format: "tmx", "tsv" or "xlsx".
        rows: With their reasons.
        src_lang: FLORES-200 code of the sources.
        tgt_lang: FLORES-200 code of the targets.

    Raises:
        DataError: There are more than a sheet holds.
        HostError: The path cannot be written.
        ConfigError: A language or the format is unknown.
    """
    tags = html_tag(src_lang), html_tag(tgt_lang)
    with opened(path) as stream:
        if format == "tmx":
            return _write_tmx(stream, rows, *tags)
        if format == "tsv":
            return _write_tsv(stream, rows)
        if format == "xlsx":
            return _write_xlsx(stream, rows)
        raise ConfigError(
            f"There is no format {format!r} for rejected rows.",
            hint="There are tmx, tsv and xlsx.",
        )


def _write_tmx(stream: BinaryIO, rows: Iterable[Rejected], src_tag: str, tgt_tag: str) -> int:
    stream.write(header_of(src_tag).encode())
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007
        props = [("x-number", str(row.number)), *(("x-reason", each) for each in row.reasons)]
        if row.split:
            props.insert(0, ("x-split", row.split))
        if row.details:
            props.append(("x-details", _pictured(row.details)))
        texts = Row(_pictured(row.source), _pictured(row.target))
        unit = unit_of(texts, src_tag, tgt_tag, row.number, props)
        stream.write(unit.encode())
    stream.write(FOOTER.encode())
    return count


def _write_tsv(stream: BinaryIO, rows: Iterable[Rejected]) -> int:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")
    count = -1
    for count, cells in enumerate(_table(rows)):  # noqa: B007
        writer.writerow([safe_cell(cell) for cell in cells])
        stream.write(buffer.getvalue().encode("utf-8", "replace"))
        buffer.seek(0)
        buffer.truncate()
    return count


def _write_xlsx(stream: BinaryIO, rows: Iterable[Rejected]) -> int:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("rejected")

    def cell_of(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        text = _pictured(value)
        if len(text) > MAX_CELL_CHARS:
            text = text[: MAX_CELL_CHARS - 1] + "…"
        cell = WriteOnlyCell(sheet, value=text)
        cell.data_type = "s"  # else openpyxl makes a formula of what begins with "="
        if is_formula(text):
            cell.quotePrefix = True  # Excel's apostrophe: text stays text when it is edited
        return cell

    count = -1
    try:
        for count, cells in enumerate(_table(rows)):  # noqa: B007
            if count >= MAX_SHEET_ROWS:
                raise DataError(
                    f"A sheet holds {MAX_SHEET_ROWS:,} rows, and more were rejected.",
                    hint="Download them as TSV or TMX.",
                )
            sheet.append([cell_of(cell) for cell in cells])
    except BaseException:
        sheet.close()  # ends its elements in order, else openpyxl complains when it is collected
        raise
    book.save(stream)
    return count


def _table(rows: Iterable[Rejected]) -> Iterable[tuple[Any, ...]]:
    yield Rejected._fields
    for row in rows:
        yield (*row[:4], ", ".join(row.reasons), row.details)


def _pictured(text: str) -> str:
    """Gives a text with pictures in place of what XML cannot hold."""
    shown = UNWRITABLE.sub(_picture, text)
    return shown.encode("utf-8", "replace").decode()


def _picture(found: Any) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"
