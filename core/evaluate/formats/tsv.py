"""Tab-separated columns with a header: source, references, tag, document, and a system each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import DataError
from core.evaluate.formats.decoding import lines_of
from core.evaluate.formats.upload import (
    TextsWithGaps,
    Upload,
    check_references,
    checked_name,
    name_from,
)

FORMAT = "tsv"
SUFFIXES = (".tsv", ".tab")

_SINGLE = ("source", "tag", "document", "hypothesis")
_REFERENCE = re.compile(r"reference(?:[ _-](.+))?", re.IGNORECASE)
_HINT = (
    "The first line names the columns: source, reference (or reference_1, reference_2 …), tag, "
    "document; every other one is a system."
)


def has_header(line: str) -> bool:
    """Whether a line names columns that are known."""
    return any(_known(cell) for cell in line.split("\t"))


def read_tsv(name: str, text: str) -> Upload:
    """Gives the columns; quotation marks are ordinary characters, so that no cell holds a tab.

    An empty cell is an empty text, but in a column of references it is a missing one.

    Raises:
        DataError: There is no header, a column is there twice, a row has another number of cells,
            or a segment has no reference.
    """
    lines = lines_of(text)
    num_blank = 0
    while lines and not lines[-1].strip():
        lines.pop()
        num_blank += 1
    header, *rows = lines
    names = _names(name, header)
    cells = _cells(name, rows, len(names))
    columns = dict(zip(names, zip(*cells, strict=True), strict=True))
    references: dict[str, TextsWithGaps] = {
        key.removeprefix("reference "): tuple(text or None for text in texts)
        for key, texts in columns.items()
        if key.startswith("reference ")
    }
    check_references(name, references, "row")
    return Upload(
        name,
        FORMAT,
        sources=columns.get("source"),
        references=references,
        systems=_systems(name, columns),
        tags=columns.get("tag"),
        documents=columns.get("document"),
        notes=("Blank lines at the end were left out.",) if num_blank else (),
    )


def _known(cell: str) -> str:
    """Gives the key of a column that is no system, empty for one that is."""
    found = cell.strip().lower()
    if found in _SINGLE:
        return found
    reference = _REFERENCE.fullmatch(cell.strip())
    if reference is None:
        return ""
    number = reference[1]
    return "reference ref" if number is None else f"reference {_reference_name(number)}"


def _reference_name(number: str) -> str:
    return f"ref-{number}" if number.isdecimal() else " ".join(number.split())


def _names(file: str, header: str) -> list[str]:
    """Gives the key of each column; systems as `system NAME`."""
    if not has_header(header):
        raise DataError(
            f"{file!r} has no header: its first line has {header.count(chr(9)) + 1} cells, none of "
            "which is a known column.",
            hint=_HINT,
        )
    names: list[str] = []
    for number, cell in enumerate(header.split("\t"), start=1):
        if not cell.strip():
            raise DataError(f"{file!r}: column {number} has no name.", hint=_HINT)
        known = _known(cell)
        key = known or f"system {checked_name(file, cell, 'system')}"
        if key in names:
            raise DataError(
                f"{file!r} has two columns {cell.strip()!r}: {names.index(key) + 1} and {number}.",
                hint="Give each column a name of its own.",
            )
        names.append(key)
    return names


def _cells(file: str, rows: Sequence[str], num_columns: int) -> list[list[str]]:
    if not rows:
        raise DataError(f"{file!r} holds a header and no segment.", hint="Add a row a segment.")
    found = []
    for number, row in enumerate(rows, start=2):
        cells = row.split("\t")
        if len(cells) != num_columns:
            raise DataError(
                f"{file!r} line {number} has {len(cells)} tab-separated cells, the header "
                f"{num_columns}.",
                hint="Quotation marks do not hold cells together: a text may hold neither a tab "
                "nor a line feed.",
            )
        found.append(cells)
    return found


def _systems(file: str, columns: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    systems = {
        key.removeprefix("system "): texts
        for key, texts in columns.items()
        if key.startswith("system ")
    }
    if "hypothesis" in columns:
        own = name_from(file)
        if own in systems:
            raise DataError(
                f"{file!r} has the columns 'hypothesis' and {own!r}, which is the file's own name.",
                hint="Rename one of the two columns.",
            )
        systems[own] = columns["hypothesis"]
    return systems
