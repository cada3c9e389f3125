"""Archives: the files within zip and gz, unpacked within limits, whatever the archive declares."""

from __future__ import annotations

import errno
import gzip
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.corpora.formats.files import InputFile, LocalFile, check_size, head_of, shown_name
from core.corpora.formats.names import split_of_name
from core.errors import DataError

MAX_UNPACKED_BYTES = 2_000_000_000  # of all members of all archives given together
MAX_MEMBERS = 1_000
MAX_RATIO = 200  # no text can be packed so tightly
_MIN_SUSPICIOUS_BYTES = 10_000_000
_PIECE_BYTES = 1 << 20

_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_EMPTY_ZIP = b"PK\x05\x06"
_PACKED = (
    _ZIP,
    _EMPTY_ZIP,
    _GZIP,
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\xfd7zXZ\0",
    b"BZh91AY",
)
_TAR = slice(257, 262)
# bz2 and lzma are unpacked in one go by Python, however much comes out.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENDING = re.compile(r"\.[A-Za-z0-9_-]{1,16}")
_ABOUT = re.compile(r"(readme|license|licence|copying|changelog)([._-].*)?", re.IGNORECASE)
_HINT = "Give a zip of TMX, XLIFF, TSV, CSV, JSON, JSONL, Parquet or text files."


def unpacked(files: Sequence[InputFile], into: Path) -> list[InputFile]:
    """Gives the files with those within archives in the archives' places.

    Args:
        files: Plain files, which are given back as they are, and archives, known by their content.
        into: An existing folder; members are written there as `0.tsv`, `1.en` and so on. What is no
            part of a corpus is left out: dot files, `__MACOSX`, README and licence.

    Raises:
        DataError: An archive is damaged, encrypted, far too large or within another; then nothing
            is left in the folder.
        OSError: The folder cannot be written, such as on a full disk; nothing is left in it either.
    """
    store = _Store(into)
    found: list[InputFile] = []
    try:
        for file in files:
            check_size(file)
            start = head_of(file, 4)
            if start.startswith((_ZIP, _EMPTY_ZIP)):
                found += _unzipped(file, store)
            elif start.startswith(_GZIP):
                name = file.name[:-3] if file.suffix == ".gz" else file.name
                with _readable(file), file.open() as stream, gzip.open(stream) as member:
                    found.append(store.add(file, name, member, shown=file.name))
            else:
                found.append(file)
    except BaseException:
        store.clear()
        raise
    return found


def by_name(files: Iterable[InputFile]) -> dict[str, InputFile]:
    """Gives files by their names.

    Raises:
        DataError: Two have one name, as `a.tsv` and an unpacked `a.tsv.gz` do.
    """
    found: dict[str, InputFile] = {}
    for file in files:
        if file.name in found:
            raise DataError(
                f"Two of the files are called {file.name!r}: give one another name.",
                hint="The name of an archived file counts as it is after unpacking.",
            )
        found[file.name] = file
    return found


