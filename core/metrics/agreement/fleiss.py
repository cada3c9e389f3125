"""Fleiss' kappa: agreement of several raters where each item has the same number of ratings."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import DataError

Integers: TypeAlias = npt.NDArray[np.int64]


def fleiss_kappa(counts: Integers) -> float | None:
    """Gives Fleiss' kappa, at most 1; 0 is what chance would give.

    With n ratings an item, the observed agreement is the mean over items of the share of pairs of
    ratings that agree, the expected one the sum of the squared shares of the classes (Fleiss 1971,
    "Measuring nominal scale agreement among many raters").

    Args:
        counts: How many ratings put each item into each class, (items, classes).

    Returns:
        None without items, with fewer than two ratings an item, or where all ratings are of one
        class.

    Raises:
        DataError: Items have different numbers of ratings.
    """
    numbers = counts.sum(axis=1)
    if not numbers.size:
        return None
    num_ratings = int(numbers[0])
    if (numbers != num_ratings).any():
        raise DataError(
            f"Items have {int(numbers.min())} to {int(numbers.max())} ratings; Fleiss' kappa needs "
            "the same number for each.",
            hint="Krippendorff's alpha takes any numbers.",
        )
    if num_ratings < 2:
        return None
    shares = counts.sum(axis=0) / numbers.sum()
    expected = float((shares**2).sum())
    if np.count_nonzero(shares) < 2:
        return None
    agreeing = (counts * (counts - 1)).sum(axis=1) / (num_ratings * (num_ratings - 1))
    return (float(agreeing.mean()) - expected) / (1 - expected)
