"""The paired permutation test: what differences between two systems chance alone would give."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.metrics.resampling import randomised_sums

Floats: TypeAlias = npt.NDArray[np.float64]

NUM_TRIALS = 10_000

# Sums of the same numbers in another order differ in their last bits; they are as far from 0.
_TOLERANCE = 1e-9


def sign_flip_p(differences: Floats, *, seed: int, num_trials: int = NUM_TRIALS) -> Floats:
    """Gives the two-sided p of each column that the mean of its differences is 0.

    If two systems were the same, each difference could as well have the other sign. p is the share
    of assignments of signs whose mean lies at least as far from 0 as the real one. Where there
    are no more assignments than trials, all are counted; else `num_trials` are drawn, the same
    for all columns, and one is added to both counts, so that p is never 0. Both are those of
    `scipy.stats.permutation_test(…, permutation_type="samples")`.

    Args:
        differences: (pairs, columns); a pair that a column lacks is NaN there.
        seed: Of the draws.
        num_trials: 1 or more.

    Returns:
        (columns,); 1 where no difference is other than 0.
    """
    known = np.where(np.isfinite(differences), differences, 0.0)
    totals = np.abs(known.sum(axis=0))
    limits = totals - _TOLERANCE * np.maximum(np.abs(known).sum(axis=0), 1e-300)
    found = np.ones(known.shape[1])
    # A difference of 0 has no sign, so it doubles both counts.
    num_signs = np.count_nonzero(known, axis=0)
    is_exact = num_signs <= np.log2(num_trials)
    for column in np.flatnonzero(is_exact & (num_signs > 0)).tolist():
        sums = _all_sums(known[known[:, column] != 0, column])
        found[column] = np.count_nonzero(np.abs(sums) >= limits[column]) / len(sums)
    drawn = np.flatnonzero(~is_exact)
    if drawn.size:
        rows = known[:, drawn]
        (halves,) = randomised_sums([rows], num_trials, np.random.default_rng(seed))
        flipped = np.abs(rows.sum(axis=0) - 2 * halves)
        as_far = np.count_nonzero(flipped >= limits[drawn], axis=0)
        found[drawn] = (as_far + 1) / (num_trials + 1)
    return found


def _all_sums(values: Floats) -> Floats:
    """Gives the sum of the values under each assignment of signs, (2 ** values,)."""
    sums = np.zeros(1)
    for value in values.tolist():
        sums = np.concatenate([sums + value, sums - value])
    return sums
