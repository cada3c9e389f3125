"""How well a metric agrees with people: correlations and pairwise accuracy with intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import DataError
from core.metrics.agreement.correlation import (
    kendall_tau_b_of_draws,
    pearson_of_draws,
    spearman_of_draws,
)
from core.metrics.agreement.pairwise_accuracy import (
    calibrated_accuracy,
    calibrated_accuracy_of_draws,
    scored_pairs,
)
from core.metrics.agreement.segment_draws import SegmentDraws
from core.metrics.agreement.system_agreement import (
    accuracy_of_systems,
    kendall_tau_b_of_systems,
    means_of_systems,
    pearson_of_systems,
    spearman_of_systems,
)

Floats: TypeAlias = npt.NDArray[np.float64]

PEARSON = "Pearson's r"
SPEARMAN = "Spearman's rho"
KENDALL = "Kendall's tau-b"
SYSTEM_ACCURACY = "pairwise accuracy"
SEGMENT_ACCURACY = "tie-calibrated pairwise accuracy"

# Points times draws that one statistic may take, each less than half a second (measured).
_MOST_DRAWN = {PEARSON: 10_000_000, SPEARMAN: 2_500_000, KENDALL: 1_000_000}
_MOST_DRAWN_PAIRS = 5_000_000
# An interval for 95 % cannot be told where more draws than this share give no value.
_MOST_UNDEFINED = 0.05


@dataclass(frozen=True)
class Agreement:
    """One statistic of how a metric and people agree.

    Attributes:
        name: One of the names above.
        level: `sys` for means of systems, `seg` for single segments.
        value: -1 to 1, for accuracies 0 to 1; None where it is not defined.
        low: Lower end of the 95 % interval (percentiles of draws of segments); None where too
            few draws give a value.
        high: Upper end.
        num_points: Systems, or (segment, system) points; pairs of them for accuracies.
        num_resamples: Draws of segments that the interval rests on; costly statistics of many
            points get fewer than were asked for.
        seed: Of the draws.
        threshold: Of tie-calibrated accuracy, in the metric's unit; None for the others.
    """

    name: str
    level: Literal["sys", "seg"]
    value: float | None
    low: float | None
    high: float | None
    num_points: int
    num_resamples: int
    seed: int
    threshold: float | None = None


@dataclass(frozen=True)
class MetaEvaluation:
    """How a metric agrees with people on one test set.

    Attributes:
        name: The metric's.
        is_negated: Lower is better for it, so that its scores were negated: positive values
            mean agreement for every metric.
        num_segments: Segments with both scores for at least one system.
        num_systems: Systems with both scores for at least one segment.
        systems: Statistics of the systems' means over the segments that people scored. The mean
            of a metric's segment scores is not its corpus score.
        segments: Statistics of single segments.
    """

    name: str
    is_negated: bool
    num_segments: int
    num_systems: int
    systems: tuple[Agreement, ...]
    segments: tuple[Agreement, ...]


def evaluate_metric(
    metric: Floats,
    human: Floats,
    *,
    name: str,
    is_lower_better: bool = False,
    num_resamples: int = 1000,
    seed: int = 12345,
) -> MetaEvaluation:
    """Compares a metric with people on systems and on segments.

    Pearson, Spearman and Kendall of segments take all (segment, system) points together;
    tie-calibrated accuracy compares the systems within each segment. For the intervals segments
    are drawn with replacement, each with all its systems; a threshold is chosen anew each time.

    Args:
        metric: Segment scores, (segments, systems); NaN where there is none.
        human: Scores of people, higher is better, of the same shape; NaN where there is none.
        name: The metric's.
        is_lower_better: As for TER.
        num_resamples: Draws wanted for each interval.
        seed: Of the draws.

    Raises:
        DataError: The shapes differ, a score is infinite, or no point has both scores.
    """
    metric, human, is_scored = _joint(metric, human, name)
    metric = -metric if is_lower_better else metric
    draws = SegmentDraws(len(metric), num_resamples, seed)
    return MetaEvaluation(
        name=name,
        is_negated=is_lower_better,
        num_segments=metric.shape[0],
        num_systems=metric.shape[1],
        systems=_of_systems(metric, human, is_scored, draws),
        segments=_of_segments(metric, human, is_scored, draws),
    )


def _joint(
    metric: Floats, human: Floats, name: str
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Gives the segments and systems that have a point with both scores, and which do."""
    if metric.shape != human.shape or metric.ndim != 2:
        raise DataError(
            f"{name} scores of the shape {metric.shape} cannot be compared with human scores of "
            f"the shape {human.shape}.",
            hint="Both need one row a segment and one column a system.",
        )
    for whose, scores in ((name, metric), ("human", human)):
        if np.isinf(scores).any():
            segment, system = np.argwhere(np.isinf(scores))[0] + 1
            raise DataError(
                f"The {whose} score of segment {segment}, system {system} is infinite.",
                hint="Leave it empty or correct it.",
            )
    is_scored = np.isfinite(metric) & np.isfinite(human)
    if not is_scored.any():
        raise DataError(
            f"No segment has both a {name} score and a human score.",
            hint="Choose the test set and the systems that people rated.",
        )
    kept = np.ix_(is_scored.any(axis=1), is_scored.any(axis=0))
    return metric[kept], human[kept], is_scored[kept]


