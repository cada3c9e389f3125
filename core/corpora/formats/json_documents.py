"""JSON documents: an array of objects, alone or as a value of an object, read as a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from core.corpora.formats.choice import Choice, columns_of
from core.corpora.formats.files import InputFile
from core.corpora.formats.json_lines import NUM_SEEN, Record, Repeating, keys_of, picked
from core.corpora.formats.lines import text_pieces
from core.corpora.formats.located import Located
from core.errors import DataError

_HINT = 'Give an array of objects such as [{"source": "…", "target": "…"}], or JSON lines.'
_READ_BYTES = 1 << 16

# An escape, or a pair of two for one character. yajl gives a question mark for half a pair.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F])|.|\Z)",
    re.DOTALL,
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONGEST_ESCAPE = 12


def json_records(file: InputFile, codec: str) -> Iterator[tuple[int, Record]]:
    """Gives the objects of the first array of objects, numbered from 1.

    Raises:
        DataError: It is no JSON, or holds no such array.
    """
    import ijson  # type: ignore[import-untyped]

    prefix = _prefix(file, codec)
    number = 0
    try:
        stream = _Utf8(file, codec)
        for number, record in enumerate(  # noqa: B007
            ijson.items(stream, prefix, map_type=_Noting, buf_size=_READ_BYTES), start=1
        ):
            if not isinstance(record, dict):
                raise DataError(f"{file.name!r} object {number:,} is no JSON object.", hint=_HINT)
            yield number, record
    except (ijson.JSONError, ValueError, RecursionError) as error:
        raise _no_json(file, number, error) from None


def rows_of_json(
    file: InputFile, codec: str, choice: Choice, src_lang: str, tgt_lang: str
) -> Iterator[Located]:
    """Gives the rows of a JSON document.

    Raises:
        DataError: The sentence names file, object and cause.
    """
    keys = keys_of(record for _, record in islice(json_records(file, codec), NUM_SEEN))
    columns = columns_of(file.name, keys, choice, src_lang, tgt_lang)
    yield from picked(file, json_records(file, codec), columns, "object")


class _Noting(Repeating):
    """An object that notes which keys were set twice."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self:
            self.repeated = self.repeated | {key}
        super().__setitem__(key, value)


class _Utf8:
    """A file as UTF-8, whatever it is in; half characters are refused."""

    def __init__(self, file: InputFile, codec: str) -> None:
        self._file = file
        self._pieces = text_pieces(file, codec)
        self._rest = b""
        self._waiting = b""
        self._num_lines = 0

    def read(self, size: int = -1) -> bytes:
        """Gives the next bytes; an empty result is the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                self._check(b"", is_end=True)
                return b""
            self._rest = piece.encode()
            self._check(self._rest)
        given = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(given) :]
        return given

    def _check(self, new: bytes, *, is_end: bool = False) -> None:
        """Refuses half a pair of escapes; one that the end of `new` may cut waits for more."""
        data, self._waiting = self._waiting + new, b""
        if _SURROGATE.search(data):
            for escape in _ESCAPE.finditer(data):
                if escape.start() > len(data) - _LONGEST_ESCAPE and not is_end:
                    self._waiting = data[escape.start() :]
                    break
                if escape[1]:
                    line = self._num_lines + data.count(b"\n", 0, escape.start()) + 1
                    raise DataError(
                        f"{self._file.name!r} line {line:,} holds half a character (a lone "
                        "surrogate).",
                        hint="An escape such as \\ud83d needs its second half right behind it.",
                    )
        else:
            last = data.rfind(b"\\", -_LONGEST_ESCAPE)
            if last >= 0:  # an odd number of backslashes begins an escape, an even one does not
                run = last + 1 - len(data[: last + 1].rstrip(b"\\"))
                self._waiting = data[last - (run - 1) % 2 :]
        self._num_lines += data.count(b"\n") - self._waiting.count(b"\n")


def _prefix(file: InputFile, codec: str) -> str:
    """Gives where the first array of objects stands, as ijson names it: "item", "data.item"."""
    import ijson

    open_array = None
    try:
        for prefix, event, _ in ijson.parse(_Utf8(file, codec), buf_size=_READ_BYTES):
            if event == "start_array" and "." not in prefix:
                open_array = f"{prefix}.item" if prefix else "item"
            elif event == "start_map" and prefix == open_array:
                return str(prefix)
            elif event == "end_array" and open_array == "item":
                break  # an empty array, or one of other things
    except (ijson.JSONError, ValueError, RecursionError) as error:
        raise _no_json(file, 0, error) from None
    raise DataError(f"{file.name!r} holds no array of JSON objects.", hint=_HINT)


def _no_json(file: InputFile, number: int, error: Exception) -> DataError:
    cause = str(error).strip().partition("\n")[0].strip().rstrip(".") or type(error).__name__
    where = f"behind object {number:,}" if number else "at its start"
    return DataError(f"{file.name!r} is not JSON {where}: {cause[:160]}.", hint=_HINT)
