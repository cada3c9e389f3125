"""Checks for what comes again and again in a split, by hashes of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def occurrences(keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Gives for each row how often its key stood above, and where it stood first.

    A key of 0 stands for nothing: it occurs once only.
    """
    import numpy as np

    rows = np.arange(len(keys))
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    is_start = np.ones(len(keys), bool)
    is_start[1:] = (ordered[1:] != ordered[:-1]) | (ordered[1:] == 0)
    # Where the group of each row starts, in the sorted order.
    starts = np.maximum.accumulate(np.where(is_start, rows, 0))
    above, first = np.empty_like(rows), np.empty_like(rows)
    above[order] = rows - starts
    first[order] = order[starts]
    return above, first


def rows_over(keys: NDArray[np.uint64], limit: int) -> NDArray[np.int64]:
    """Gives the rows whose key stood `limit` times or more above them."""
    import numpy as np

    return np.flatnonzero(occurrences(keys)[0] >= limit)


def rows_with_many(
    keys: NDArray[np.uint64], others: NDArray[np.uint64], limit: int
) -> NDArray[np.int64]:
    """Gives the rows of which the key came with `limit` different other sides before theirs."""
    import numpy as np

    above, first = occurrences(paired(keys, others))
    is_first = above == 0
    distinct = np.zeros(len(keys), np.int64)
    distinct[is_first] = occurrences(keys[is_first])[0]
    return np.flatnonzero(distinct[first] >= limit)


def paired(sources: NDArray[np.uint64], targets: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Gives one hash for two; 0 if either is 0."""
    import numpy as np

    mixed = sources * np.uint64(0x9E3779B97F4A7C15) + targets
    mixed[mixed == 0] = 1
    mixed[(sources == 0) | (targets == 0)] = 0
    return mixed
