"""Text files as UTF-8 or UTF-16, with the byte order mark that they came with."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from core.errors import DataError
from core.serving.documents.document import Upload

_HINT = "Save it as UTF-8 and try again."


@dataclass(frozen=True)
class DecodedText:
    """The text of a file and how it was stored.

    Attributes:
        text: The text without byte order mark, its newlines as they are.
        encoding: Name of the codec, which writes no byte order mark by itself.
        byte_order_mark: May be empty.
    """

    text: str
    encoding: str = "utf-8"
    byte_order_mark: bytes = b""

    def encoded(self, text: str) -> bytes:
        """Gives `text` as bytes in the same encoding."""
        return self.byte_order_mark + text.encode(self.encoding, errors="replace")


def decoded(file: Upload) -> DecodedText:
    """Decodes a file: UTF-8 with or without byte order mark, or UTF-16 with one.

    Raises:
        DataError: The file is in another encoding, or no text at all; names the byte.
    """
    encoding, mark = _encoding_of(file.data)
    try:
        text = file.data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        offset = len(mark) + error.start
        raise DataError(
            f"'{file.name}' is not text in {encoding.upper()}: byte {offset:,} cannot be read.",
            hint=_HINT,
        ) from None
    if "\0" in text:
        offset = len(mark) + len(text[: text.index("\0")].encode(encoding))
        raise DataError(
            f"'{file.name}' is not a text file: byte {offset:,} is a null character.", hint=_HINT
        )
    return DecodedText(text, encoding, mark)


def _encoding_of(data: bytes) -> tuple[str, bytes]:
    marks = {
        "utf-8": codecs.BOM_UTF8,
        "utf-16-le": codecs.BOM_UTF16_LE,
        "utf-16-be": codecs.BOM_UTF16_BE,
    }
    # The mark of UTF-32 starts like that of UTF-16; read so, the file is full of null characters.
    for encoding, mark in marks.items():
        if data.startswith(mark):
            return encoding, mark
    return "utf-8", b""
