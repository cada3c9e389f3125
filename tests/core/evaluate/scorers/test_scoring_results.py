from __future__ import annotations

import numpy as np
import pytest

from core.errors import DataError
from core.evaluate.scorers.scoring_results import failure_words, set_scores
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, add_set


def test_values_are_parallel_to_the_segments_and_means_over_raters(workspace: Workspace) -> None:
    add_set(workspace, "one", ["a", "b", "c", "d"])
    scores = [
        SegmentScore("s", "one", 0, 2.0, rater="A"),
        SegmentScore("s", "one", 0, 5.0, rater="B"),
        SegmentScore("s", "one", 1, None, rater="A", failure="Not read."),
        SegmentScore("s", "one", 2, None, rater="A", failure="Not read."),
        SegmentScore("s", "one", 2, -1.0, rater="B"),
        SegmentScore("s", "two", 3, 9.0),
    ]
    workspace.scorings.add(Scoring("s", "human", "MQM", HASH, "2024-01-01"), scores)
    found = set_scores(workspace, "s", "one")
    np.testing.assert_array_equal(found.values, [3.5, np.nan, -1.0, np.nan])
    assert found.failures == {1: "Not read."}
    assert (found.num_scored, found.num_failed, found.num_missing) == (2, 1, 1)
    assert found.failure_rate == pytest.approx(1 / 3) and found.mean == 1.25


def test_set_that_nobody_scored_has_no_mean(workspace: Workspace) -> None:
    add_set(workspace, "one", ["a", "b"])
    workspace.scorings.add(Scoring("s", "judge", "Judge", HASH, "2024-01-01"))
    found = set_scores(workspace, "s", "one")
    assert np.isnan(found.values).all() and found.mean is None and found.failure_rate == 0.0
    with pytest.raises(DataError, match="no scoring 'nothing'"):
        set_scores(workspace, "nothing", "one")


def test_failures_of_several_sets_are_told_together(workspace: Workspace) -> None:
    for set_id in ("one", "two"):
        add_set(workspace, set_id, ["a", "b"])
    scores = [
        SegmentScore("s", "one", 0, 1.0),
        SegmentScore("s", "one", 1, None, failure="Not read."),
        SegmentScore("s", "two", 0, 2.0),
    ]
    workspace.scorings.add(Scoring("s", "judge", "Judge", HASH, "2024-01-01"), scores)
    told = "3 translations judged, 1 without a readable answer (33.3 %)."
    assert failure_words(workspace, "s", ["one", "two"]) == told
    assert failure_words(workspace, "s", ["two"]).startswith("1 translation judged, 0 without")
    assert failure_words(workspace, "s", []) == "It has judged nothing yet."
