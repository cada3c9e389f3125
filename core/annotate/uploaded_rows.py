"""Rows of texts to judge: out of tables with a header, JSON lines and plain text files."""

from __future__ import annotations

import csv
import io
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from core.annotate.formats.growing import name_of_file
from core.annotate.formats.json_values import dict_of, parse_json, text_of
from core.annotate.formats.workbook import read_sheets, text_of_cell
from core.corpora.formats.files import MemoryFile
from core.errors import DataError
from core.storage.files import decode_utf8

_COLUMNS = {
    "document": ("document", "doc", "document_id"),
    "label": ("segment", "segment_id", "seg_id", "id"),
    "source": ("source", "src"),
    "reference": ("reference", "ref"),
}
_HINT = (
    "The first row names the columns: source, and if wanted document, segment and reference; every "
    "other column is a system."
)
_EXAMPLE = '{"source": "…", "document": "…", "outputs": {"A": "…", "B": "…"}}'


@dataclass(frozen=True)
class UploadedRow:
    """A segment with what systems made of it.

    Attributes:
        where: File and line, for messages.
        source: The text.
        outputs: By the name of the system; an empty text is no output.
        document, label: Its document, and its id; empty where the file does not say.
        reference: A human translation, or "".
    """

    where: str
    source: str
    outputs: dict[str, str] = field(default_factory=dict)
    document: str = ""
    label: str = ""
    reference: str = ""


def rows_of_table(file: MemoryFile) -> list[UploadedRow]:
    """Gives the rows of TSV, CSV or the first sheet of xlsx.

    In TSV quotation marks are ordinary characters; in CSV they hold cells together.

    Raises:
        DataError: There is no column of sources or no system, a column is there twice, or a row has
            more cells than the header.
    """
    header, *rows = _cells_of(file) or [[]]
    names = [_column(cell) for cell in header]
    systems = [name.removeprefix("system ") for name in names if name.startswith("system ")]
    twice = next((name for name in names if name and names.count(name) > 1), "")
    if "source" not in names or not systems or twice:
        fault = "has no column 'source'" if "source" not in names else "has no column of a system"
        if twice:
            fault = f"has two columns {twice.removeprefix('system ')[:60]!r}"
        raise DataError(f"{file.name!r} {fault}.", hint=_HINT)
    found = []
    for number, cells in enumerate(rows, start=2):
        if len(cells) > len(names) or any(
            cell for cell, name in zip(cells, names, strict=False) if not name
        ):
            raise DataError(
                f"{file.name!r} row {number} has {len(cells)} cells, the header {len(header)}.",
                hint=_HINT,
            )
        if any(cells):
            row = dict(zip(names, cells, strict=False))
            outputs = {name: row.get(f"system {name}", "") for name in systems}
            known = {name: row.get(name, "") for name in _COLUMNS}
            found.append(UploadedRow(f"{file.name!r} row {number}", outputs=outputs, **known))
    return found


def rows_of_json_lines(file: MemoryFile) -> list[UploadedRow]:
    """Gives the rows of JSON lines with all outputs of a segment, or with one output each.

    Of the latter those of different systems belong together by source and document; the same source
    may stand there several times.

    Raises:
        DataError: A line is no such object.
    """
    rows: list[UploadedRow] = []
    places: dict[tuple[str, str], list[int]] = {}
    next_places: dict[str, int] = {}
    for number, line in enumerate(lines_of(file), start=1):
        if not line.strip():
            continue
        row, is_whole = _row_of_json(line, f"{file.name!r} line {number}")
        known = places.setdefault((row.source, row.document), [])
        system = next(iter(row.outputs), "")
        at = bisect_left(known, next_places.get(system, 0))
        if is_whole or at == len(known):
            known.append(len(rows))
            rows.append(row)
        else:
            rows[known[at]].outputs.update(row.outputs)
        next_places[system] = known[at] + 1
    return rows


