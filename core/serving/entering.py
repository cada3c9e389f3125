"""Folder and record of one id come and go together, also where a process is killed in between."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from core.errors import HostError

DELETED = ".deleted-"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lets one thread of one process at a time decide about a path, which need not exist.

    The lock is a file beside it; it is free again when the process that holds it is killed.

    Raises:
        HostError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f".{path.name}.lock").open("a")
    except OSError as error:
        raise HostError(
            f"Nothing can be written into {path.parent}: {error.strerror}.",
            hint="Free some space there, or check whose folder it is.",
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def set_aside(folder: Path) -> Iterator[None]:
    """Gives the folder another name while its record is deleted, then removes its files.

    What an earlier, killed process had set aside goes, too. The caller holds the lock of the
    folder around it, so that no other deletion is half done.

    Raises:
        HostError: The folder cannot be renamed.
    """
    aside = folder.with_name(f"{DELETED}{folder.name}-{uuid.uuid4().hex[:8]}")
    try:
        folder.rename(aside)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise HostError(
            f"The folder {folder} cannot be removed: {error.strerror}.",
            hint="Check whose folder it is.",
        ) from error
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            aside.rename(folder)
        raise
    for each in folder.parent.glob(f"{DELETED}*"):
        shutil.rmtree(each, ignore_errors=True)


def remove_orphan(folder: Path) -> None:
    """Removes what is left of a folder whose process was killed before its record was stored."""
    if folder.exists():
        with set_aside(folder):
            pass
