"""The features of the rows of a file, worked out chunk by chunk in several processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from core.corpora.doctor.row_features import RowFeatures, row_features
from core.corpora.doctor.settings import DoctorSettings
from core.corpora.segments import Row
from core.errors import HostError

# About 2,000 rows: enough for arrays to pay, soon done when the work is cancelled.
CHUNK_BYTES = 400_000

MAX_PROCESSES = 8
_SMALL_BYTES = 1_500_000  # about 5,000 rows: a process takes longer to start than they take


@dataclass(frozen=True)
class Chunk:
    """Whole lines of a file.

    Attributes:
        path: A split's file.
        start: First byte.
        size: In bytes.
    """

    path: Path
    start: int
    size: int


@dataclass(frozen=True)
class Task:
    """What is to be known about the rows of a split."""

    src_lang: str
    tgt_lang: str
    settings: DoctorSettings


def chunks_of(path: Path) -> Iterator[Chunk]:
    """Cuts a file at ends of lines; no file means none."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        start = 0
        while size := len(file.read(CHUNK_BYTES)):
            size += len(file.readline())
            yield Chunk(path, start, size)
            start += size


def features_of(chunk: Chunk, task: Task) -> RowFeatures:
    """Gives the features of the rows of a chunk."""
    with chunk.path.open("rb") as file:
        file.seek(chunk.start)
        lines = file.read(chunk.size).decode("utf-8").removesuffix("\n").split("\n")
    rows = []
    for line in lines:
        record = json.loads(line)
        rows.append(Row(record["source"], record["target"], record.get("document", "")))
    return row_features(rows, task.src_lang, task.tgt_lang, task.settings)


@contextmanager
def feature_reader(
    total_bytes: int, num_processes: int | None
) -> Iterator[Callable[[Path, Task], Iterator[tuple[Chunk, RowFeatures]]]]:
    """Gives what reads the features of a file chunk by chunk, in order.

    Processes of its own work for it if the files are large; they have ended when the context is
    left, whatever happened in it.

    Raises:
        HostError: A process was killed, most likely for want of memory.
    """
    num = num_processes or min(MAX_PROCESSES, len(os.sched_getaffinity(0)))
    if num == 1 or (num_processes is None and total_bytes < _SMALL_BYTES):
        yield lambda path, task: ((chunk, features_of(chunk, task)) for chunk in chunks_of(path))
        return
    # Spawned: a forked copy of a server with threads may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(num, mp_context=context, initializer=_ends_with_parent)
    try:
        yield lambda path, task: _ahead(pool, path, task, 2 * num)
    except BrokenProcessPool:
        raise HostError(
            "A process that checked segments was killed.",
            hint="Most likely memory ran out: close other programs, or use fewer processes.",
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ahead(
    pool: ProcessPoolExecutor, path: Path, task: Task, num_ahead: int
) -> Iterator[tuple[Chunk, RowFeatures]]:
    """Keeps some chunks ahead in work: enough for all processes, few enough for the memory."""
    waiting: deque[tuple[Chunk, Future[RowFeatures]]] = deque()
    for chunk in chunks_of(path):
        waiting.append((chunk, pool.submit(features_of, chunk, task)))
        if len(waiting) > num_ahead:
            first, future = waiting.popleft()
            yield first, future.result()
    for first, future in waiting:
        yield first, future.result()


def _ends_with_parent() -> None:
    """Ends this process with the one that started it, even if that was killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
