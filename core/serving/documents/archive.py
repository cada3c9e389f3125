"""Zip archives from strangers: limits are checked before and while anything is unpacked."""

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

_IS_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Archive:
    """The members of an archive, in order; none is ever written to disk.

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
            _check(name, infos, len(data))
            members = {}
            for info in infos:
                with archive.open(info) as file:
                    # Not `read()`: it unpacks all that is there, whatever size was declared.
                    members[info.filename] = info, file.read(info.file_size)
                    if len(members[info.filename][1]) != info.file_size:
                        raise zipfile.BadZipFile(f"{info.filename} is cut short")
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        OSError,
        OverflowError,
        UnicodeDecodeError,
        ValueError,
    ) as error:
        raise DataError(f"'{name}' is a damaged archive: {error}.") from None
    return Archive(members)


def _check(name: str, infos: list[zipfile.ZipInfo], size_bytes: int) -> None:
    if len(infos) > MAX_MEMBERS:
        raise DataError(f"'{name}' holds {len(infos):,} files, more than {MAX_MEMBERS:,}.")
    if len({info.filename for info in infos}) < len(infos):
        raise DataError(f"'{name}' holds two files of the same name.")
    unpacked_bytes = sum(info.file_size for info in infos)
    if unpacked_bytes > MAX_UNPACKED_BYTES:
        raise DataError(
            f"'{name}' unpacks to {unpacked_bytes:,} bytes, more than {MAX_UNPACKED_BYTES:,}."
        )
    if unpacked_bytes > max(_SMALL_BYTES, MAX_RATIO * size_bytes):
        raise DataError(
            f"'{name}' unpacks to {unpacked_bytes // max(1, size_bytes):,} times its size,"
            f" more than {MAX_RATIO}."
        )
    for info in infos:
        if info.flag_bits & _IS_ENCRYPTED:
            raise DataError(f"'{name}' is encrypted.", hint="Save it without a password.")
        if info.compress_type not in _METHODS:
            raise DataError(f"'{name}' is packed in a way that no word processor uses.")
