"""Counts of many numbers in bins that people can read, and where the middle and the ends lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)

_MAX_BINS = 40
_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Histogram:
    """How many values lie in which bin.

    Attributes:
        edges: Where bins begin and end, ascending; one more than bins. A bin holds its lower edge
            and not its upper one.
        counts: Values in each bin.
        num_below: Values below the first edge.
        num_above: Values at or above the last edge.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    num_below: int = 0
    num_above: int = 0

    @property
    def total(self) -> int:
        """All values, those outside of the edges, too."""
        return sum(self.counts) + self.num_below + self.num_above


@dataclass(frozen=True)
class Spread:
    """Mean, maximum and percentiles; each percentile is a value that occurs.

    Attributes:
        mean: The mean of all values.
        p1, p5, p25, p50, p75, p95, p99: At least so many per cent of the values are not larger.
        max: The largest value.
    """

    mean: float
    p1: float
    p5: float
    p25: float
    p50: float
    p75: float
    p95: float
    p99: float
    max: float


def histogram(values: ArrayLike, edges: Sequence[float]) -> Histogram:
    """Gives the counts of the values between the edges, and of those outside of them."""
    import numpy as np

    given = np.asarray(values)
    # Bin 0 is below the first edge, the last one is above all.
    bins = np.bincount(np.searchsorted(edges, given, side="right"), minlength=len(edges) + 1)
    below, *inside, above = (int(count) for count in bins)
    return Histogram(tuple(edges), tuple(inside), below, above)


def length_edges(lengths: ArrayLike) -> tuple[float, ...]:
    """Gives edges from 0 in steps of 1, 2, 5, 10, 20, …: at most 40 bins for 99.5 % of lengths.

    A few very long ones would otherwise push all others into one bin.
    """
    import numpy as np

    given = np.asarray(lengths)
    end = int(np.percentile(given, 99.5, method="inverted_cdf")) + 1 if given.size else 1
    power = 1
    while True:
        for step in _STEPS:
            width = step * power
            num_bins = -(-end // width)
            if num_bins <= _MAX_BINS:
                return tuple(float(width * number) for number in range(num_bins + 1))
        power *= 10


def spread(values: ArrayLike) -> Spread | None:
    """Gives mean, maximum and percentiles; None if there are no values."""
    import numpy as np

    given = np.asarray(values)
    if not given.size:
        return None
    found = np.percentile(given, PERCENTILES, method="inverted_cdf")
    named = {
        f"p{per_cent}": float(value) for per_cent, value in zip(PERCENTILES, found, strict=True)
    }
    return Spread(mean=float(given.mean()), max=float(given.max()), **named)
