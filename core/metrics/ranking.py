"""Many tests at once: Holm's correction, and the clusters and ranks that the tests allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def corrected(p_values: Sequence[float]) -> list[float]:
    """Corrects p-values for being several, by Holm's step-down method (1979).

    The i-th smallest of m is multiplied by m - i + 1, and is at least the one before. Rejecting
    what stays below a level keeps the chance of any false rejection below that level.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    grown = np.maximum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * factors)
    result = np.empty(len(p_values))
    result[order] = np.minimum(grown, 1)
    return [float(value) for value in result]


def clusters(order: Sequence[int], is_better: npt.NDArray[np.bool_]) -> list[list[int]]:
    """Splits systems into clusters as WMT draws its lines.

    A line stands between two systems if each one above is significantly better than each below.

    Args:
        order: The systems' numbers, the best first.
        is_better: Whether the system of the row is significantly better than that of the column.
    """
    found: list[list[int]] = []
    for place, system in enumerate(order):
        if place == 0 or is_better[np.ix_(order[:place], order[place:])].all():
            found.append([])
        found[-1].append(system)
    return found


def rank_ranges(is_better: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Gives each system's best and worst possible rank, 1 being the best.

    Whoever is significantly better stands above, whoever is significantly worse below; the others
    may stand on either side.

    Args:
        is_better: As for `clusters`.
    """
    num_systems = len(is_better)
    above, below = is_better.sum(axis=0), is_better.sum(axis=1)
    pairs = zip(above.tolist(), below.tolist(), strict=True)
    return [(better + 1, num_systems - worse) for better, worse in pairs]
