"""Texts to judge out of uploaded files: segments, systems, and what each made of each segment.

Texts stay as they are, with whatever script or direction characters they hold; the names of files
are only shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.annotate.campaign_data import JudgedSegment, JudgedSystem
from core.annotate.uploaded_rows import (
    UploadedRow,
    rows_of_json_lines,
    rows_of_plain,
    rows_of_table,
)
from core.corpora.formats.files import MemoryFile
from core.errors import DataError

MAX_FILE_BYTES = 50_000_000
MAX_FILES = 60
MAX_SEGMENTS = 100_000
MAX_SYSTEMS = 50
MAX_TEXT_LENGTH = 20_000
MAX_NAME_LENGTH = 200
MAX_LABEL_LENGTH = 64

TABLE_SUFFIXES = (".tsv", ".tab", ".csv", ".xlsx")
JSON_SUFFIXES = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class UploadedTexts:
    """What uploaded files hold.

    Attributes:
        segments: Those of a document stand together.
        systems: In the order of the files or columns.
        outputs: The text by (segment, system), both indices; a blank one is no output.
    """

    segments: tuple[JudgedSegment, ...]
    systems: tuple[JudgedSystem, ...]
    outputs: Mapping[tuple[int, int], str]


def read_texts(files: Sequence[MemoryFile]) -> UploadedTexts:
    """Gives the texts of one table (TSV, CSV, xlsx, JSON lines) or of parallel text files.

    Args:
        files: One table, or the sources and a file a system, one segment a line.

    Raises:
        DataError: A file is too large, cannot be read, or does not fit the others; the sentence
            names file and line.
    """
    if not 1 <= len(files) <= MAX_FILES:
        raise DataError(f"{len(files)} files were given; 1 to {MAX_FILES} are read together.")
    for file in files:
        if len(file.data) > MAX_FILE_BYTES:
            raise DataError(
                f"{file.name!r} has {len(file.data) / 1e6:.0f} MB; at most "
                f"{MAX_FILE_BYTES / 1e6:.0f} MB are read.",
                hint="Give fewer segments: nobody judges so many.",
            )
    first = files[0]
    tables = [file.name for file in files if file.suffix in (*TABLE_SUFFIXES, *JSON_SUFFIXES)]
    if tables and len(files) > 1:
        raise DataError(
            f"{tables[0]!r} is a table, which is read alone; {len(files)} files were given.",
            hint="Give one table with a column a system, or only plain text files.",
        )
    if first.suffix in TABLE_SUFFIXES:
        rows = rows_of_table(first)
    elif first.suffix in JSON_SUFFIXES:
        rows = rows_of_json_lines(first)
    else:
        rows = rows_of_plain(files)
    return _texts(rows, first.name)


def _texts(rows: Sequence[UploadedRow], name: str) -> UploadedTexts:
    if not 1 <= len(rows) <= MAX_SEGMENTS:
        raise DataError(f"{name!r} holds {len(rows):,} segments; 1 to {MAX_SEGMENTS:,} are read.")
    names = list(dict.fromkeys(system for row in rows for system in row.outputs))
    if len(names) > MAX_SYSTEMS:
        raise DataError(f"{name!r} holds {len(names)} systems; at most {MAX_SYSTEMS} are read.")
    for system in names:
        if not 1 <= len(system) <= MAX_NAME_LENGTH:
            raise DataError(
                f"{name!r} names a system with {len(system)} characters.",
                hint=f"Use 1 to {MAX_NAME_LENGTH} characters.",
            )
    for row in rows:
        _check(row)
    documents = {row.document: None for row in rows}
    places = {document: place for place, document in enumerate(documents)}
    ordered = sorted(enumerate(rows), key=lambda row: places[row[1].document])
    numbers: Counter[str] = Counter()
    segments = []
    for position, row in ordered:
        numbers[row.document] += 1
        segments.append(
            JudgedSegment(
                source=row.source,
                document=row.document,
                document_segment=str(numbers[row.document]) if row.document else "",
                label=row.label or str(position + 1),
                reference=row.reference or None,
            )
        )
    outputs = {
        (segment, system): text
        for segment, (_, row) in enumerate(ordered)
        for system, text in enumerate(row.outputs.get(name, "") for name in names)
        if text.strip()
    }
    return UploadedTexts(tuple(segments), tuple(map(JudgedSystem, names)), outputs)


def _check(row: UploadedRow) -> None:
    """Refuses a segment without source, a text that is too long, and one that cannot be kept."""
    if not row.source.strip():
        raise DataError(f"{row.where} has no source.", hint="Each segment needs one.")
    for text in (row.source, row.reference, row.document, *row.outputs.values()):
        if len(text) > MAX_TEXT_LENGTH:
            raise DataError(
                f"{row.where} holds a text of {len(text):,} characters; at most "
                f"{MAX_TEXT_LENGTH:,} are read.",
                hint="Divide it into segments.",
            )
        if "\0" in text:
            raise DataError(f"{row.where} holds a zero character.", hint="Remove it.")
    for what, found, most in (
        ("segment", row.label, MAX_LABEL_LENGTH),
        ("document", row.document, MAX_NAME_LENGTH),
    ):
        if len(found) > most:
            raise DataError(
                f"{row.where} names its {what} with {len(found)} characters.",
                hint=f"Use at most {most}.",
            )
