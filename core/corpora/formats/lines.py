"""The lines of a text file, one by one: only a line feed ends one, or Windows' two characters."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from core.corpora.formats.encodings import undecodable
from core.corpora.formats.files import InputFile
from core.errors import DataError

MAX_LINE_CHARS = 10_000_000  # a longer one is no segment, and would be in memory as a whole

_PIECE_BYTES = 1 << 18


def text_pieces(file: InputFile, codec: str) -> Iterator[str]:
    """Gives the text of a file piece by piece, without its byte-order mark.

    Raises:
        DataError: It is not in this encoding, or holds zero bytes; the sentence names the line.
    """
    decoder = codecs.getincrementaldecoder(codec)()
    num_lines, is_start = 0, True
    with file.open() as stream:
        while True:
            data = stream.read(_PIECE_BYTES)
            try:
                piece = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(codec, "ignore")
                line = num_lines + before.count("\n") + 1
                raise undecodable(file.name, line, error.object[error.start], codec) from None
            if "\0" in piece:
                line = num_lines + piece.count("\n", 0, piece.index("\0")) + 1
                raise DataError(
                    f"{file.name!r} line {line:,} holds a zero byte: it is not plain text.",
                    hint="Save the file as plain text in UTF-8.",
                )
            num_lines += piece.count("\n")
            yield piece.removeprefix("\ufeff") if is_start else piece
            is_start = is_start and not piece
            if not data:
                return


def lines(file: InputFile, codec: str, *, keeps_ends: bool = False) -> Iterator[str]:
    """Gives the lines of a file, without what ends them unless it is to be kept.

    Raises:
        DataError: As `text_pieces`, a line is far too long, or no line feed ends any.
    """
    rest, num_lines = "", 0
    for piece in text_pieces(file, codec):
        text = rest + piece
        found = text.split("\n")
        rest = found.pop()
        num_lines += len(found)
        if len(rest) > MAX_LINE_CHARS:
            raise DataError(
                f"{file.name!r} line {num_lines + 1:,} is longer than {MAX_LINE_CHARS:,} "
                "characters.",
                hint="A line holds one segment; check that lines end with a line feed.",
            )
        if keeps_ends:
            for line in found:
                yield line + "\n"
        elif "\r" in text:
            for line in found:
                yield line[:-1] if line.endswith("\r") else line
        else:
            yield from found
    if not num_lines and rest.rstrip("\r").count("\r") > 1:
        raise DataError(
            f"{file.name!r} would be one line: its lines end with carriage returns alone, as on "
            "old Macs.",
            hint="Save it with line feeds (LF) as line ends.",
        )
    if rest:
        yield rest
