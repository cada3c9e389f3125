"""The leaks that were found, row by row, as a Parquet file."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa  # type: ignore[import-untyped]

SIDES = ("source", "target")
BOTH = "both"
LEVELS = ("exact", "normalised", "near")  # the strongest first

# Levels as numbers, the greater the closer, and their names by number.
EXACT, NORMALISED, NEAR, NO_LEAK = 3, 2, 1, 0
LEVEL_NAMES = ("", *reversed(LEVELS))

_BATCH = 5_000  # leaks held in memory while they are written


@dataclass(frozen=True)
class Leak:
    """A held-out row that also stands elsewhere.

    Attributes:
        corpus: Name of the corpus of the held-out row; empty = the corpus that is reported on.
        split: Its split.
        number: Its place in its split, from 0.
        level: "exact", "normalised" or "near": the stronger one of its two sides.
        side: "source", "target" or "both": which of its sides stand there.
        overlap: 1 for equal texts, else shared n-grams as a share of those of the inner text.
        source_level: Level of the source; empty where it does not stand there.
        target_level: The same for the target.
        is_inside: True where (nearly) the other text lies inside the held-out one.
        other_corpus: Name of the corpus where it stands; empty = the one that is reported on.
        other_split: The split where it stands.
        other_number: The row there, from 0.
        source: The held-out source.
        target: The held-out target.
        other_source: The text of the other row that was compared with the source; it stands on the
            other row's target side where that corpus has the languages the other way round.
        other_target: The same for the target.
    """

    corpus: str
    split: str
    number: int
    level: str
    side: str
    overlap: float
    source_level: str
    target_level: str
    is_inside: bool
    other_corpus: str
    other_split: str
    other_number: int
    source: str
    target: str
    other_source: str
    other_target: str

    @property
    def text(self) -> str:
        """The held-out text that leaks; the source where both sides do."""
        return self.target if self.side == "target" else self.source


@dataclass(frozen=True)
class LeakPage:
    """Some of the leaks that a filter lets through.

    Attributes:
        leaks: By split and number of the held-out row, the strongest level first.
        total: How many the filter lets through.
    """

    leaks: tuple[Leak, ...]
    total: int


class LeakWriter:
    """Takes leaks one by one and writes them in portions."""

    def __init__(self, writer: Any, schema: pa.Schema) -> None:
        self._writer = writer
        self._schema = schema
        self._waiting: list[Leak] = []
        self.count = 0

    def add(self, leak: Leak) -> None:
        """Writes a leak."""
        self._waiting.append(leak)
        self.count += 1
        if len(self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Writes what waits."""
        import pyarrow as pa

        if self._waiting:
            columns = [
                _column([getattr(leak, field.name) for leak in self._waiting], field.type)
                for field in self._schema
            ]
            self._writer.write_table(pa.table(columns, schema=self._schema))
            self._waiting.clear()


@contextmanager
def writing_leaks(path: Path) -> Iterator[LeakWriter]:
    """Gives what leaks are added to; the file is whole or, after an error, as it was before."""
    from pyarrow import parquet

    schema = _schema()
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with parquet.ParquetWriter(temporary, schema, compression="zstd") as file:
            writer = LeakWriter(file, schema)
            yield writer
            writer.flush()
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class Leaks:
    """Reads the leaks of a report, a page at a time."""

    def __init__(self, path: Path) -> None:
        """Opens the file of a report.

        Raises:
            DataError: There is none.
        """
        if not path.is_file():
            raise DataError(
                "Leakage was not checked: there is no report.", hint="Run the leakage check."
            )
        self._path = path

    def page(
        self,
        *,
        offset: int = 0,
        limit: int = 50,
        level: str = "",
        side: str = "",
        split: str = "",
        other_split: str = "",
        search: str = "",
    ) -> LeakPage:
        """Gives leaks from `offset` on.

        Args:
            offset: How many to leave out.
            limit: How many to give at most.
            level: Only of this level; empty = any.
            side: "source" or "target": that side stands elsewhere, alone or with the other one;
                "both": both do; empty = any.
            split: Only held-out rows of this split.
            other_split: Only rows that stand in this split.
            search: Only leaks with this in one of the four texts, in upper or lower case.
        """
        import numpy as np
        import pyarrow as pa

        found = self._read([*_ORDER, "side", *(_TEXTS if search else ())])
        wanted = {"level": [level], "side": _sides(side), "split": [split]}
        is_kept = _matching(found, wanted | {"other_split": [other_split]}, search)
        places = np.flatnonzero(is_kept)
        columns = [
            _ranks(found[name]) if name == "level" else found[name].to_numpy() for name in _ORDER
        ]
        order = np.lexsort([column[places] for column in reversed(columns)])
        chosen = places[order][offset : offset + limit]
        rows = self._dataset().take(pa.array(chosen)).to_pylist() if len(chosen) else []
        return LeakPage(tuple(Leak(**row) for row in rows), len(places))

    def rows_of_train(
        self, *, levels: Collection[str] = LEVELS, sides: Collection[str] = SIDES
    ) -> npt.NDArray[np.int64]:
        """Gives the numbers of this corpus's train rows in which held-out segments stand, sorted.

        Args:
            levels: Which levels count.
            sides: Which sides of the held-out segment count.
        """
        import numpy as np

        found = self._read(
            ["other_corpus", "other_split", "other_number", *(f"{side}_level" for side in sides)]
        )
        is_train = _matching(found, {"other_corpus": [""], "other_split": ["train"]})
        leaks = np.zeros(found.num_rows, np.bool_)
        for side in sides:
            leaks |= _matching(found, {f"{side}_level": list(levels)})
        return np.unique(found["other_number"].to_numpy()[is_train & leaks])

    def _read(self, columns: list[str]) -> pa.Table:
        return self._dataset().to_table(columns=columns)

    def _dataset(self) -> Any:
        from pyarrow import dataset

        return dataset.dataset(self._path)


_ORDER = ("split", "number", "level", "other_split", "other_number")
_TEXTS = ("source", "target", "other_source", "other_target")


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    return pa.schema([(field.name, kinds[str(field.type)]) for field in fields(Leak)])


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array(map(_storable, values), kind)


def _storable(value: Any) -> Any:
    """Shows half a character (a lone surrogate), which UTF-8 cannot hold, as a question mark."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _sides(side: str) -> list[str]:
    return [side, BOTH] if side in SIDES else [side]


def _matching(
    found: pa.Table, wanted: dict[str, list[str]], search: str = ""
) -> npt.NDArray[np.bool_]:
    """Tells for each row whether all columns hold one of the wanted values; [""] is only empty."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc  # type: ignore[import-untyped]

    is_kept = np.ones(found.num_rows, np.bool_)
    for name, values in wanted.items():
        if values != [""] or name == "other_corpus":
            is_kept &= pc.is_in(found[name], pa.array(values, pa.string())).to_numpy()
    if search:
        hits = np.zeros(found.num_rows, np.bool_)
        for name in _TEXTS:
            hits |= pc.match_substring(found[name], search, ignore_case=True).to_numpy()
        is_kept &= hits
    return is_kept


def _ranks(levels: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    return np.asarray(pc.index_in(levels, pa.array(LEVELS, pa.string())).to_numpy())
