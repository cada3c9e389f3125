from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.errors import DataError
from core.metrics.agreement.disagreement import Disagreement, find_disagreements

NAN = float("nan")


def test_the_hypothesis_that_only_the_metric_likes_comes_first() -> None:
    metric = np.array([[10.0, 50.0], [90.0, 60.0]])
    human = np.array([[3.0, 5.0], [1.0, 6.0]])
    first, *_ = find_disagreements(metric, human)
    assert first == Disagreement(1, 0, metric_percentile=87.5, human_percentile=12.5)
    assert first.difference == 75


def test_percentiles_are_those_of_all_points_with_both_scores() -> None:
    generator = np.random.default_rng(1)
    metric = generator.normal(size=(30, 4))
    human = generator.integers(0, 4, size=(30, 4)).astype(float)
    metric[3], human[5:9, 2] = NAN, NAN
    found = find_disagreements(metric, human)
    is_scored = np.isfinite(metric + human)
    expected = {}
    for name, scores in (("metric", metric), ("human", human)):
        flat = scores[is_scored]
        percentiles = np.full(metric.shape, NAN)
        percentiles[is_scored] = [stats.percentileofscore(flat, each, "mean") for each in flat]
        expected[name] = percentiles
    differences = expected["metric"] - expected["human"]
    assert len(found) == np.count_nonzero(np.nan_to_num(differences).round(9))
    for each in found:
        place = each.segment, each.system
        assert each.metric_percentile == pytest.approx(expected["metric"][place])
        assert each.human_percentile == pytest.approx(expected["human"][place])
    sizes = [round(abs(each.difference), 9) for each in found]
    assert sizes == sorted(sizes, reverse=True)


def test_a_metric_where_lower_is_better_is_turned_round() -> None:
    generator = np.random.default_rng(2)
    metric, human = generator.normal(size=(10, 2)), generator.normal(size=(10, 2))
    assert find_disagreements(-metric, human, is_lower_better=True) == find_disagreements(
        metric, human
    )


def test_the_limit_keeps_the_greatest_and_full_agreement_gives_none() -> None:
    generator = np.random.default_rng(2)
    metric, human = generator.normal(size=(10, 2)), generator.normal(size=(10, 2))
    assert find_disagreements(metric, human, limit=3) == find_disagreements(metric, human)[:3]
    assert find_disagreements(metric, 2 * metric + 1) == ()
    assert find_disagreements(metric, np.full((10, 2), NAN)) == ()


def test_different_shapes_are_refused() -> None:
    with pytest.raises(DataError, match=r"the shape \(2, 3\)"):
        find_disagreements(np.ones((2, 3)), np.ones((3, 2)))
