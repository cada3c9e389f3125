"""Where the rows of a split begin, so that any page of a million rows is read at once.

Of a large file, `train.jsonl.offsets` beside it holds the place of every 256th row. It is only an
aid: it is made anew when the file has changed, and done without where it cannot be written.
"""

from __future__ import annotations

import contextlib
import os
import struct
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from core.storage.files import write_bytes

STRIDE = 256
SUFFIX = ".offsets"

# Reading a smaller file through is quicker than looking for its index.
_MIN_BYTES = 1_000_000

_MAGIC = b"offsets1"
_HEADER = struct.Struct("<8sqqq")  # magic, size and time of change of the file, rows


@dataclass(frozen=True)
class RowIndex:
    """Where the rows of a file begin.

    Attributes:
        num_rows: Rows of the file.
        offsets: Bytes before row 0, 256, 512, …
    """

    num_rows: int
    offsets: tuple[int, ...]


def row_index(path: Path) -> RowIndex:
    """Gives the index of a split's file, from beside it or made anew; no file means no rows."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return RowIndex(0, ())
    with file:
        return _index(path, file)


def num_rows(path: Path) -> int:
    """Gives the number of rows of a split's file; no file means none."""
    return row_index(path).num_rows


def rows_between(path: Path, first: int, end: int) -> tuple[list[bytes], int]:
    """Gives lines of a file, from row `first` (from 0) up to `end`, and how many rows there are."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return [], 0
    with file:
        index = _index(path, file)
        if not first < min(end, index.num_rows):
            return [], index.num_rows
        file.seek(index.offsets[first // STRIDE])
        return list(islice(file, first % STRIDE, first % STRIDE + end - first)), index.num_rows


def _index(path: Path, file: BinaryIO) -> RowIndex:
    status = os.fstat(file.fileno())
    if status.st_size < _MIN_BYTES:
        return _made(file)
    sidecar = path.with_name(path.name + SUFFIX)
    found = _read(sidecar, status)
    if found is None:
        found = _made(file)
        header = _HEADER.pack(_MAGIC, status.st_size, status.st_mtime_ns, found.num_rows)
        with contextlib.suppress(OSError):  # a folder that is only for reading
            write_bytes(sidecar, header + struct.pack(f"<{len(found.offsets)}q", *found.offsets))
    return found


def _made(file: BinaryIO) -> RowIndex:
    offsets = []
    count = position = 0
    file.seek(0)
    for line in file:
        if not count % STRIDE:
            offsets.append(position)
        count += 1
        position += len(line)
    return RowIndex(count, tuple(offsets))


def _read(sidecar: Path, status: os.stat_result) -> RowIndex | None:
    """Gives what a sidecar holds; None if it is of another state of the file, or damaged."""
    try:
        data = sidecar.read_bytes()
        magic, size, changed, count = _HEADER.unpack_from(data)
    except (OSError, struct.error):
        return None
    num_offsets = -(-count // STRIDE)
    is_of_file = (magic, size, changed) == (_MAGIC, status.st_size, status.st_mtime_ns)
    if not is_of_file or len(data) != _HEADER.size + 8 * num_offsets:
        return None
    return RowIndex(count, struct.unpack_from(f"<{num_offsets}q", data, _HEADER.size))
