"""Pearson's r, Spearman's rho and Kendall's tau-b, also of points that are drawn several times.

The plain functions take two parallel sequences and give None where the value is not defined. The
`…_of_draws` functions take how often each point was drawn, for many draws at once, and give NaN
there: a bootstrap then sorts its points once instead of once a draw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import DataError

Floats: TypeAlias = npt.NDArray[np.float64]
_Integers: TypeAlias = npt.NDArray[np.intp]

# A variance below this share of the mean square is rounding: the points drawn are all equal.
_ROUNDING = 1e-12


def pearson(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float | None:
    """Gives Pearson's r, -1 to 1; None for fewer than two points or where all are equal.

    Raises:
        DataError: The two differ in length, or a value is not finite.
    """
    return _of_points(x, y, pearson_of_draws)


def spearman(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float | None:
    """Gives Spearman's rho, -1 to 1: Pearson's r of the ranks, equal values sharing their mean.

    None for fewer than two points or where all are equal.

    Raises:
        DataError: The two differ in length, or a value is not finite.
    """
    return _of_points(x, y, spearman_of_draws)


def kendall_tau_b(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float | None:
    """Gives Kendall's tau-b, -1 to 1; None for fewer than two points or where all are equal.

    With C concordant and D discordant of all N pairs, T and U of them tied in x and in y:
    (C - D) / sqrt((N - T) * (N - U)) (Kendall 1945, "The treatment of ties in ranking problems").
    It takes time in n log n.

    Raises:
        DataError: The two differ in length, or a value is not finite.
    """
    return _of_points(x, y, kendall_tau_b_of_draws)


def ranks(values: Floats) -> Floats:
    """Gives the rank of each value from 1, the lowest, up; equal ones share their mean rank."""
    if not values.size:
        return values
    return _centred_ranks(values, np.ones((values.size, 1)))[:, 0] + (values.size + 1) / 2


def pearson_of_draws(x: Floats, y: Floats, counts: Floats) -> Floats:
    """Gives Pearson's r of each draw, (draws,); NaN where all points drawn are equal.

    Args:
        x: Finite values, (points,).
        y: Parallel to `x`.
        counts: How often each point was drawn, (points, draws).
    """
    x, y = _standardised(x), _standardised(y)
    num = counts.sum(axis=0)
    sums = np.stack([x, y, x * x, y * y, x * y]) @ counts
    with np.errstate(divide="ignore", invalid="ignore"):
        variance_x = sums[2] - sums[0] ** 2 / num
        variance_y = sums[3] - sums[1] ** 2 / num
        is_defined = (variance_x > _ROUNDING * sums[2]) & (variance_y > _ROUNDING * sums[3])
        return _ratio(sums[4] - sums[0] * sums[1] / num, variance_x, variance_y, is_defined)


def spearman_of_draws(x: Floats, y: Floats, counts: Floats) -> Floats:
    """Gives Spearman's rho of each draw, (draws,); NaN where all points drawn are equal.

    Args:
        x: Finite values, (points,).
        y: Parallel to `x`.
        counts: How often each point was drawn, (points, draws).
    """
    ranks_x, ranks_y = _centred_ranks(x, counts), _centred_ranks(y, counts)
    covariance = np.einsum("pd,pd,pd->d", counts, ranks_x, ranks_y)
    variance_x = np.einsum("pd,pd,pd->d", counts, ranks_x, ranks_x)
    variance_y = np.einsum("pd,pd,pd->d", counts, ranks_y, ranks_y)
    return _ratio(covariance, variance_x, variance_y, (variance_x > 0) & (variance_y > 0))


def kendall_tau_b_of_draws(x: Floats, y: Floats, counts: Floats) -> Floats:
    """Gives Kendall's tau-b of each draw, (draws,); NaN where all points drawn are equal.

    Args:
        x: Finite values, (points,).
        y: Parallel to `x`.
        counts: How often each point was drawn, (points, draws).
    """
    x_ids, y_ids = _ids(x), _ids(y)
    order = np.lexsort((y_ids, x_ids))
    both_ids = x_ids * (y_ids.max(initial=0) + 1) + y_ids
    num_pairs = _pairs(counts.sum(axis=0))
    untied_x = num_pairs - _tied_pairs(x_ids, counts)
    untied_y = num_pairs - _tied_pairs(y_ids, counts)
    ordered = untied_x + untied_y - num_pairs + _tied_pairs(both_ids, counts)
    surplus = ordered - 2 * _inversions(y_ids[order], counts[order])
    return _ratio(surplus, untied_x, untied_y, (untied_x > 0) & (untied_y > 0))


def _of_points(
    x: Sequence[float] | Floats,
    y: Sequence[float] | Floats,
    of_draws: Callable[[Floats, Floats, Floats], Floats],
) -> float | None:
    """Gives a statistic of points that are each drawn once."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise DataError(f"{x.size} values cannot be correlated with {y.size}.")
    for values in (x, y):
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            raise DataError(
                f"Value {wrong[0] + 1} of {values.size} is {values[wrong[0]]}, not a number.",
                hint="Leave out points without a value before they are correlated.",
            )
    if x.size < 2:
        return None
    value = float(of_draws(x, y, np.ones((x.size, 1)))[0])
    return None if np.isnan(value) else value


