"""Files that are whole or absent, and JSON lines read while they are being written."""

from __future__ import annotations

import errno
import json
import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import ConfigError, DataError


def utc_now() -> str:
    """Gives the time as UTC ISO-8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_json(path: Path, value: Any) -> None:
    """Writes `value` as JSON under a temporary name and renames it to `path`."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes `text` (UTF-8) under a temporary name, flushes it to disk and renames it to `path`."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `content` under a temporary name, flushes it to disk and renames it to `path`."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def unused_folder(folder: Path) -> Path:
    """Gives the resolved path of a folder that files can be written into: absent or empty.

    Raises:
        ConfigError: The folder holds something, or cannot be used.
    """
    try:
        target = folder.expanduser().resolve()
        is_taken = target.exists() and not (target.is_dir() and not any(target.iterdir()))
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"The folder {str(folder)[:200]!r} cannot be used: {reason}.", hint="Choose another."
        ) from None
    if is_taken:
        raise ConfigError(
            f"{target} is not an empty folder.", hint="Choose a folder that does not exist yet."
        )
    return target


def decode_utf8(data: bytes, name: str, *, hint: str) -> str:
    """Gives the text of an upload; a byte-order mark stays in it.

    Raises:
        DataError: It is not UTF-8; the sentence names file, line and byte.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name!r} is not UTF-8: line {line} holds the byte 0x{data[error.start]:02x}.",
            hint=hint,
        ) from None


def read_json(path: Path) -> Any:
    """Reads the JSON file at `path`."""
    return json.loads(path.read_text(encoding="utf-8"))


def append_json_line(path: Path, record: dict[str, Any]) -> None:
    """Appends `record` as one line in a single write, so that readers never see two mixed."""
    line = (json.dumps(record, ensure_ascii=False) + "\n").encode()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        written = os.write(descriptor, line)
        if written != len(line):
            # Half a line would swallow the next record once there is space again.
            os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


PIECE_BYTES = 1 << 20


class JsonLinesTail:
    """Reads a growing JSON-lines file piece by piece.

    Only whole lines are parsed; a file that became shorter is read again from its start; a
    line that is no JSON object (cut by a full disk) is passed over and counted in `num_broken`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.num_broken = 0
        self._offset = 0

    def read(self) -> list[dict[str, Any]]:
        """Gives the records that were completed since the last call, in file order."""
        return list(self.records())

    def records(self) -> Iterator[dict[str, Any]]:
        """Gives the same one by one; a long file is never in memory as a whole."""
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size < self._offset:
            self._offset = 0
        with self.path.open("rb") as file:
            file.seek(self._offset)
            rest = b""
            while self._offset + len(rest) < size:
                data = rest + file.read(min(PIECE_BYTES, size - self._offset - len(rest)))
                end = data.rfind(b"\n") + 1
                self._offset += end
                rest = data[end:]
                yield from self._parsed(data[:end])

    def _parsed(self, data: bytes) -> list[dict[str, Any]]:
        if not data:
            return []
        lines = data.decode("utf-8", errors="replace").split("\n")[:-1]
        try:
            # One parse of the whole piece is several times faster than one a line.
            records = json.loads("[" + ",".join(lines) + "]")
        except (ValueError, RecursionError):  # a number of 5,000 digits is an error of its own
            records = []
        if len(records) != len(lines):
            records = [self._parsed_line(line) for line in lines]
        whole = [record for record in records if isinstance(record, dict)]
        self.num_broken += len(records) - len(whole)
        return whole

    @staticmethod
    def _parsed_line(line: str) -> Any:
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            return None


def last_lines(path: Path, *, max_bytes: int = 20_000) -> str:
    """Gives the end of a text file, cut at a line start; an absent file gives an empty text."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(0, size - max_bytes))
            data = file.read(max_bytes)
    except FileNotFoundError:
        return ""
    if size > max_bytes:
        data = data[data.find(b"\n") + 1 :]
    return data.decode("utf-8", errors="replace")
