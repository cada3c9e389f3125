"""Rows into files of a format, exactly: what is read back from them is what was written."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
import tempfile
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Literal

from core.corpora.formats.files import kind_at, shown_name
from core.corpora.formats.tmx_writing import FOOTER, header_of, unit_of
from core.corpora.segments import Row
from core.errors import ConfigError, DataError, HostError
from core.languages import html_tag

ExportFormat = Literal["tsv", "jsonl", "moses", "tmx", "parquet"]
SUFFIXES: dict[ExportFormat, str] = {
    "tsv": ".tsv",
    "jsonl": ".jsonl",
    "moses": ".zip",
    "tmx": ".tmx",
    "parquet": ".parquet",
}
_BATCH_ROWS = 5_000
_OF_OUTPUTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EPIPE, errno.ESPIPE)
_WAY_OUT = "Export it as JSONL, which holds any text."


def write(
    output: Path | BinaryIO,
    format: ExportFormat,
    rows: Iterable[Row],
    *,
    src_lang: str,
    tgt_lang: str,
    name: str = "corpus",
    has_documents: bool = True,
    line_breaks: Literal["refuse", "space"] = "refuse",
) -> int:
    """Writes rows one by one and gives how many there were.

    Args:
        output: A path, whose file is whole or absent afterwards, or a binary stream.
        format: "tsv" has a header and quoted cells; "moses" is a zip of two text files, NAME.SRC
            and NAME.TGT, which hold no documents.
        rows: What is written.
        src_lang: FLORES-200 code of the sources.
        tgt_lang: FLORES-200 code of the targets.
        name: Of the two files within "moses".
        has_documents: Whether documents are written; False keeps TSV and Parquet at two columns.
        line_breaks: Whether "moses" refuses line breaks within segments or makes them spaces.

    Raises:
        DataError: The format cannot hold a segment; the sentence names the row and a way out.
        HostError: The path cannot be written.
        ConfigError: A language or the format is unknown.
    """
    tags = html_tag(src_lang), html_tag(tgt_lang)
    if not has_documents:
        rows = (Row(row.source, row.target) for row in rows)
    with opened(output) as stream:
        if format == "moses":
            names = f"{shown_name(name)}.{tags[0]}", f"{shown_name(name)}.{tags[1]}"
            return _write_moses(stream, rows, names, is_joining=line_breaks == "space")
        if format == "tmx":
            return _write_tmx(stream, rows, *tags)
        return _write_records(stream, format, rows, 3 if has_documents else 2)


def _write_records(stream: BinaryIO, format: ExportFormat, rows: Iterable[Row], width: int) -> int:
    if format == "jsonl":
        return write_lines(stream, rows, lambda row, _: _json_line(row, width > 2))
    if format == "tsv":
        return _write_tsv(stream, rows, width)
    if format == "parquet":
        return _write_parquet(stream, rows, width)
    raise ConfigError(
        f"There is no export format {format!r}.", hint=f"There are {', '.join(SUFFIXES)}."
    )


def write_lines(stream: BinaryIO, rows: Iterable[Row], line_of: Callable[[Row, int], str]) -> int:
    """Writes what a function makes of each row and its number, from 1; gives how many there were.

    Raises:
        DataError: A row holds half a character.
    """
    count = 0
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH_ROWS)):
        written = [line_of(row, number) for number, row in enumerate(batch, start=count + 1)]
        stream.write(_encoded(written, count + 1))
        count += len(batch)
    return count


def refused(number: int, what: str, hint: str = _WAY_OUT) -> DataError:
    """Gives the sentence on a row that a format cannot hold."""
    return DataError(f"Row {number:,} holds {what}.", hint=hint)


@contextmanager
def opened(output: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Gives a stream; a path gets its file only when all is written.

    The file that a link leads to is replaced, not the link. Pipes and devices are written at once.

    Raises:
        HostError: It is a folder, or cannot be written.
    """
    if not isinstance(output, Path):
        yield output
        return
    kind = kind_at(output)
    if kind == "folder":
        raise _unwritable(output, "it is a folder")
    is_special = kind == "file" and not output.is_file()
    path = output if is_special else Path(os.path.realpath(output))
    temporary = path if is_special else path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        stream = temporary.open("wb")
    except OSError as error:
        raise _unwritable(output, error.strerror or str(error)) from None
    try:
        with stream:
            yield stream
            stream.flush()
            if not is_special:
                os.fsync(stream.fileno())
        if not is_special:
            temporary.replace(path)
    except BaseException as error:
        if not is_special:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _OF_OUTPUTS:
            raise _unwritable(output, error.strerror or str(error)) from None
        raise