def _ratio(
    covariance: Floats, first: Floats, second: Floats, is_defined: npt.NDArray[np.bool_]
) -> Floats:
    """Gives covariance / sqrt(first * second) within -1 and 1, NaN where it is not defined."""
    first, second = np.where(is_defined, first, 1), np.where(is_defined, second, 1)
    ratio = np.clip(covariance / (np.sqrt(first * second)), -1, 1)
    return np.where(is_defined, ratio, np.nan)


def _standardised(values: Floats) -> Floats:
    """Gives values around 0 and not beyond -1 and 1, so that squares keep their digits."""
    for _ in range(2):  # first against overflow in the mean, then to fill the range
        values = values / max(np.abs(values).max(initial=0), np.finfo(np.float64).tiny)
        values = values - values.mean()
    return values


def _ids(values: Floats) -> _Integers:
    """Gives each value's place among the distinct values, from 0."""
    ids: _Integers = np.unique(values, return_inverse=True)[1]
    return ids


def _sums_by_id(ids: _Integers, counts: Floats) -> Floats:
    """Gives the sums of the counts of each id, (ids, draws)."""
    starts = np.concatenate(([0], np.cumsum(np.bincount(ids))[:-1]))
    sums: Floats = np.add.reduceat(counts[np.argsort(ids, kind="stable")], starts, axis=0)
    return sums


def _centred_ranks(values: Floats, counts: Floats) -> Floats:
    """Gives the mean rank of each point among those drawn, less the mean of all ranks."""
    ids = _ids(values)
    sums = _sums_by_id(ids, counts)
    means = np.cumsum(sums, axis=0) - (sums - 1) / 2
    centred: Floats = (means - (counts.sum(axis=0) + 1) / 2)[ids]
    return centred


def _pairs(num: Floats) -> Floats:
    return num * (num - 1) / 2


def _tied_pairs(ids: _Integers, counts: Floats) -> Floats:
    """Gives how many pairs of drawn points share an id, (draws,)."""
    dense = np.unique(ids, return_inverse=True)[1]
    num: Floats = _pairs(_sums_by_id(dense, counts)).sum(axis=0)
    return num


def _inversions(ids: _Integers, counts: Floats) -> Floats:
    """Gives how many pairs stand with the greater id first, (draws,).

    Two ids first differ in one binary digit. From the highest digit on, points with the same
    digits so far stand together, in their old order; a pair is inverted where a 1 precedes a 0.
    """
    found = np.zeros(counts.shape[1])
    for digit in range(int(ids.max(initial=0)).bit_length() - 1, -1, -1):
        is_one = (ids >> digit) & 1
        ones = np.concatenate((np.zeros((1, counts.shape[1])), counts * is_one[:, np.newaxis]))
        np.cumsum(ones, axis=0, out=ones)
        starts = np.searchsorted(ids >> (digit + 1), ids >> (digit + 1))
        zeros = np.flatnonzero(is_one == 0)
        found += np.einsum("pd,pd->d", counts[zeros], ones[zeros] - ones[starts[zeros]])
        order = np.argsort(ids >> digit, kind="stable")
        ids, counts = ids[order], counts[order]
    return found
