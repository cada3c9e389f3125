"""Statistics of segments kept on disk, so that a text is tokenized and matched only once."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from typing import Any, TypeAlias

import numpy as np

from core.metrics.lexical import Family
from core.metrics.measures import Rows
from core.metrics.progress import Progress, part_of
from core.metrics.statistics import References, StatisticsKind, extract_statistics

# Raised when the same key would hold other numbers.
FORMAT_VERSION = 1

# All files together; those that were used longest ago are deleted first.
MAX_BYTES = 2_000_000_000

_DIGEST_BYTES = hashlib.sha256().digest_size

logger = logging.getLogger(__name__)

_Wanted: TypeAlias = tuple[StatisticsKind, str]


class StatisticsCache:
    """A folder of statistics, one file for each kind, hypotheses and references.

    A file is written whole or not at all and carries a digest: processes may share the folder, and
    a damaged or foreign file counts as missing. Deleting any of them costs only time.
    """

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    def get(
        self, kind: StatisticsKind, hypotheses: Sequence[str], references: References
    ) -> Rows | None:
        """Gives the statistics of a system, (segments, k); None if they are not stored."""
        (path,) = self._paths([kind], {"": hypotheses}, references).values()
        return _read(path, kind)

    def missing(
        self,
        kinds: Sequence[StatisticsKind],
        systems: Mapping[str, Sequence[str]],
        references: References,
    ) -> list[_Wanted]:
        """Gives kind and system of all that is not stored yet."""
        paths = self._paths(kinds, systems, references)
        return [wanted for wanted, path in paths.items() if _read(path, wanted[0]) is None]

    def ensure(
        self,
        kinds: Sequence[StatisticsKind],
        systems: Mapping[str, Sequence[str]],
        references: References,
        *,
        weights: Mapping[Family, int] | None = None,
        on_progress: Progress | None = None,
    ) -> dict[StatisticsKind, dict[str, Rows]]:
        """Gives the statistics of all systems, by kind and system; extracts what is missing.

        Args:
            kinds: Which statistics; metrics that share a kind may each name it.
            systems: Hypotheses by the system's name.
            references: As for `extract_statistics`.
            weights: How much a hypothesis counts in the progress, by family; None: all count 1.
            on_progress: Told how many hypotheses of how many that were missing are done, all kinds
                together; to cancel, it raises, and kinds that were finished stay stored.

        Raises:
            DataError: As `extract_statistics`.
        """
        paths = self._paths(kinds, systems, references)
        found = {wanted: _read(path, wanted[0]) for wanted, path in paths.items()}
        absent: dict[StatisticsKind, dict[str, Sequence[str]]] = {}
        for (kind, name), rows in found.items():
            if rows is None:
                absent.setdefault(kind, {})[name] = systems[name]
        sizes = {kind: _size(kind, texts, weights) for kind, texts in absent.items()}
        done = 0
        for kind, texts in absent.items():
            progress = part_of(on_progress, done, sizes[kind], sum(sizes.values()))
            done += sizes[kind]
            found |= self._extracted(kind, texts, references, paths, progress)
        result: dict[StatisticsKind, dict[str, Rows]] = {kind: {} for kind in kinds}
        for (kind, name), known in found.items():
            if known is not None:
                result[kind][name] = known
        return result

    def _extracted(
        self,
        kind: StatisticsKind,
        texts: Mapping[str, Sequence[str]],
        references: References,
        paths: Mapping[_Wanted, Path],
        on_progress: Progress | None,
    ) -> dict[_Wanted, Rows]:
        extracted = extract_statistics(
            kind, list(texts.values()), references, on_progress=on_progress
        )
        found = {(kind, name): rows for name, rows in zip(texts, extracted, strict=True)}
        for wanted, rows in found.items():
            self._store(paths[wanted], rows)
        return found

    def _paths(
        self,
        kinds: Sequence[StatisticsKind],
        systems: Mapping[str, Sequence[str]],
        references: References,
    ) -> dict[_Wanted, Path]:
        of_references = _digest([list(each) for each in references])
        digests = {name: _digest(list(hypotheses)) for name, hypotheses in systems.items()}
        shared = [FORMAT_VERSION, version("sacrebleu"), of_references]
        return {
            (kind, name): self._folder
            / f"{kind.family}-{_digest([*shared, *astuple(kind), digests[name]])[:40]}.npy"
            for kind in kinds
            for name in systems
        }

    def _store(self, path: Path, rows: Rows) -> None:
        try:
            _write(path, rows)
            _shrink(self._folder, self._max_bytes)
        except OSError as error:
            # Nothing but time is lost when the disk is full.
            logger.warning("Statistics could not be stored in %s: %s", self._folder, error)


def _size(
    kind: StatisticsKind,
    texts: Mapping[str, Sequence[str]],
    weights: Mapping[Family, int] | None,
) -> int:
    """Gives how much the hypotheses of one kind count in the progress."""
    return sum(map(len, texts.values())) * (weights[kind.family] if weights else 1)


def _digest(values: list[Any]) -> str:
    # JSON tells apart what joined lines would not, such as an empty reference and none.
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _read(path: Path, kind: StatisticsKind) -> Rows | None:
    try:
        content = path.read_bytes()
        os.utime(path)  # what was used last is deleted last
    except OSError:
        return None
    digest, body = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != digest:
        logger.warning("%s is damaged; its statistics are extracted again.", path)
        return None
    rows: Rows = np.load(BytesIO(body), allow_pickle=False).astype(np.float64)
    return rows if rows.shape[1:] == (kind.num_columns,) else None


def _write(path: Path, rows: Rows) -> None:
    """Writes digest and rows under a temporary name and renames it; whole numbers take half."""
    whole = rows.astype(np.int32)
    body = BytesIO()
    np.save(body, whole if np.array_equal(whole, rows) else rows, allow_pickle=False)
    content = body.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        temporary.write_bytes(hashlib.sha256(content).digest() + content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _shrink(folder: Path, max_bytes: int) -> None:
    """Deletes what was used longest ago until the rest fits; others may delete at the same time.

    Files of sub-folders, where results and findings are kept, count and go as well.
    """
    known = []
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            facts = path.stat()
            if not S_ISREG(facts.st_mode):
                continue
            known.append((facts.st_mtime_ns, facts.st_size, path))
    num_bytes = sum(size for _, size, _ in known)
    for _, size, path in sorted(known):
        if num_bytes <= max_bytes:
            break
        path.unlink(missing_ok=True)
        num_bytes -= size
