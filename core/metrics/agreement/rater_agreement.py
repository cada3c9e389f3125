"""How raters agree with each other: what a metric could at best reach against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import DataError
from core.metrics.agreement.correlation import kendall_tau_b, pearson, spearman
from core.metrics.agreement.pairwise_accuracy import calibrated_accuracy

Floats: TypeAlias = npt.NDArray[np.float64]

_FEWEST_FOR_OTHERS = 3


@dataclass(frozen=True)
class RaterAgreement:
    """The statistics of single segments between people, each a mean over comparisons.

    Attributes:
        pearson: -1 to 1; None where no comparison defines it.
        spearman: -1 to 1 or None.
        kendall_tau_b: -1 to 1 or None.
        accuracy: Tie-calibrated pairwise accuracy, 0 to 1 or None; the mean of both directions
            where two raters are compared.
        num_raters: Raters that were compared with somebody.
        num_comparisons: Pairs of raters, or raters against the mean of the others.
        num_points: (segment, system) points that served in at least one comparison.
        num_segments: Segments among them.
    """

    pearson: float | None
    spearman: float | None
    kendall_tau_b: float | None
    accuracy: float | None
    num_raters: int
    num_comparisons: int
    num_points: int
    num_segments: int


def compare_raters(ratings: Mapping[str, Floats]) -> RaterAgreement | None:
    """Compares each two raters on the points that both rated.

    Args:
        ratings: Scores by rater, higher is better, all (segments, systems); NaN where the rater
            gave none.

    Returns:
        None where no two raters share two points.

    Raises:
        DataError: The shapes differ.
    """
    raters = _checked(ratings)
    is_used = np.zeros(raters.shape[1:], bool)
    found = []
    compared: set[int] = set()
    for first, second in combinations(range(len(raters)), 2):
        is_shared = np.isfinite(raters[first]) & np.isfinite(raters[second])
        if np.count_nonzero(is_shared) > 1:
            compared |= {first, second}
            is_used |= is_shared
            x, y = (np.where(is_shared, raters[each], np.nan) for each in (first, second))
            found.append((*_correlations(x, y), _mean([_accuracy(x, y), _accuracy(y, x)])))
    return _averaged(found, is_used, len(compared))


def compare_with_others(ratings: Mapping[str, Floats]) -> RaterAgreement | None:
    """Compares each rater with the mean of the others, on points that three or more rated.

    Args:
        ratings: As for `compare_raters`.

    Returns:
        None where no rater has two such points.

    Raises:
        DataError: The shapes differ.
    """
    raters = _checked(ratings)
    is_rated = np.isfinite(raters)
    is_shared = is_rated.sum(axis=0) >= _FEWEST_FOR_OTHERS
    is_used = np.zeros(raters.shape[1:], bool)
    totals, numbers = np.where(is_rated, raters, 0).sum(axis=0), is_rated.sum(axis=0)
    found = []
    for scores in raters:
        is_compared = is_shared & np.isfinite(scores)
        if np.count_nonzero(is_compared) > 1:
            is_used |= is_compared
            x = np.where(is_compared, scores, np.nan)
            # Rounded, so that means of the same ratings in another order are tied.
            others = np.round((totals - x) / np.maximum(numbers - 1, 1), 9)
            found.append((*_correlations(x, others), _accuracy(x, others)))
    return _averaged(found, is_used, len(found))


def _checked(ratings: Mapping[str, Floats]) -> Floats:
    """Gives the scores of all raters, (raters, segments, systems)."""
    shapes = {scores.shape for scores in ratings.values()}
    if len(shapes) > 1:
        raise DataError(
            f"The raters' scores have different shapes: {', '.join(map(str, sorted(shapes)))}.",
            hint="Each rater needs one row a segment and one column a system.",
        )
    return np.stack(list(ratings.values())) if ratings else np.empty((0, 0, 0))


def _correlations(x: Floats, y: Floats) -> tuple[float | None, float | None, float | None]:
    is_rated = np.isfinite(x) & np.isfinite(y)
    x, y = x[is_rated], y[is_rated]
    return pearson(x, y), spearman(x, y), kendall_tau_b(x, y)


def _accuracy(metric: Floats, human: Floats) -> float | None:
    calibrated = calibrated_accuracy(metric, human)
    return calibrated.value if calibrated else None


def _mean(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return fmean(defined) if defined else None


def _averaged(
    found: Sequence[Sequence[float | None]], is_used: npt.NDArray[np.bool_], num_raters: int
) -> RaterAgreement | None:
    if not found:
        return None
    r, rho, tau_b, accuracy = (_mean(values) for values in zip(*found, strict=True))
    return RaterAgreement(
        pearson=r,
        spearman=rho,
        kendall_tau_b=tau_b,
        accuracy=accuracy,
        num_raters=num_raters,
        num_comparisons=len(found),
        num_points=int(np.count_nonzero(is_used)),
        num_segments=int(np.count_nonzero(is_used.any(axis=1))),
    )
