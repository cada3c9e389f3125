"""The values of a scoring as arrays that run parallel to the segments of the test set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.storage.workspace import Workspace


@dataclass(frozen=True)
class SetScores:
    """What a scoring says of one translation set.

    Attributes:
        values: `(num_segments,)` float64; NaN where there is no value.
        failures: Why a segment that was asked for has none, by its number from 0.
    """

    values: NDArray[np.float64]
    failures: dict[int, str]

    @property
    def num_scored(self) -> int:
        """Segments with a value."""
        return int(np.count_nonzero(~np.isnan(self.values)))

    @property
    def num_failed(self) -> int:
        """Segments that were asked for in vain."""
        return len(self.failures)

    @property
    def num_missing(self) -> int:
        """Segments that were not asked for: not chosen, not translated, or not yet their turn."""
        return len(self.values) - self.num_scored - self.num_failed

    @property
    def failure_rate(self) -> float:
        """Failures of all that was asked for, from 0 to 1; 0 where nothing was."""
        asked = self.num_scored + self.num_failed
        return self.num_failed / asked if asked else 0.0

    @property
    def mean(self) -> float | None:
        """The mean of the values; None where there is none."""
        return float(np.nanmean(self.values)) if self.num_scored else None


def set_scores(workspace: Workspace, scoring_id: str, set_id: str) -> SetScores:
    """Gives the values of a translation set; of several raters the mean, segment by segment.

    Args:
        workspace: Where they are stored.
        scoring_id: The scoring; one that has scored nothing of the set gives NaN throughout.
        set_id: The translation set.

    Raises:
        DataError: There is no such scoring or set.
    """
    scoring = workspace.scorings.get(scoring_id)
    num_segments = workspace.translation_sets.get(set_id).num_segments
    sums, counts = np.zeros(num_segments), np.zeros(num_segments)
    failures: dict[int, str] = {}
    for score in workspace.scorings.scores(scoring.id, set_id):
        if score.value is None:
            failures[score.position] = score.failure
        else:
            sums[score.position] += score.value
            counts[score.position] += 1
    values = np.full(num_segments, np.nan)
    np.divide(sums, counts, out=values, where=counts > 0)
    return SetScores(values, {at: why for at, why in failures.items() if not counts[at]})


def failure_words(workspace: Workspace, scoring_id: str, set_ids: Iterable[str]) -> str:
    """Says how often a judge failed on some translation sets, in one sentence.

    Raises:
        DataError: There is no such scoring or set.
    """
    scores = [set_scores(workspace, scoring_id, each) for each in set_ids]
    num_failed = sum(each.num_failed for each in scores)
    num_asked = num_failed + sum(each.num_scored for each in scores)
    if not num_asked:
        return "It has judged nothing yet."
    noun = "translation" if num_asked == 1 else "translations"
    return (
        f"{num_asked:,} {noun} judged, {num_failed:,} without a readable answer "
        f"({100 * num_failed / num_asked:.1f} %)."
    )
