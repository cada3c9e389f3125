"""What format a file is in: what it holds decides, and only where that is open, its ending."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from core.corpora.formats.encodings import (
    HEAD_BYTES,
    Encoding,
    encoding_of,
    known_codec,
    unicode_of,
)
from core.corpora.formats.files import InputFile, check_size, head_of
from core.corpora.formats.names import language_of_name
from core.errors import ConfigError, DataError

FORMATS = ("tmx", "xliff", "tsv", "csv", "json", "jsonl", "parquet", "text")

_JSON_SUFFIXES, _JSONL_SUFFIXES = (".json",), (".jsonl", ".ndjson")
_TSV_SUFFIXES, _CSV_SUFFIXES, _TEXT_SUFFIXES = (".tsv", ".tab"), (".csv",), (".txt", ".text")
_XML_SUFFIXES = (".tmx", ".xlf", ".xliff", ".xml", ".mxliff", ".sdlxliff", ".mqxliff")

_BINARY = (
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_TEXT_LIKE = (b"MZ", b"BZh", b"GIF8", b"Rar!", b"%PDF-")  # a text may begin so, too

# What may stand before the root of an XML document; a document type may hold declarations.
_BEFORE_ROOT = re.compile(
    r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^<\[>]*(?:\[.*?\]\s*)?>\s*)*", re.DOTALL
)
_ROOT = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)")
_DECLARED = re.compile(r"<\?xml[^>]*?\sencoding\s*=\s*[\"']([\w.:-]+)[\"']")
_ARRAY_OF_OBJECTS = re.compile(r'\[\s*\{\s*["}]')
_OBJECT = re.compile(r'\{\s*["}]')


class Sniffed(NamedTuple):
    """Format and encoding of a file.

    Attributes:
        format: One of `FORMATS`.
        encoding: The codec is "" for Parquet, and for XML that does not name it.
    """

    format: str
    encoding: Encoding


def sniff(file: InputFile, chosen_encoding: str = "", languages: Sequence[str] = ()) -> Sniffed:
    """Gives the format and the encoding of a file.

    Args:
        file: Any file.
        chosen_encoding: Its encoding; "" = it is found out.
        languages: FLORES-200 codes of what is probably written there.

    Raises:
        DataError: It is empty, too long, a binary file or XML of another kind.
        ConfigError: There is no such encoding.
    """
    check_size(file)
    head = head_of(file, HEAD_BYTES)
    if head.startswith(b"PAR1"):
        return Sniffed("parquet", Encoding(""))
    marked = unicode_of(head)
    if marked is None:
        _refuse_binary(file, head)
    codec = known_codec(chosen_encoding) if chosen_encoding else ""
    probable = codec or (marked.codec if marked else "latin-1")
    decoder = codecs.getincrementaldecoder(probable)("replace")
    text = decoder.decode(head).removeprefix("\ufeff")
    kind = _xml_format(file, text)
    if kind:
        declared = Encoding(_declared_codec(text))
        return Sniffed(kind, Encoding(codec) if codec else marked or declared)
    if codec:
        has_mark = marked is not None and marked.has_mark and marked.codec == codec
        encoding = Encoding(codec, has_mark)
    else:
        encoding = marked or encoding_of(file, languages)
    return Sniffed(_text_format(file, text), encoding)


def _refuse_binary(file: InputFile, head: bytes) -> None:
    known = next((what for start, what in _BINARY if head.startswith(start)), "")
    is_text_like = head.startswith(_TEXT_LIKE) and b"\0" not in head and _is_utf8(head)
    if known and not is_text_like:
        raise DataError(f"{file.name!r} is {known}, not a text file.", hint=_HINT)
    if b"\0" in head:
        line = head.count(b"\n", 0, head.index(0)) + 1
        raise DataError(
            f"{file.name!r} is a binary file, not text: line {line} holds a zero byte.", hint=_HINT
        )


_HINT = "Give TMX, XLIFF, TSV, CSV, JSON, JSONL, Parquet or two line-aligned text files."


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _xml_format(file: InputFile, text: str) -> str:
    """Gives "tmx" or "xliff", or "" for what is not XML."""
    before = _BEFORE_ROOT.match(text)
    root = _ROOT.match(text, before.end() if before else 0)
    name = root[1].lower() if root else ""
    if name in ("tmx", "xliff"):
        return name
    if file.suffix not in _XML_SUFFIXES:
        return ""
    if text.lstrip().startswith("<") and not root:  # declarations without end, perhaps hostile
        return "xliff" if "<xliff" in text or file.suffix not in (".tmx", ".xml") else "tmx"
    what = f"XML with the root <{name}>" if name else "no XML"
    raise DataError(
        f"{file.name!r} is {what}; translation memories have the root <tmx> or <xliff>.",
        hint="Export it as TMX 1.4 or as XLIFF 1.2 or 2.",
    )


def _declared_codec(text: str) -> str:
    declared = _DECLARED.match(text)
    try:
        return known_codec(declared[1]) if declared else "utf-8"
    except ConfigError:
        return ""  # the parser says what is wrong


def _text_format(file: InputFile, text: str) -> str:
    suffix = file.suffix
    if language_of_name(PurePath(file.name).name):
        # A text such as train.en may begin like anything, but en-ga.txt may be a table.
        return "tsv" if suffix in _TEXT_SUFFIXES and _has_even_tabs(file, text) else "text"
    kind = _json_format(suffix, text.lstrip())
    if kind:
        return kind
    if suffix in _TSV_SUFFIXES:
        return "tsv"
    if suffix in _CSV_SUFFIXES:
        return "csv"
    return "tsv" if _has_even_tabs(file, text) else "text"


def _has_even_tabs(file: InputFile, text: str) -> bool:
    """Whether each of the first rows holds as many tabs, and at least one."""
    rows = text.split("\n")
    if file.size_bytes > HEAD_BYTES and len(rows) > 1:
        rows = rows[:-1]  # a part of a row
    counts = {row.count("\t") for row in rows if row.strip()}
    return len(counts) == 1 and counts != {0}


def _json_format(suffix: str, text: str) -> str:
    """Gives "json" or "jsonl", or "" for what does not begin like either."""
    if _ARRAY_OF_OBJECTS.match(text):
        return "json"
    if _OBJECT.match(text):
        first, _, others = text.partition("\n")
        record = _parsed(first)
        if isinstance(record, dict):
            is_document = any(_is_array_of_objects(value) for value in record.values())
            return "json" if is_document and not others.strip() else "jsonl"
        return "jsonl" if suffix in _JSONL_SUFFIXES else "json"
    if suffix in _JSONL_SUFFIXES:
        return "jsonl"
    return "json" if suffix in _JSON_SUFFIXES else ""


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # also endless digits and nesting
        return None


def _is_array_of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
