"""Zip archives from strangers: limits are checked before and while anything is unpacked.

Word documents and xlsx files are such archives, too. Nothing is ever written to disk.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import DataError

MAX_MEMBERS = 5_000
MAX_UNPACKED_BYTES = 200_000_000
# Word's XML shrinks to a tenth or so, a table of equal rows to a fiftieth; a bomb to a thousandth.
MAX_RATIO = 150
_SMALL_BYTES = 5_000_000  # below this no ratio is a danger

_SIGNATURE = b"PK\x03\x04"
_ADDED_BY_MACOS = "__MACOSX/"
_IS_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Archive:
    """The members of an archive, in order.

    Attributes:
        members: Where each came from and what it holds, by the name in the archive.
    """

    members: Mapping[str, tuple[zipfile.ZipInfo, bytes]]

    def data(self, member: str) -> bytes | None:
        """Gives the bytes of a member; None if there is none of that name."""
        found = self.members.get(member)
        return found[1] if found else None

    def written(self, changed: Mapping[str, bytes]) -> bytes:
        """Gives the archive with some members changed, the order and times of all kept."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, (old, data) in self.members.items():
                info = zipfile.ZipInfo(name, old.date_time)
                info.compress_type = old.compress_type
                info.external_attr = old.external_attr
                archive.writestr(info, changed.get(name, data))
        return buffer.getvalue()


def read_archive(name: str, data: bytes) -> Archive:
    """Unpacks an archive in memory.

    Raises:
        DataError: It is no zip archive, is damaged or encrypted, or is too large when unpacked.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check(infos, len(data), name)
            return Archive({info.filename: (info, _content(archive, info)) for info in infos})
    except (
        zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, OverflowError,
        UnicodeDecodeError, ValueError,
    ) as error:  # fmt: skip
        raise DataError(
            f"{name!r} is a damaged archive: {str(error)[:200]}.", hint="Pack or save it again."
        ) from None


def is_archive(data: bytes) -> bool:
    """Whether a file begins as a zip archive does."""
    return data.startswith(_SIGNATURE)


def unpack(data: bytes, name: str) -> dict[str, bytes]:
    """Gives the files of an archive by the names they have in it, without what macOS adds.

    Raises:
        DataError: As for `read_archive`.
    """
    return {
        member: content
        for member, (info, content) in read_archive(name, data).members.items()
        if not info.is_dir() and not member.startswith(_ADDED_BY_MACOS)
    }


def pack(files: Mapping[str, bytes], *, is_small: bool = True) -> bytes:
    """Gives an archive of files, the same bytes for the same files.

    Args:
        files: By the names they have in it.
        is_small: Compress them.
    """
    method = zipfile.ZIP_DEFLATED if is_small else zipfile.ZIP_STORED
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.writestr(info, content)
    return output.getvalue()


def _check(infos: list[zipfile.ZipInfo], size_bytes: int, name: str) -> None:
    unpacked_bytes = sum(info.file_size for info in infos)
    fault, hint = "", "Divide it into several files."
    if len(infos) > MAX_MEMBERS:
        fault = f"holds {len(infos):,} files, more than {MAX_MEMBERS:,}"
    elif len({info.filename for info in infos}) < len(infos):
        fault, hint = "holds two files of the same name", "Pack or save it again."
    elif unpacked_bytes > MAX_UNPACKED_BYTES:
        fault = f"unpacks to {unpacked_bytes:,} bytes, more than {MAX_UNPACKED_BYTES:,}"
    elif unpacked_bytes > max(_SMALL_BYTES, MAX_RATIO * size_bytes):
        ratio = unpacked_bytes // max(1, size_bytes)
        fault = f"unpacks to {ratio:,} times its size, more than {MAX_RATIO}"
    elif any(info.flag_bits & _IS_ENCRYPTED for info in infos):
        fault, hint = "is encrypted", "Save it without a password."
    elif any(info.compress_type not in _METHODS for info in infos):
        fault, hint = "is packed in a rare way", "Pack it as an ordinary zip archive."
    if fault:
        raise DataError(f"{name!r} {fault}.", hint=hint)


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        # Not `read()`: it unpacks all that is there, whatever size was declared.
        content = file.read(info.file_size)
    if len(content) != info.file_size:
        raise zipfile.BadZipFile(f"{info.filename} is cut short")
    return content
