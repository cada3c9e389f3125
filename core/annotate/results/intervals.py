"""Intervals of the systems' means: what they would be with other segments, or other documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.annotate.results.scoring import Floats
from core.metrics.agreement.segment_draws import SegmentDraws

_TAILS = (2.5, 97.5)  # percent: between them lie 95 % of the draws


@dataclass(frozen=True)
class Bounds:
    """Where 95 % of the draws lie.

    Attributes:
        low, high: The bounds.
        num_units: Segments or documents that were drawn from.
    """

    low: float
    high: float
    num_units: int


def bootstrap_bounds(
    values: Floats, documents: Sequence[str] | None, *, seed: int, num_samples: int
) -> list[Bounds | None]:
    """Gives the percentile interval of each system's mean, from the same draws for all systems.

    Segments of one document are alike, and raters are given whole documents: drawing segments one
    by one then takes them for more evidence than they are, and drawing documents does not.

    Args:
        values: Scores, (segments, systems); NaN where a system was not rated.
        documents: Name of each segment's document; None draws segments.
        seed: Of the draws.
        num_samples: How many draws.

    Returns:
        One a system; None where fewer than two segments (or named documents) are rated.
    """
    is_rated = np.isfinite(values)
    totals, counts = np.where(is_rated, values, 0.0), is_rated.astype(np.float64)
    keep = is_rated.any(axis=1)
    if documents is not None:
        keep &= np.array([bool(name) for name in documents], dtype=bool)
    totals, counts = totals[keep], counts[keep]
    if documents is not None:
        names = [documents[row] for row in np.flatnonzero(keep).tolist()]
        totals, counts = _by_document(totals, names), _by_document(counts, names)
    if len(totals) < 2 or num_samples < 1:
        return [None] * values.shape[1]
    draws = SegmentDraws(len(totals), num_samples, seed)
    sums, sizes = (
        draws.of(partial(np.matmul, np.ascontiguousarray(each.T)), len(totals))
        for each in (totals, counts)
    )
    with np.errstate(invalid="ignore"):
        means = sums / sizes  # NaN where a draw holds no segment of a system
    num_units = np.count_nonzero(counts, axis=0).tolist()
    return [_bounds(drawn, units) for drawn, units in zip(means, num_units, strict=True)]


def _by_document(rows: Floats, names: Sequence[str]) -> Floats:
    """Adds up the rows of each document, (documents, systems)."""
    _, places = np.unique(np.array(names, dtype=object), return_inverse=True)
    sums = np.zeros((int(places.max(initial=-1)) + 1, rows.shape[1]))
    np.add.at(sums, places, rows)
    return sums


def _bounds(means: Floats, num_units: int) -> Bounds | None:
    drawn = means[np.isfinite(means)]
    if num_units < 2 or not drawn.size:
        return None
    low, high = np.percentile(drawn, _TAILS)
    return Bounds(float(low), float(high), num_units)
