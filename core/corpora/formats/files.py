"""A file that somebody gave: on this machine, or uploaded and in memory."""

from __future__ import annotations

import errno
import io
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import BinaryIO, Literal, Protocol

from core.errors import DataError

MAX_FILE_BYTES = 300_000_000  # of a file as it is given, packed or plain
MAX_NAME_LENGTH = 200

# A name that no file can have is that of no file.
_NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)


class InputFile(Protocol):
    """A file whose bytes are read as a stream, as often as wanted."""

    @property
    def name(self) -> str:
        """What its owner calls it; shown in messages, never used as a path."""

    @property
    def max_bytes(self) -> int:
        """Above which size it is refused."""

    @property
    def size_bytes(self) -> int:
        """How long it is."""

    @property
    def suffix(self) -> str:
        """The lower-case ending of the name, with its dot."""

    def open(self) -> BinaryIO:
        """Gives a new stream from its start.

        Raises:
            DataError: It is gone, or cannot be read.
        """


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine.

    Attributes:
        name: What its owner calls it.
        path: Where it lies.
        max_bytes: Above which size it is refused.
    """

    name: str
    path: Path
    max_bytes: int = MAX_FILE_BYTES

    @property
    def size_bytes(self) -> int:
        """How long it is."""
        return self.path.stat().st_size

    @property
    def suffix(self) -> str:
        """The lower-case ending of the name, with its dot."""
        return suffix_of(self.name)

    def open(self) -> BinaryIO:
        """Gives a new stream from its start.

        Raises:
            DataError: It is gone, or cannot be read.
        """
        try:
            return self.path.open("rb")
        except OSError as error:
            raise DataError(
                f"{self.name!r} cannot be read: {error.strerror}.", hint="Give it again."
            ) from None


@dataclass(frozen=True)
class MemoryFile:
    """A file in memory, as uploads are; its bytes are never copied.

    Attributes:
        name: What its owner calls it.
        data: Its bytes.
        max_bytes: Above which size it is refused.
    """

    name: str
    data: bytes = field(repr=False)
    max_bytes: int = MAX_FILE_BYTES

    @property
    def size_bytes(self) -> int:
        """How long it is."""
        return len(self.data)

    @property
    def suffix(self) -> str:
        """The lower-case ending of the name, with its dot."""
        return suffix_of(self.name)

    def open(self) -> BinaryIO:
        """Gives a new stream from its start."""
        return io.BytesIO(self.data)


def local_file(path: Path) -> LocalFile:
    """Gives a file of this machine.

    Raises:
        DataError: There is none, it is a folder, or one may not look there.
    """
    kind = kind_at(path)
    if kind != "file":
        what = "is a folder, not a file" if kind == "folder" else "does not exist"
        raise DataError(f"{str(path)!r} {what}.", hint="Give the path of a file.")
    return LocalFile(shown_name(path.name), path)


def kind_at(path: Path) -> Literal["file", "folder", ""]:
    """Gives what stands at a path, as a person typed it; empty for nothing.

    Raises:
        DataError: One may not look there.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if error.errno in _NOTHING_THERE:
            return ""
        raise DataError(
            f"{str(path)!r} cannot be looked at: {error.strerror}.", hint="Give another path."
        ) from error
    return "folder" if stat.S_ISDIR(mode) else "file"


def uploaded_file(name: str, content: bytes | BinaryIO) -> MemoryFile:
    """Gives an upload; what is in memory already (`bytes`, `BytesIO`) is not copied."""
    if isinstance(content, io.BytesIO):
        content = content.getvalue()
    elif not isinstance(content, bytes):
        content.seek(0)
        content = content.read()
    return MemoryFile(shown_name(name), content)


def shown_name(name: str) -> str:
    """Gives the last part of a name, so that folders of its owner's machine are not shown.

    A name that is no UTF-8 comes as half characters, which no record can hold: they become "?".
    """
    last = PurePath(name.replace("\\", "/")).name.encode(errors="replace").decode()
    return last[-MAX_NAME_LENGTH:] if last not in ("", "..") else "file"


def suffix_of(name: str) -> str:
    """Gives the lower-case ending of a name, with its dot."""
    return PurePath(shown_name(name)).suffix.lower()


def head_of(file: InputFile, num_bytes: int) -> bytes:
    """Gives the first bytes, fewer where there are no more.

    Raises:
        DataError: The file cannot be read.
    """
    with file.open() as stream:
        return stream.read(num_bytes)


def check_size(file: InputFile) -> None:
    """Refuses an empty file and one that is too long.

    Raises:
        DataError: The sentence names the file and its size.
    """
    size = file.size_bytes
    if size == 0:
        raise DataError(f"{file.name!r} is empty.", hint="Choose a file that holds segments.")
    if size > file.max_bytes:
        raise DataError(
            f"{file.name!r} has {size / 1e6:,.0f} MB; at most {file.max_bytes / 1e6:,.0f} MB are "
            "read.",
            hint="Split the file and import the parts, or pack it as .zip or .gz.",
        )
