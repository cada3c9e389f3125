"""Scores in standard deviations of their raters, so that severe raters do not weigh more."""

from __future__ import annotations

import math

import numpy as np

from core.annotate.results.scoring import SegmentScores

CAUTION = (
    "z-scores take away how severe a rater is. Where whole documents went to single raters, they "
    "also take away how hard those documents are, and ranks can move by several places: trust "
    "them only where raters share segments or see all systems equally often."
)


def z_scores(scores: SegmentScores) -> list[float | None]:
    """Gives each system's mean of z = (x - mean of the rater) / (sd of the rater).

    Mean and standard deviation (n - 1) are those of all the rater's scores in the campaign; z is
    averaged over the raters of a segment, then over segments, as Appraise's `ComputeZScores.py`
    does. Raters with fewer than two scores, or with equal ones only, give none.

    Returns:
        One a system; None where no rater of it gives any. Adjudicated scores have no rater.
    """
    shape = scores.values.shape
    totals, numbers = np.zeros(shape), np.zeros(shape)
    for given in scores.by_rater.values():
        is_rated = np.isfinite(given)
        rated = given[is_rated]
        if len(rated) < 2 or np.ptp(rated) == 0:
            continue
        totals[is_rated] += (rated - rated.mean()) / rated.std(ddof=1)
        numbers[is_rated] += 1
    found: list[float | None] = []
    for column in range(shape[1]):
        has_any = numbers[:, column] > 0
        means = totals[has_any, column] / numbers[has_any, column]
        found.append(math.fsum(means.tolist()) / len(means) if len(means) else None)
    return found