class _Store:
    """The folder of unpacked files and how much is in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Path] = []
        self._num_bytes = 0

    def add(
        self, archive: InputFile, name: str, member: BinaryIO | gzip.GzipFile, *, shown: str
    ) -> InputFile:
        """Writes a member; only its ending becomes part of a path, messages call it `shown`."""
        ending = PurePosixPath(shown_name(name)).suffix
        ending = ending.lower() if _ENDING.fullmatch(ending) else ""
        path = self._folder / f"{len(self._made)}{ending}"
        self._made.append(path)
        most = max(_MIN_SUSPICIOUS_BYTES, MAX_RATIO * archive.size_bytes)
        num_bytes = 0
        with path.open("wb") as output:
            while piece := member.read(_PIECE_BYTES):
                if num_bytes == 0:
                    _refuse_nested(shown, piece)
                num_bytes += len(piece)
                self._num_bytes += len(piece)
                if num_bytes > most:
                    raise DataError(
                        f"{shown!r} unpacks to more than {MAX_RATIO} times the size of the "
                        "archive, as no text does.",
                        hint="Unpack it yourself and look at it before you import it.",
                    )
                if self._num_bytes > MAX_UNPACKED_BYTES:
                    raise DataError(
                        f"{archive.name!r} unpacks to more than "
                        f"{MAX_UNPACKED_BYTES / 1e6:,.0f} MB.",
                        hint="Import it in parts.",
                    )
                output.write(piece)
        return LocalFile(name, path, MAX_UNPACKED_BYTES)

    def clear(self) -> None:
        """Deletes what was written."""
        for path in self._made:
            path.unlink(missing_ok=True)


def _unzipped(file: InputFile, store: _Store) -> Iterator[InputFile]:
    with _readable(file), file.open() as stream, zipfile.ZipFile(stream) as archive:
        members = [member for member in archive.infolist() if _is_wanted(member)]
        _check(file, archive, members)
        names = _shown_names(file, members)
        num_packed = 0
        for member, name in zip(members, names, strict=True):
            with archive.open(member) as content:
                added = store.add(file, name, content, shown=name)  # type: ignore[arg-type]
            num_packed += added.size_bytes
            if added.size_bytes:
                yield added
        if num_packed > max(_MIN_SUSPICIOUS_BYTES, MAX_RATIO * file.size_bytes):
            raise DataError(
                f"{file.name!r} unpacks to more than {MAX_RATIO} times its size, as no text does.",
                hint="Unpack it yourself and look at it before you import it.",
            )


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    parts = _parts(member.filename)
    is_hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return bool(parts) and not (member.is_dir() or is_hidden or _ABOUT.fullmatch(parts[-1]))


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"[/\\]", name) if part not in ("", ".", "..")]


def _check(file: InputFile, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    if "[Content_Types].xml" in archive.namelist():
        raise DataError(
            f"{file.name!r} is an office document, not a corpus.",
            hint="Save the sheet as TSV or CSV in UTF-8.",
        )
    if not members:
        raise DataError(f"{file.name!r} holds no files.", hint=_HINT)
    if len(archive.infolist()) > MAX_MEMBERS:
        raise DataError(
            f"{file.name!r} holds {len(archive.infolist()):,} files; at most {MAX_MEMBERS:,} are "
            "read.",
            hint="Import it in parts.",
        )
    for member in members:
        name = f"{file.name}/{shown_name(member.filename)}"
        if member.flag_bits & 0x1:
            raise DataError(f"{name!r} is encrypted.", hint="Pack it without a password.")
        if member.compress_type not in _METHODS:
            raise DataError(
                f"{name!r} is packed by a method that is not read.",
                hint="Pack it anew as an ordinary zip ('deflate').",
            )


def _shown_names(file: InputFile, members: list[zipfile.ZipInfo]) -> list[str]:
    """Gives `ARCHIVE/NAME`, with folders only if names coincide or a folder names a split."""
    names = [shown_name(member.filename) for member in members]
    paths = [_parts(member.filename) for member in members]
    folders = {"/".join(path[:-1]) for path in paths}
    if max(Counter(names).values()) > 1 or any(map(split_of_name, folders)):
        names = ["/".join(map(shown_name, path)) for path in paths]
    return [f"{file.name}/{name}" for name in names]


def _refuse_nested(name: str, start: bytes) -> None:
    if start.startswith(_PACKED) or start[_TAR] == b"ustar":
        raise DataError(
            f"{name!r} is an archive within an archive.", hint="Unpack it, or pack the files once."
        )


@contextmanager
def _readable(file: InputFile) -> Iterator[None]:
    """Turns what a damaged archive raises into a sentence."""
    try:
        yield
    except (
        zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError,
        UnicodeDecodeError, ValueError, OSError,
    ) as error:  # fmt: skip
        # A place before the start of the archive is its fault, a full disk is not.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        cause = str(error).partition("\n")[0].rstrip(".")[:160] or type(error).__name__
        raise DataError(
            f"{file.name!r} is a damaged or truncated archive: {cause}.",
            hint="Download or pack it again.",
        ) from None