def _unwritable(output: Path, cause: str) -> HostError:
    return HostError(
        f"{str(output)!r} cannot be written: {cause}.",
        hint="Give the path of a file in a folder that you may write to, with space left.",
    )


def _encoded(texts: list[str], first_number: int) -> bytes:
    try:
        return "".join(texts).encode()
    except UnicodeEncodeError:
        for number, text in enumerate(texts, start=first_number):
            if any("\ud800" <= character <= "\udfff" for character in text):
                raise _half_character(number) from None
        raise


def _half_character(number: int) -> DataError:
    return refused(number, "half a character (a lone surrogate)", "Remove it; no file holds it.")


def _write_tmx(stream: BinaryIO, rows: Iterable[Row], src_tag: str, tgt_tag: str) -> int:
    stream.write(header_of(src_tag).encode())
    count = write_lines(stream, rows, lambda row, number: unit_of(row, src_tag, tgt_tag, number))
    stream.write(FOOTER.encode())
    return count


class _Echo:
    """Gives back what `csv` writes, so that it makes lines."""

    def write(self, text: str) -> str:
        """Gives the text."""
        return text


def _write_tsv(stream: BinaryIO, rows: Iterable[Row], width: int) -> int:
    # Quotation marks around every cell tell the reader that they are no part of the corpus.
    writer: Any = csv.writer(_Echo(), delimiter="\t", quoting=csv.QUOTE_ALL, lineterminator="\n")

    def line_of(row: Row, number: int) -> str:
        line: str = writer.writerow(row[:width])
        if "\0" in line:
            raise refused(number, "a zero character, which no text file can hold")
        return line

    stream.write(writer.writerow(Row._fields[:width]).encode())
    return write_lines(stream, rows, line_of)


def _json_line(row: Row, has_documents: bool) -> str:
    record = {"source": row.source, "target": row.target}
    if has_documents:  # in each line: who reads the first ones must see that there are some
        record["document"] = row.document
    return json.dumps(record, ensure_ascii=False) + "\n"


def _write_moses(
    stream: BinaryIO, rows: Iterable[Row], names: tuple[str, str], *, is_joining: bool
) -> int:
    """Writes the sources into a zip and the targets beside it, until these can follow."""
    count = 0
    iterator = iter(rows)
    # A zip takes one file after the other.
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        tempfile.TemporaryFile() as targets,
    ):
        with archive.open(names[0], "w", force_zip64=True) as sources:
            while batch := list(islice(iterator, _BATCH_ROWS)):
                numbered = list(enumerate(batch, start=count + 1))
                for side, output in ((0, sources), (1, targets)):
                    written = [_line(row[side], n, is_joining=is_joining) for n, row in numbered]
                    output.write(_encoded(written, count + 1))
                count += len(batch)
        targets.seek(0)
        with archive.open(names[1], "w", force_zip64=True) as copied:
            shutil.copyfileobj(targets, copied, 1 << 20)
    return count


def _line(text: str, number: int, *, is_joining: bool) -> str:
    if "\n" in text or "\r" in text:
        if not is_joining:
            raise refused(
                number,
                "a line break, which line-aligned files cannot hold",
                "Let line breaks become spaces, or export it as TSV, TMX or JSONL.",
            )
        text = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    if "\0" in text:
        raise refused(number, "a zero character, which no text file can hold")
    if number == 1 and text.startswith("\ufeff"):
        raise refused(number, "a byte-order mark at its start, which readers would take away")
    return text + "\n"


def _write_parquet(stream: BinaryIO, rows: Iterable[Row], width: int) -> int:
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet as pq

    schema = pa.schema([(name, pa.string()) for name in Row._fields[:width]])
    count = 0
    iterator = iter(rows)
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        while batch := list(islice(iterator, _BATCH_ROWS)):
            _encoded([row.source + row.target + row.document for row in batch], count + 1)
            columns = [pa.array(column, pa.string()) for column in zip(*batch, strict=True)]
            writer.write_batch(pa.record_batch(columns[:width], schema))
            count += len(batch)
    return count
