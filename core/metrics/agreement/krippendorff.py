"""Krippendorff's alpha: agreement of any number of raters, of which each may leave items out."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Level: TypeAlias = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(ratings: Floats, level: Level) -> float | None:
    """Gives Krippendorff's alpha, at most 1; 0 is what chance would give.

    It is 1 - observed / expected disagreement (Krippendorff 2011, "Computing Krippendorff's
    alpha-reliability"). Items with one rating say nothing. The ordinal distance of two values is
    the number of ratings between them, half of the two themselves with it: the interval distance
    of their mean ranks. So no table of all values with all values is ever needed.

    Args:
        ratings: (raters, items); NaN where a rater gave none.
        level: nominal: values are the same or not; ordinal: their order counts; interval: their
            squared difference counts.

    Returns:
        None where no item has two ratings, or where all ratings of such items are equal.
    """
    is_rated = np.isfinite(ratings)
    is_paired = is_rated.sum(axis=0) >= 2
    values, is_rated = ratings[:, is_paired], is_rated[:, is_paired]
    if not values.size:
        return None
    _, codes = np.unique(values[is_rated], return_inverse=True)
    counts = np.bincount(codes)
    if len(counts) < 2:
        return None
    if level == "nominal":
        return _nominal(is_rated, codes, counts)
    places = values[is_rated] if level == "interval" else (np.cumsum(counts) - counts / 2)[codes]
    return _squared(is_rated, places)


def _nominal(
    is_rated: npt.NDArray[np.bool_], codes: npt.NDArray[np.intp], counts: npt.NDArray[np.intp]
) -> float:
    """Counts pairs of ratings that differ: in the items, and among all ratings."""
    num_in_item = is_rated.sum(axis=0)
    items = np.broadcast_to(np.arange(is_rated.shape[1]), is_rated.shape)[is_rated]
    cells, sizes = np.unique(items * len(counts) + codes, return_counts=True)
    of_item = cells // len(counts)
    # Each rating of a cell differs from those of its item that are in another cell.
    differing = sizes * (num_in_item[of_item] - sizes) / (num_in_item[of_item] - 1)
    total = len(codes)
    expected = (total**2 - float((counts.astype(np.float64) ** 2).sum())) / (total - 1)
    return 1 - float(differing.sum()) / expected


def _squared(is_rated: npt.NDArray[np.bool_], places: Floats) -> float:
    """Adds up squared differences of pairs; those of n values are n * sum(x^2) - sum(x)^2."""
    centred = np.zeros(is_rated.shape)
    # Around 0 and within 1, so that squares keep their digits.
    places = places - places.mean()
    centred[is_rated] = places / np.abs(places).max()
    num_in_item = is_rated.sum(axis=0)
    # Around each item's own mean for the same reason: n * sum(x^2) is then all there is.
    means = centred.sum(axis=0) / num_in_item
    within = np.where(is_rated, centred - means, 0.0)
    observed = (num_in_item * (within**2).sum(axis=0) / (num_in_item - 1)).sum()
    total = len(places)
    expected = total * float((centred**2).sum()) / (total - 1)
    return 1 - float(observed) / expected
