"""Taking out of train what held-out segments stand in; held-out rows are never taken out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.corpora.leakage.leaks import LEVELS, SIDES, Leaks
from core.corpora.segments import Row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def leaking_train_rows(
    path: Path, *, levels: Collection[str] = LEVELS, sides: Collection[str] = SIDES
) -> npt.NDArray[np.int64]:
    """Gives the train rows (from 0, sorted) in which held-out segments stand.

    Args:
        path: File of leaks that a report wrote.
        levels: Which levels count; each row counts at the strongest one of each side.
        sides: "source", "target" or both: which sides of the held-out segment count.

    Raises:
        DataError: There is no such file.
    """
    return Leaks(path).rows_of_train(levels=levels, sides=sides)


def without_rows(rows: Iterable[Row], numbers: Iterable[int]) -> Iterator[Row]:
    """Gives rows without those with the given numbers (from 0, sorted)."""
    waiting = iter(numbers)
    next_out = next(waiting, None)
    for number, row in enumerate(rows):
        if number == next_out:
            next_out = next(waiting, None)
        else:
            yield row