def rows_of_plain(files: Sequence[MemoryFile]) -> list[UploadedRow]:
    """Gives the lines of parallel files: the source, and one file a system.

    A file named `source` or `src` is the source, else the first one; `reference` or `ref` and
    `documents` are what they say, any other name is a system's.

    Raises:
        DataError: Only one file is given, or they have different numbers of lines.
    """
    parts = [(_role(file, place, files), file, lines_of(file)) for place, file in enumerate(files)]
    source = next(part for part in parts if part[0] == "source")
    for role, file, lines in parts:
        if len(lines) != len(source[2]):
            raise DataError(
                f"{file.name!r} has {len(lines):,} lines and {source[1].name!r} "
                f"{len(source[2]):,}.",
                hint="Each line is one segment, in the same order in all files; only a line feed "
                "ends a line.",
            )
        if sum(other == role for other, _, _ in parts) > 1:
            raise DataError(f"Two files are named {role.removeprefix('system ')!r}.")
    if not any(role.startswith("system ") for role, _, _ in parts):
        raise DataError(
            f"{source[1].name!r} alone holds no system's output.",
            hint="Give the sources and one file a system, or a table.",
        )
    rows = []
    for number, texts in enumerate(zip(*(lines for _, _, lines in parts), strict=True), start=1):
        by_role = {role: text for (role, _, _), text in zip(parts, texts, strict=True)}
        outputs = {
            role.removeprefix("system "): text
            for role, text in by_role.items()
            if role.startswith("system ")
        }
        known = {name: by_role.get(name, "") for name in _COLUMNS}
        rows.append(UploadedRow(f"{source[1].name!r} line {number}", outputs=outputs, **known))
    return rows


def lines_of(file: MemoryFile) -> list[str]:
    """Gives the lines of a UTF-8 file; only a line feed ends one, or Windows' two characters."""
    text = _decoded(file).replace("\r\n", "\n")
    return text.removesuffix("\n").split("\n")


def _decoded(file: MemoryFile) -> str:
    text = decode_utf8(file.data, file.name, hint="Save it as UTF-8.").removeprefix("\ufeff")
    if "\0" in text or not text.strip():
        fault = "holds zero bytes" if "\0" in text else "is empty"
        raise DataError(f"{file.name!r} {fault}.", hint="Give a text file in UTF-8.")
    return text


def _cells_of(file: MemoryFile) -> list[list[str]]:
    if file.suffix == ".xlsx":
        sheets = read_sheets(file.data, file.name)
        rows = next(iter(sheets.values()), [])
        return [[text_of_cell(cell) for cell in row] for row in rows]
    if file.suffix == ".csv":
        return list(_csv_cells(_decoded(file), file.name))
    return [line.split("\t") for line in lines_of(file)]


def _csv_cells(text: str, name: str) -> Iterable[list[str]]:
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise DataError(f"{name!r} line {reader.line_num} is no CSV: {error}.") from None


def _column(cell: str) -> str:
    """Gives the key of a column: one of `_COLUMNS`, `system NAME`, or nothing for a blank one."""
    name = " ".join(cell.split())
    known = (key for key, names in _COLUMNS.items() if name.lower() in names)
    return next(known, f"system {name}" if name else "")


def _row_of_json(line: str, where: str) -> tuple[UploadedRow, bool]:
    """Gives a row, and whether it holds the outputs of all systems."""
    record = dict_of(parse_json(line, where), where)
    texts = dict_of(record.get("outputs", record.get("hypotheses", {})), where)
    outputs = {" ".join(name.split()): text_of(texts, name, where, "") for name in texts}
    key = "hypothesis" if "hypothesis" in record else "output"
    if not outputs and ("system" not in record or key not in record):
        raise DataError(f"{where} names no output.", hint=f"Each line is like {_EXAMPLE}.")
    if not outputs:
        outputs = {" ".join(text_of(record, "system", where).split()): text_of(record, key, where)}
    row = UploadedRow(
        where,
        source=text_of(record, "source", where),
        outputs=outputs,
        document=text_of(record, "document", where, ""),
        label=text_of(record, "segment", where, ""),
        reference=text_of(record, "reference", where, ""),
    )
    return row, bool(texts)


def _role(file: MemoryFile, place: int, files: Sequence[MemoryFile]) -> str:
    known = {"source": "source", "src": "source", "reference": "reference", "ref": "reference",
             "documents": "document", "document": "document", "docs": "document"}  # fmt: skip
    stems = [name_of_file(each.name).lower() for each in files]
    has_source = any(known.get(stem) == "source" for stem in stems)
    if not has_source and place == 0:
        return "source"
    return known.get(stems[place], f"system {name_of_file(file.name)}")
