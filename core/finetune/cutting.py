"""Where a row of segments, sorted by length, is cut into batches: least padding for few batches."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

# What one more batch costs, in shares of the budget. Less would cut the corpus into many small
# batches without any padding; 1/8 gives five per cent more batches than filling each to the brim.
_BATCH_COST = 1 / 8

# Places within a full batch where one may cut; more of them save next to nothing.
_PLACES = 16


@lru_cache(maxsize=2)  # each epoch asks with the same lengths
def cut_points(source: tuple[int, ...], target: tuple[int, ...], budget: int) -> tuple[int, ...]:
    """Gives the end of each batch, so that slots and the cost of batches are together the least.

    A shortest path over the places where one may cut: the best way to cut the first `n` segments
    is the best of all last batches, each behind the best way to cut what comes before it.

    Args:
        source: Tokens of each segment's source; with `target`, longest sides must not fall.
        target: Tokens of each segment's target.
        budget: The longest segment times the segments of a batch is at most this; a single
            segment may be longer.

    Returns:
        Ascending indices; the last one is the number of segments.
    """
    sides = np.array([source, target], dtype=np.int64)
    longest = sides.max(axis=0)
    places = _places(longest, budget)
    cost = np.full(len(places), np.inf)
    cost[0] = 0.0
    before = np.zeros(len(places), dtype=np.int64)
    for place, first in enumerate(places[:-1]):
        reach = first + max(1, budget // int(longest[first]))
        last = int(np.searchsorted(places, reach, side="right"))
        ends = places[place + 1 : last]
        numbers = ends - first
        width = np.maximum.accumulate(sides[:, first:reach], axis=1).sum(axis=0)[numbers - 1]
        found = cost[place] + numbers * width + budget * _BATCH_COST
        fits = (numbers * longest[ends - 1] <= budget) | (numbers == 1)
        better = fits & (found < cost[place + 1 : last])
        cost[place + 1 : last][better] = found[better]
        before[place + 1 : last][better] = place
    points = []
    place = len(places) - 1
    while place:
        points.append(int(places[place]))
        place = int(before[place])
    return tuple(points[::-1])


def _places(longest: np.ndarray[Any, Any], budget: int) -> np.ndarray[Any, Any]:
    """Gives where one may cut: the ends, and some places within each full batch."""
    places = [0]
    while places[-1] < len(longest):
        first = places[-1]
        gap = min(max(1, budget // int(longest[first]) // _PLACES), len(longest) - first)
        while gap > 1 and gap * int(longest[first + gap - 1]) > budget:  # lengths jump here
            gap //= 2
        places.append(first + gap)
    return np.array(places)
