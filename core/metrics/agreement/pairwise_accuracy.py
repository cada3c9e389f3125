"""Tie-calibrated pairwise accuracy: how often a metric orders two hypotheses as people do."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import DataError

Floats: TypeAlias = npt.NDArray[np.float64]
_Integers: TypeAlias = npt.NDArray[np.intp]

# Sums of shares such as 1/3 differ in their last digits; two thresholds are as good as each other
# where the accuracies are equal up to here.
_DECIMALS = 12


@dataclass(frozen=True)
class CalibratedAccuracy:
    """How often two hypotheses of one segment are ordered, or tied, alike.

    Attributes:
        value: Mean over segments of the share of pairs, 0 to 1.
        threshold: A pair whose metric scores differ by no more counts as tied; 0 or more, in
            the metric's unit. The smallest with the greatest accuracy.
        num_pairs: Pairs of hypotheses that were compared.
        num_segments: Segments with at least one pair.
    """

    value: float
    threshold: float
    num_pairs: int
    num_segments: int


@dataclass(frozen=True)
class ScoredPairs:
    """All pairs of hypotheses of the same segment, the most alike by the metric first.

    Attributes:
        segments: Number of each pair's segment, (pairs,).
        distances: Absolute differences of the metric scores, ascending, (pairs,).
        are_alike: 1 where metric and people order or tie the pair alike as it is, (pairs,).
        gains: What is won, 1, 0 or -1, once the metric counts the pair as tied, (pairs,).
        shares: Pairs of each segment, as 1 / number or 0, (segments,).
    """

    segments: _Integers
    distances: Floats
    are_alike: Floats
    gains: Floats
    shares: Floats


def calibrated_accuracy(metric: Floats, human: Floats) -> CalibratedAccuracy | None:
    """Gives the pairwise accuracy with the threshold that suits this metric best.

    It is the accuracy of Deutsch, Foster & Freitag 2023, "Ties Matter", averaged over segments as
    WMT's metrics task does since 2023. The threshold is chosen on the very scores that are judged.

    Args:
        metric: Scores, higher is better, (segments, systems); NaN where there is none.
        human: Scores of people, higher is better, of the same shape; NaN where there is none.

    Returns:
        None where no segment has two hypotheses with both scores.

    Raises:
        DataError: The two differ in shape.
    """
    pairs = scored_pairs(metric, human)
    if not pairs.segments.size:
        return None
    counts = np.ones((len(metric), 1))
    accuracies = _accuracies(pairs, counts)[:, 0]
    best = int(np.argmax(np.round(accuracies, _DECIMALS)))
    thresholds = np.concatenate(([0.0], pairs.distances[_last_of_equal(pairs.distances)]))
    num_segments = int(np.count_nonzero(pairs.shares))
    return CalibratedAccuracy(
        float(accuracies[best]), float(thresholds[best]), pairs.segments.size, num_segments
    )


def scored_pairs(metric: Floats, human: Floats) -> ScoredPairs:
    """Gives the pairs of `calibrated_accuracy`, which draws of segments share.

    Raises:
        DataError: The two differ in shape.
    """
    if metric.shape != human.shape or metric.ndim != 2:
        raise DataError(
            f"Metric scores of the shape {metric.shape} cannot be compared with human scores of "
            f"the shape {human.shape}.",
            hint="Both need one row a segment and one column a system.",
        )
    is_scored = np.isfinite(metric) & np.isfinite(human)
    found: list[tuple[_Integers, Floats, Floats]] = [
        (np.empty(0, np.intp), np.empty(0), np.empty(0))
    ]
    for first, second in combinations(range(metric.shape[1]), 2):
        rows = np.flatnonzero(is_scored[:, first] & is_scored[:, second])
        by_metric = metric[rows, first] - metric[rows, second]
        found.append((rows, by_metric, human[rows, first] - human[rows, second]))
    segments, by_metric, by_people = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.argsort(np.abs(by_metric), kind="stable")
    segments, by_metric, by_people = segments[order], by_metric[order], by_people[order]
    are_alike = np.sign(by_metric) == np.sign(by_people)
    num_pairs = np.bincount(segments, minlength=len(metric))
    return ScoredPairs(
        segments=segments,
        distances=np.abs(by_metric),
        are_alike=are_alike.astype(np.float64),
        gains=(by_people == 0).astype(np.float64) - are_alike,
        shares=np.where(num_pairs > 0, 1 / np.maximum(num_pairs, 1), 0),
    )


def calibrated_accuracy_of_draws(pairs: ScoredPairs, counts: Floats) -> Floats:
    """Gives the accuracy of each draw with its own best threshold, (draws,); NaN without a pair.

    Args:
        pairs: Of all segments.
        counts: How often each segment was drawn, (segments, draws).
    """
    best: Floats = _accuracies(pairs, counts).max(axis=0)
    return best


def _accuracies(pairs: ScoredPairs, counts: Floats) -> Floats:
    """Gives the accuracy for each threshold, 0 first, of each draw, (thresholds, draws)."""
    num_segments = (pairs.shares > 0) @ counts
    weights = counts * pairs.shares[:, np.newaxis]
    untouched = np.bincount(pairs.segments, pairs.are_alike, len(counts)) @ weights
    steps = weights[pairs.segments] * pairs.gains[:, np.newaxis]
    won = np.cumsum(steps, axis=0)[_last_of_equal(pairs.distances)]
    with np.errstate(invalid="ignore"):
        return np.concatenate((untouched[np.newaxis], untouched + won)) / num_segments


def _last_of_equal(distances: Floats) -> _Integers:
    """Gives the places after which an ascending row changes, and the last."""
    is_last = np.append(distances[1:] != distances[:-1], True)[: distances.size]
    return np.flatnonzero(is_last)
