"""The work of an evaluation, estimated: what a page waits for, and what a job's progress counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.evaluate.measuring import seconds_missing
from core.evaluate.settings import EvaluationSettings
from core.evaluate.texts import EvaluationTexts
from core.metrics.significance import NUM_SAMPLES
from core.storage.workspace import Workspace

# Of one segment, resample and system, for each metric.
_SECONDS_A_DRAW = 4e-8
# Of one hypothesis, all checks together.
_SECONDS_A_CHECK = 0.0005


@dataclass(frozen=True)
class Workload:
    """What an evaluation still has to compute, in milliseconds of one processor.

    Attributes:
        statistics_ms: Statistics of the metrics that are not in the cache.
        resamples_ms: The test; 0 where the result is kept.
    """

    statistics_ms: int
    resamples_ms: int

    @property
    def total_ms(self) -> int:
        """All of it; 0 where an evaluation only reads what is kept."""
        return self.statistics_ms + self.resamples_ms


def workload_of(
    workspace: Workspace, texts: EvaluationTexts, settings: EvaluationSettings, *, has_result: bool
) -> Workload:
    """Estimates the work of an evaluation with what is in the caches.

    Args:
        workspace: Where the caches are.
        texts: Of all systems of the settings.
        settings: Of the systems that are scored; nothing is computed for others.
        has_result: Whether the result is kept, so that nothing is compared.

    Raises:
        DataError: A reference is missing.
    """
    resamples_s = 0.0
    if not has_result:
        num_draws = settings.samples + (NUM_SAMPLES if settings.test == "ar" else 0)
        num_values = texts.num_segments * len(settings.systems) * len(settings.metrics)
        resamples_s = num_draws * num_values * _SECONDS_A_DRAW
    return Workload(_ms(seconds_missing(workspace, texts, settings)), _ms(resamples_s))


def checks_ms(texts: EvaluationTexts, settings: EvaluationSettings) -> int:
    """Estimates the work of looking for defects in the hypotheses of all systems."""
    return _ms(texts.num_segments * len(settings.systems) * _SECONDS_A_CHECK)


def _ms(seconds: float) -> int:
    """Gives at least 1 for what has to be done at all."""
    return math.ceil(seconds * 1000)
