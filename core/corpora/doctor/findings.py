"""Findings on disk: the flagged rows of a corpus, with what is wrong with each.

A Parquet file with the columns split, number, source, target, document, mask and details; its
metadata say which check each bit of the mask stands for. The rows that a cleaning left out are
kept in the same form.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.corpora.doctor.checks import REASONS, mask_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COLUMNS = ("split", "number", "source", "target", "document", "mask", "details")
_GROUP_ROWS = 4000  # rows that are read for a page at least
_CHECKS_KEY = b"checks"


@dataclass(frozen=True)
class Finding:
    """A row with what is wrong with it.

    Attributes:
        split: train, dev or test.
        number: Its place in the split, from 0.
        source, target, document: As they stand in the corpus.
        reasons: Keys of reasons, in their fixed order.
        details: What exactly was found, in words; may be empty.
    """

    split: str
    number: int
    source: str
    target: str
    document: str
    reasons: tuple[str, ...]
    details: str = ""


class Findings:
    """Reads a file of findings; what is small of it is read once and kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: tuple[tuple[str | None, str | None, str], NDArray[np.int64]] | None = None

    @property
    def count(self) -> int:
        """How many rows are in it."""
        return len(self._masks)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each check flagged; those that flagged none are left out."""
        counts = {key: int((self._masks & bit != 0).sum()) for key, bit in self._bits.items()}
        return {key: count for key, count in counts.items() if count}

    def num_matching(
        self, *, check: str | None = None, split: str | None = None, search: str = ""
    ) -> int:
        """Gives how many rows `page` has to show in all."""
        return len(self._matching(check, split, search))

    def page(
        self,
        *,
        check: str | None = None,
        split: str | None = None,
        limit: int = 50,
        offset: int = 0,
        search: str = "",
    ) -> list[Finding]:
        """Gives some of the rows, in the order of the corpus.

        Args:
            check: Only rows that this check flagged; None = all.
            split: Only rows of this split; None = all.
            limit: At most so many.
            offset: How many are left out before them.
            search: Only rows that have this text on a side or in the name of their document, in
                whatever case.
        """
        return self._findings(self._matching(check, split, search)[offset : offset + limit])

    def numbers(self, split: str, keys: Collection[str] | None = None) -> NDArray[np.int64]:
        """Gives the places in a split of the rows that any of the checks flagged, in order."""
        is_meant = (self._splits == split) & (self._masks & self._mask(keys) != 0)
        found: NDArray[np.int64] = self._numbers[is_meant]
        return found

    def of_split(self, split: str) -> Iterator[Finding]:
        """Gives all rows of a split, in order."""
        import numpy as np

        places = np.flatnonzero(self._splits == split)
        for start in range(0, len(places), _GROUP_ROWS):
            yield from self._findings(places[start : start + _GROUP_ROWS])

    def _matching(self, check: str | None, split: str | None, search: str) -> NDArray[np.int64]:
        """Gives the places of rows in the file; those of the last question are kept."""
        import numpy as np

        question = (check, split, search)
        if self._last and self._last[0] == question:
            return self._last[1]
        is_meant = np.ones(self.count, bool)
        if check is not None:
            is_meant &= self._masks & self._mask([check]) != 0
        if split is not None:
            is_meant &= self._splits == split
        if search:
            is_meant &= self._having(search)
        found = np.flatnonzero(is_meant)
        self._last = question, found
        return found

    def _having(self, search: str) -> NDArray[np.bool_]:
        """Tells which rows have a text; a group of rows at a time, so that memory stays small."""
        import numpy as np
        import pyarrow.compute as pc  # type: ignore[import-untyped]

        parts = [np.zeros(0, bool)]
        for place in range(self._file.num_row_groups):
            table = self._file.read_row_group(place, columns=["source", "target", "document"])
            has = np.zeros(table.num_rows, bool)
            for column in table.columns:
                found = pc.match_substring(column, search, ignore_case=True)
                has |= found.to_numpy().astype(bool)
            parts.append(has)
        return np.concatenate(parts)

    def _findings(self, places: NDArray[np.int64]) -> list[Finding]:
        import numpy as np

        if not len(places):
            return []
        ends = self._group_ends
        groups = np.searchsorted(ends, places, side="right")
        found: list[Finding] = []
        for group in np.unique(groups).tolist():
            start = int(ends[group - 1]) if group else 0
            table = self._file.read_row_group(group).take(places[groups == group] - start)
            found.extend(map(self._finding, table.to_pylist()))
        return found

    def _finding(self, row: dict[str, Any]) -> Finding:
        mask = row.pop("mask")
        reasons = tuple(key for key, bit in self._bits.items() if mask & bit)
        return Finding(**row, reasons=reasons)

    def _mask(self, keys: Collection[str] | None) -> int:
        chosen = self._bits if keys is None else keys
        return sum(self._bits.get(key, 0) for key in set(chosen))

    @cached_property
    def _file(self) -> Any:
        import pyarrow.parquet as pq  # type: ignore[import-untyped]

        return pq.ParquetFile(self._path)

    @cached_property
    def _bits(self) -> dict[str, int]:
        """What the bits of this file mean, whatever checks there are by now."""
        keys = json.loads(self._file.schema_arrow.metadata[_CHECKS_KEY])
        return {key: 1 << place for place, key in enumerate(keys)}

    @cached_property
    def _group_ends(self) -> NDArray[np.int64]:
        import numpy as np

        metadata = self._file.metadata
        sizes = [metadata.row_group(place).num_rows for place in range(metadata.num_row_groups)]
        return np.cumsum(sizes, dtype=np.int64)

    @cached_property
    def _masks(self) -> NDArray[np.int64]:
        masks: NDArray[np.int64] = self._column("mask")
        return masks

    @cached_property
    def _numbers(self) -> NDArray[np.int64]:
        numbers: NDArray[np.int64] = self._column("number")
        return numbers

    @cached_property
    def _splits(self) -> Any:
        return self._column("split").astype(str)

    def _column(self, name: str) -> Any:
        return self._file.read(columns=[name]).column(name).to_numpy()


def write_findings(path: Path, findings: Iterable[Finding]) -> int:
    """Writes findings and gives how many there were; the file is whole or absent."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    temporary = path.with_name(f".{path.name}.partial")
    schema = _schema()
    count = 0
    try:
        with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
            batch: list[dict[str, Any]] = []
            for finding in findings:
                batch.append(_record(finding))
                count += 1
                if len(batch) == _GROUP_ROWS:
                    writer.write_table(pa.Table.from_pylist(batch, schema))
                    batch = []
            if batch:
                writer.write_table(pa.Table.from_pylist(batch, schema))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return count


def _record(finding: Finding) -> dict[str, Any]:
    record = {name: getattr(finding, name) for name in _COLUMNS if name != "mask"}
    record["mask"] = mask_of(finding.reasons)
    return record


def _schema() -> Any:
    import pyarrow as pa

    texts = pa.string()
    kinds = dict.fromkeys(_COLUMNS, texts) | {"number": pa.int64(), "mask": pa.int64()}
    return pa.schema(kinds, metadata={_CHECKS_KEY: json.dumps(list(REASONS)).encode()})
