"""From the bytes of an upload to its text: UTF-8 only, and what is not is named."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import DataError
from core.evaluate.formats.upload import MAX_FILE_BYTES
from core.storage.files import decode_utf8

# First bytes -> what kind of file it is, and what to do instead.
_SIGNATURES = (
    (b"%PDF", "a PDF", "Copy the text into a plain text file, one segment a line."),
    (b"PK\x03\x04", "a zip archive (as .xlsx and .docx are)", "Unpack it, or save as TSV."),
    (b"\xd0\xcf\x11\xe0", "an old Office file", "Save it as TSV or plain text in UTF-8."),
    (b"\x1f\x8b", "compressed by gzip", "Unpack it first."),
    (b"BZh", "compressed by bzip2", "Unpack it first."),
    (b"\xfd7zXZ", "compressed by xz", "Unpack it first."),
    (b"(\xb5/\xfd", "compressed by zstd", "Unpack it first."),
    (b"\x89PNG", "an image", "Give the text itself."),
    (b"\xff\xd8\xff", "an image", "Give the text itself."),
    (b"\xff\xfe", "in UTF-16", "Save it as UTF-8."),
    (b"\xfe\xff", "in UTF-16", "Save it as UTF-8."),
)
_BYTE_ORDER_MARK = "\ufeff"
_XML_ENCODING = re.compile(r"""\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([^"']{1,40})""")


@dataclass(frozen=True)
class Decoded:
    """Text whose lines end in a line feed, and what was left out to get there."""

    text: str
    notes: tuple[str, ...]


def decode(name: str, data: bytes) -> Decoded:
    """Gives the text of an upload without byte-order mark and carriage returns at line ends.

    Raises:
        DataError: It is empty, too large, no text, or not UTF-8.
    """
    _check(name, data)
    hint = "Save it as UTF-8; files from Windows are often in Windows-1252."
    text = decode_utf8(data, name, hint=hint)
    notes = []
    if text.startswith(_BYTE_ORDER_MARK):
        text = text.removeprefix(_BYTE_ORDER_MARK)
        notes.append("The file begins with a byte-order mark, which was left out.")
    num_ends = text.count("\r\n")
    if num_ends:
        text = text.replace("\r\n", "\n")
        notes.append(
            f"{_lines(num_ends)} in CRLF, as Windows writes; the carriage returns were left out."
        )
    if not text.strip():
        raise DataError(f"{name!r} holds only blank lines.", hint="Choose a file with segments.")
    _check_declared_encoding(name, text)
    return Decoded(text, tuple(notes))


def lines_of(text: str) -> list[str]:
    """Gives the lines; only a line feed ends one, and what follows the last is no line."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _lines(count: int) -> str:
    return f"{count:,} line{'s end' if count != 1 else ' ends'}"


def _check(name: str, data: bytes) -> None:
    if not data:
        raise DataError(f"{name!r} is empty.", hint="Choose a file that holds segments.")
    if len(data) > MAX_FILE_BYTES:
        raise DataError(
            f"{name!r} has {len(data) / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB are "
            "read.",
            hint="Give the systems one file each.",
        )
    for signature, kind, hint in _SIGNATURES:
        if data.startswith(signature):
            raise DataError(f"{name!r} is {kind}, not plain text in UTF-8.", hint=hint)
    at = data.find(b"\0")
    if at >= 0:
        raise DataError(
            f"{name!r} is no text in UTF-8: byte {at + 1} is zero.",
            hint="Save it as plain text in UTF-8; a file in UTF-16 holds such bytes.",
        )


def _check_declared_encoding(name: str, text: str) -> None:
    found = _XML_ENCODING.match(text)
    if found and found[1].lower().replace("_", "-") not in ("utf-8", "utf8", "us-ascii", "ascii"):
        raise DataError(
            f"{name!r} says in its first line that it is in {found[1]!r}.",
            hint="Save it as UTF-8, in its first line as well.",
        )