def _of_segments(
    metric: Floats, human: Floats, is_scored: npt.NDArray[np.bool_], draws: SegmentDraws
) -> tuple[Agreement, ...]:
    x, y, rows = metric[is_scored], human[is_scored], np.nonzero(is_scored)[0]
    found = []
    for name, of_points in (
        (PEARSON, pearson_of_draws),
        (SPEARMAN, spearman_of_draws),
        (KENDALL, kendall_tau_b_of_draws),
    ):
        statistic = partial(_of_points, of_points, x, y, rows)
        values = draws.of(statistic, x.size, _MOST_DRAWN[name])
        found.append(_summary(name, "seg", statistic(draws.whole()), values, x.size, draws))
    pairs = scored_pairs(metric, human)
    size = pairs.segments.size
    calibrated = calibrated_accuracy(metric, human)
    value = np.array([calibrated.value if calibrated else np.nan])
    statistic = partial(calibrated_accuracy_of_draws, pairs)
    values = draws.of(statistic, max(size, len(metric)), _MOST_DRAWN_PAIRS)
    threshold = calibrated.threshold if calibrated else None
    found.append(_summary(SEGMENT_ACCURACY, "seg", value, values, size, draws, threshold))
    return tuple(found)


def _of_points(
    of_draws: Callable[[Floats, Floats, Floats], Floats],
    x: Floats,
    y: Floats,
    rows: npt.NDArray[np.intp],
    counts: Floats,
) -> Floats:
    """Gives a statistic of points out of how often their segments were drawn."""
    return of_draws(x, y, counts[rows])


def _of_systems(
    metric: Floats, human: Floats, is_scored: npt.NDArray[np.bool_], draws: SegmentDraws
) -> tuple[Agreement, ...]:
    num = is_scored.shape[1]
    totals = [np.where(is_scored, scores, 0).T for scores in (metric, human)]
    stacked = np.concatenate([*totals, is_scored.T.astype(np.float64)])
    whole = stacked @ draws.whole()
    drawn = draws.of(partial(np.matmul, stacked), len(metric))
    found = []
    for name, of_means in (
        (PEARSON, pearson_of_systems),
        (SPEARMAN, spearman_of_systems),
        (KENDALL, kendall_tau_b_of_systems),
        (SYSTEM_ACCURACY, accuracy_of_systems),
    ):
        num_points = num * (num - 1) // 2 if name == SYSTEM_ACCURACY else num
        value, values = of_means(*means_of_systems(whole)), of_means(*means_of_systems(drawn))
        found.append(_summary(name, "sys", value, values, num_points, draws))
    return tuple(found)


def _summary(
    name: str,
    level: Literal["sys", "seg"],
    value: Floats,
    values: Floats,
    num_points: int,
    draws: SegmentDraws,
    threshold: float | None = None,
) -> Agreement:
    """Gives a value and its interval out of the values of the draws."""
    is_defined = not np.isnan(value[0])
    defined = values[~np.isnan(values)]
    low = high = None
    is_told = defined.size >= max((1 - _MOST_UNDEFINED) * values.size, 1)
    if is_defined and is_told and draws.num_segments > 1:
        low, high = map(float, np.percentile(defined, [2.5, 97.5]))
    return Agreement(
        name=name,
        level=level,
        value=float(value[0]) if is_defined else None,
        low=low,
        high=high,
        num_points=num_points,
        num_resamples=defined.size,
        seed=draws.seed,
        threshold=threshold,
    )
