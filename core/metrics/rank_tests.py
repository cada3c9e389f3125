"""Wilcoxon's two rank tests: whether one group of values, or one of each pair, is greater."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.metrics.agreement.correlation import ranks

Floats: TypeAlias = npt.NDArray[np.float64]

# Up to so many pairs the signed-rank test counts all assignments of signs.
MOST_EXACT = 25

# Differences of means of equal ratings differ in their last bits; they are ties.
_DECIMALS = 9


def rank_sum_p(first: Floats, second: Floats) -> float:
    """Gives the one-sided p of Wilcoxon's rank-sum (Mann-Whitney) test that `first` is greater.

    It is the normal approximation with the corrections for ties and for continuity, as
    `scipy.stats.mannwhitneyu(first, second, alternative="greater", method="asymptotic")`.

    Args:
        first: Values of one group, (values,), finite.
        second: Values of the other, (values,), finite.

    Returns:
        1 where a group is empty or all values are equal.
    """
    size, other = len(first), len(second)
    pooled = np.round(np.concatenate([first, second]), _DECIMALS)
    total = size + other
    _, counts = np.unique(pooled, return_counts=True)
    ties = float((counts.astype(np.float64) ** 3 - counts).sum())
    if not size or not other or total < 2:
        return 1.0
    variance = size * other / 12 * ((total + 1) - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    statistic = float(ranks(pooled)[:size].sum()) - size * (size + 1) / 2
    distance = (statistic - size * other / 2 - 0.5) / math.sqrt(variance)
    return NormalDist().cdf(-distance)


def signed_rank_p(differences: Floats) -> float:
    """Gives the two-sided p of Wilcoxon's signed-rank test that differences lie around 0.

    Differences of 0 are left out (Wilcoxon's own way). Up to `MOST_EXACT` others, all assignments
    of signs are counted, ties included; above, it is the normal approximation corrected for ties,
    as `scipy.stats.wilcoxon(differences, method="asymptotic")`.

    Args:
        differences: (pairs,), finite.

    Returns:
        1 where no difference is left.
    """
    differences = np.round(differences, _DECIMALS)
    differences = differences[differences != 0]
    size = len(differences)
    if not size:
        return 1.0
    places = ranks(np.abs(differences))
    positive = float(places[differences > 0].sum())
    if size <= MOST_EXACT:
        return _exact(places, positive)
    _, counts = np.unique(np.abs(differences), return_counts=True)
    ties = float((counts.astype(np.float64) ** 3 - counts).sum())
    variance = size * (size + 1) * (2 * size + 1) / 24 - ties / 48
    distance = abs(positive - size * (size + 1) / 4) / math.sqrt(variance)
    return 2 * NormalDist().cdf(-distance)


def _exact(places: Floats, positive: float) -> float:
    """Gives the share of all 2^n assignments of signs whose sum lies as far from the middle."""
    doubled = np.rint(2 * places).astype(np.int64)  # mean ranks of ties are halves
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1
    for place in doubled.tolist():
        ways[place:] += ways[: len(ways) - place].copy()
    sums = np.arange(len(ways))
    middle = (len(ways) - 1) / 2
    is_as_far = np.abs(sums - middle) >= abs(2 * positive - middle) - 0.25
    return float(ways[is_as_far].sum() / ways.sum())
