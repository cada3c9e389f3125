"""The hypotheses that a metric and people judge most differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import DataError
from core.metrics.agreement.correlation import ranks

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Disagreement:
    """One hypothesis with its place by metric and by people.

    Attributes:
        segment: Row of the scores, from 0.
        system: Column of the scores, from 0.
        metric_percentile: Share of all hypotheses that are worse by the metric, half of the
            equal ones with them; above 0, below 100.
        human_percentile: The same by people.
    """

    segment: int
    system: int
    metric_percentile: float
    human_percentile: float

    @property
    def difference(self) -> float:
        """How much better the metric thinks of it than people do, in percentiles."""
        return self.metric_percentile - self.human_percentile


def find_disagreements(
    metric: Floats, human: Floats, *, is_lower_better: bool = False, limit: int | None = None
) -> tuple[Disagreement, ...]:
    """Gives the hypotheses whose places differ, the greatest difference first.

    Equal differences stand in the order of segments, then of systems.

    Args:
        metric: Segment scores, (segments, systems); NaN where there is none.
        human: Scores of people, higher is better, of the same shape; NaN where there is none.
        is_lower_better: As for TER.
        limit: The most to give; None for all.

    Raises:
        DataError: The shapes differ.
    """
    if metric.shape != human.shape:
        raise DataError(
            f"Metric scores of the shape {metric.shape} cannot be compared with human scores of "
            f"the shape {human.shape}.",
            hint="Both need one row a segment and one column a system.",
        )
    segments, systems = np.nonzero(np.isfinite(metric) & np.isfinite(human))
    scores = metric[segments, systems] * (-1 if is_lower_better else 1)
    by_metric, by_people = _percentiles(scores), _percentiles(human[segments, systems])
    # Rounded, so that differences that are equal stay so whatever they are between.
    distances = np.round(np.abs(by_metric - by_people), 9)
    order = np.argsort(-distances, kind="stable")[:limit]
    order = order[distances[order] > 0]
    columns = (segments[order], systems[order], by_metric[order], by_people[order])
    return tuple(
        Disagreement(*row) for row in zip(*(each.tolist() for each in columns), strict=True)
    )


def _percentiles(values: Floats) -> Floats:
    return 100 * (ranks(values) - 0.5) / max(values.size, 1)
