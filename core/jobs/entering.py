"""Folder and record of one id come and go together, also where a process is killed in between."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from core.errors import HostError
from core.storage.job_records import Job

DELETED = ".deleted-"


class JobRecord(Protocol):
    """A record that has a job, such as a version or a batch."""

    @property
    def id(self) -> str:
        """The id of record, job and folder."""
        ...

    @property
    def job(self) -> Job:
        """The job."""
        ...


R = TypeVar("R", bound=JobRecord)


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


def whole(record: R | None, folder: Path, delete: Callable[[str], None]) -> R | None:
    """Gives a record whose folder is there; what a killed process left of either is removed.

    The caller holds the lock.

    Args:
        record: None if there is none of this id.
        folder: Without a record it is what a start left that was not finished.
        delete: Removes an ended record without a folder: its deletion was not finished.
    """
    if record is None:
        if folder.exists():
            with set_aside(folder):
                pass
        return None
    if folder.exists() or not record.job.has_ended:
        return record
    delete(record.id)
    return None
