"""What a file is, seen from its start: format, encoding, columns, languages and first rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from core.corpora.formats.choice import (
    DOCUMENT_NAMES,
    SOURCE_NAMES,
    TARGET_NAMES,
    Choice,
    language_of_column,
)
from core.corpora.formats.encodings import ENCODINGS
from core.corpora.formats.files import InputFile
from core.corpora.formats.json_documents import json_records
from core.corpora.formats.json_lines import (
    NUM_SEEN,
    Record,
    json_line_records,
    keys_of,
    sample_of,
)
from core.corpora.formats.lines import lines
from core.corpora.formats.names import language_of_name, split_of_name, stem_of_name
from core.corpora.formats.parquet import parquet_columns, parquet_rows
from core.corpora.formats.sniffing import sniff
from core.corpora.formats.tables import table_of, table_rows
from core.corpora.formats.tmx import tmx_units
from core.corpora.formats.xliff import UNNAMED, UNNAMED_SOURCE, xliff_segments
from core.errors import DataError

NUM_SAMPLE = 20
XML_FORMATS = ("tmx", "xliff")
_NO_LANGUAGES = frozenset({"id", "no"})  # unless texts stand there, Indonesian and Norwegian
_NUM_UNITS = 1_000  # of XML: languages may begin late


@dataclass(frozen=True)
class Look:
    """What the start of a file shows.

    Attributes:
        format: One of `sniffing.FORMATS`.
        encoding: A key of `ENCODINGS`; empty where it does not apply.
        encoding_label: The same in words, with the byte-order mark where there is one.
        columns: Names of columns, keys, or languages; "1", "2" for tables without a header.
        has_header: Whether the first row of a table names its columns.
        languages: FLORES-200 code by column, for the columns whose names or file name tell one.
        sample: The first rows: text by column.
        split: "train", "dev" or "test" as the name says, or "".
        stem: The name without its language; line-aligned files have the same one.
        document_column: The column that names documents, or "".
        is_whole: Whether all languages of an XML file were seen, not only those of its start.
        read_as: What was known of how it is to be read.
    """

    format: str
    encoding: str
    encoding_label: str
    columns: tuple[str, ...]
    has_header: bool = False
    languages: Mapping[str, str] = field(default_factory=dict)
    sample: tuple[Mapping[str, str], ...] = ()
    split: str = ""
    stem: str = ""
    document_column: str = ""
    is_whole: bool = False
    read_as: Choice = field(default=Choice(), compare=False)

    @property
    def choice(self) -> Choice:
        """How the file is read if nobody chooses otherwise; columns are left to their names."""
        return self.read_as.changed(document=self.document_column, encoding=self.encoding)


def look(file: InputFile, choice: Choice | None = None, languages: Sequence[str] = ()) -> Look:
    """Gives what a file is, from its start; of a long one little is read.

    Args:
        file: A file that is no archive.
        choice: What is known already: encoding, quoting and header are followed.
        languages: FLORES-200 codes of what is probably written there; tell old encodings apart.

    Raises:
        DataError: The start of the file is not as its format wants it.
    """
    choice = choice or Choice()
    own = language_of_name(file.name)
    sniffed = sniff(file, choice.encoding, (own,) if own else languages)
    codec = sniffed.encoding.codec
    is_xml = sniffed.format in XML_FORMATS
    columns, rows, has_header = _seen(file, sniffed.format, codec, choice)
    if sniffed.format == "text":
        codes = {columns[0]: own} if own else {}
    else:
        codes = _languages_of(columns, rows, is_xml=is_xml)
    label = ENCODINGS.get(codec, "") + (" with BOM" if sniffed.encoding.has_mark else "")
    named = (column for column in columns if column.strip().lower() in DOCUMENT_NAMES)
    return Look(
        format=sniffed.format,
        encoding=codec,
        encoding_label=label,
        columns=columns,
        has_header=has_header,
        languages=codes,
        sample=tuple(rows[:NUM_SAMPLE]),
        split=split_of_name(file.name),
        stem=stem_of_name(file.name),
        document_column=next(named, "") if not is_xml and sniffed.format != "text" else "",
        is_whole=is_xml and len(rows) < _NUM_UNITS,
        read_as=choice,
    )


def roles_of(seen: Look, src_lang: str, tgt_lang: str) -> tuple[str, str]:
    """Gives the columns that are probably source and target; "" where nothing tells."""

    def column(names: Sequence[str], lang: str, place: int) -> str:
        by_name = [name for name in seen.columns if name.strip().lower() in names]
        by_lang = [name for name in seen.columns if seen.languages.get(name) == lang]
        by_place = [seen.columns[place]] if seen.columns == ("1", "2") else []
        return next(iter(by_name or by_lang or by_place), "")

    return column(SOURCE_NAMES, src_lang, 0), column(TARGET_NAMES, tgt_lang, 1)


def with_header(seen: Look, header: Literal["auto", "yes", "no"]) -> Look:
    """Gives what a table is if its first row is said to name the columns, or not to."""
    if header == "auto" or (header == "yes") == seen.has_header or not seen.columns:
        return seen
    if header == "yes":
        first, *rest = [list(row.values()) for row in seen.sample] or [list(seen.columns)]
        columns = [cell.strip() or name for cell, name in zip(first, seen.columns, strict=True)]
    else:
        rest = [list(seen.columns), *(list(row.values()) for row in seen.sample)]
        columns = [str(number) for number in range(1, len(seen.columns) + 1)]
    sample = [dict(zip(columns, cells, strict=True)) for cells in rest]
    named = (column for column in columns if column.lower() in DOCUMENT_NAMES)
    return replace(
        seen,
        columns=tuple(columns),
        has_header=header == "yes",
        languages=_languages_of(columns, sample, is_xml=False),
        sample=tuple(sample),
        document_column=next(named, ""),
        read_as=seen.read_as.changed(header=header),
    )


def texts_of(seen: Look, chosen: str) -> list[str]:
    """Gives the first texts of a column, or of a language with all its regional variants."""
    columns = [column for column in seen.columns if column == chosen]
    if not columns and (code := language_of_column(chosen)):
        columns = [column for column in seen.columns if seen.languages.get(column) == code]
    return [next((row[each] for each in columns if each in row), "") for row in seen.sample]


def xml_roles_of(seen: Look, src_lang: str, tgt_lang: str) -> tuple[str, str]:
    """Gives the languages of TMX and XLIFF that are source and target; "" where nothing tells.

    All regional variants of a language are meant by its code. What was not seen at the start of a
    long file may come later.
    """
    codes = set(seen.languages.values())
    source = src_lang if src_lang in codes else ""
    target = tgt_lang if tgt_lang in codes else ""
    unnamed = [name for name in (UNNAMED_SOURCE, UNNAMED) if name in seen.columns]
    if target and not source and unnamed:
        source = unnamed[0]
    elif source and not target and unnamed:
        target = unnamed[-1]
    if seen.is_whole:
        return source, target
    return source or src_lang, target or tgt_lang


def _languages_of(
    columns: Iterable[str], rows: Sequence[Mapping[str, str]], *, is_xml: bool
) -> dict[str, str]:
    codes = {column: code for column in columns if (code := language_of_column(column))}
    for column in _NO_LANGUAGES & codes.keys():
        if not is_xml and not any(" " in row.get(column, "") for row in rows):
            del codes[column]
    return codes


_Rows = list[dict[str, str]]


def _seen(
    file: InputFile, kind: str, codec: str, choice: Choice
) -> tuple[tuple[str, ...], _Rows, bool]:
    """Gives columns, first rows, and whether there is a header."""
    if kind in ("tsv", "csv"):
        table = table_of(file, kind, codec, choice)
        cells = islice(table_rows(file, codec, table), NUM_SAMPLE)
        rows = [dict(zip(table.columns, row, strict=True)) for _, row in cells]
        return table.columns, rows, table.has_header
    if kind == "text":
        texts = islice(lines(file, codec), NUM_SAMPLE)
        return ("1",), [{"1": text} for text in texts], False
    if kind in ("json", "jsonl"):
        read = json_records if kind == "json" else json_line_records
        records = [record for _, record in islice(read(file, codec), NUM_SEEN)]
        columns = keys_of(records)
        return columns, _of_records(records, columns), False
    if kind == "parquet":
        columns = parquet_columns(file)
        return columns, _of_parquet(file, columns), False
    return _of_xml(file, kind, codec)


def _of_records(records: Iterable[Record], columns: Sequence[str]) -> _Rows:
    return [sample_of(record, columns) for record in islice(records, NUM_SAMPLE)]


def _of_parquet(file: InputFile, columns: Sequence[str]) -> _Rows:
    """Gives the first texts of the columns that hold some."""
    rows: _Rows = [{} for _ in range(NUM_SAMPLE)]
    num_rows = 0
    for column in columns:
        try:
            texts = list(islice(parquet_rows(file, [column]), NUM_SAMPLE))
        except DataError:
            continue  # numbers, dates and the like are no texts
        num_rows = len(texts)
        for row, (text,) in zip(rows, texts, strict=False):
            row[column] = text or ""
    return rows[:num_rows]


def _of_xml(file: InputFile, kind: str, codec: str) -> tuple[tuple[str, ...], _Rows, bool]:
    found: dict[str, None] = {}
    rows: _Rows = []
    if kind == "tmx":
        for unit in islice(tmx_units(file, codec), _NUM_UNITS):
            found.update(dict.fromkeys(unit.texts))
            rows.append(unit.texts)
    else:
        for segment in islice(xliff_segments(file, codec), _NUM_UNITS):
            src_tag, tgt_tag = segment.src_tag or UNNAMED_SOURCE, segment.tgt_tag or UNNAMED
            found.update({src_tag: None, tgt_tag: None})
            rows.append({src_tag: segment.source, tgt_tag: segment.target or ""})
    return tuple(found), rows, False
