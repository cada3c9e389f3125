from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest

from core.errors import DataError
from core.storage import archive
from core.storage.archive import is_archive, pack, unpack


def test_what_is_packed_comes_back_the_same_bytes_each_time() -> None:
    files = {"../../etc/passwd": b"x", "tá/é.txt": "scéal".encode()}
    assert is_archive(pack(files))
    assert unpack(pack(files), "x.zip") == files
    assert pack(files) == pack(files)


def test_no_more_is_unpacked_than_a_member_declares() -> None:
    data = bytearray(pack({"a": bytes(20_000_000)}))
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<L", data, entry + 16, zlib.crc32(bytes(100)))
    struct.pack_into("<L", data, entry + 24, 100)
    assert unpack(bytes(data), "x.zip") == {"a": bytes(100)}


def test_what_macos_adds_is_passed_over() -> None:
    assert unpack(pack({"a": b"a", "__MACOSX/._a": b"\0"}), "x.zip") == {"a": b"a"}


def with_flag(data: bytes, flag: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into("<H", changed, data.index(b"PK\x01\x02") + 8, flag)
    return bytes(changed)


def packed_by(method: int) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as file:
        file.writestr("a", b"a" * 100)
    return output.getvalue()


DOUBLED = pack({"a": b"x", "b": b"y"}).replace(b"b", b"a")
FLIPPED = pack({"a": b"xyz"}, is_small=False).replace(b"xyz", b"xyy")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pack({"a": bytes(6_000_000)}), "unpacks to .* times its size, more than 150"),
        (with_flag(pack({"a": b"a"}), 1), "is encrypted"),
        (packed_by(zipfile.ZIP_LZMA), "is packed in a rare way"),
        (packed_by(zipfile.ZIP_BZIP2), "is packed in a rare way"),
        (DOUBLED, "holds two files of the same name"),
        (FLIPPED, "is a damaged archive"),
        (pack({"a": b"abc" * 100})[:-30], "is a damaged archive"),
        (pack({"a": b"abc" * 100}).replace(b"PK\x03\x04", b"PK\x03\x05"), "is a damaged archive"),
    ],
    ids=["bomb", "encrypted", "lzma", "bzip2", "doubled", "flipped bit", "cut", "signature"],
)
def test_archives_that_are_a_danger_or_damaged_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"'x.zip' {message}"):
        unpack(data, "x.zip")


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("MAX_UNPACKED_BYTES", "unpacks to 11 bytes, more than 2"),
        ("MAX_MEMBERS", "holds 3 files, more than 2"),
    ],
)
def test_limits_are_checked_before_anything_is_unpacked(
    monkeypatch: pytest.MonkeyPatch, limit: str, message: str
) -> None:
    data = pack({"a": b"01234567890", "b": b"", "c": b""})
    monkeypatch.setattr(archive, limit, 2)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("was unpacked"))
    with pytest.raises(DataError, match=message):
        unpack(data, "x.zip")
