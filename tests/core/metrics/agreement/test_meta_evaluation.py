from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from core.errors import DataError
from core.metrics.agreement.correlation import kendall_tau_b, pearson, spearman
from core.metrics.agreement.meta_evaluation import (
    KENDALL,
    PEARSON,
    SEGMENT_ACCURACY,
    SPEARMAN,
    SYSTEM_ACCURACY,
    Agreement,
    evaluate_metric,
)
from core.metrics.agreement.pairwise_accuracy import calibrated_accuracy

Floats = npt.NDArray[np.float64]


def scores(num_segments: int, num_systems: int, *, gaps: float = 0.0) -> tuple[Floats, Floats]:
    """A metric and people with ties, who see the same quality with noise of their own."""
    generator = np.random.default_rng(num_segments)
    quality = generator.normal(size=(num_segments, num_systems)) + np.arange(num_systems) / 5
    human = np.round(2 * (quality + generator.normal(size=quality.shape))) / 2
    metric = quality + generator.normal(size=quality.shape)
    metric[generator.random(quality.shape) < gaps] = np.nan
    human[generator.random(quality.shape) < gaps] = np.nan
    return metric, human


def by_name(agreements: tuple[Agreement, ...]) -> dict[str, Agreement]:
    return {each.name: each for each in agreements}


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_segment_statistics_are_those_of_all_points_with_both_scores(gaps: float) -> None:
    metric, human = scores(60, 4, gaps=gaps)
    found = by_name(evaluate_metric(metric, human, name="chrF", num_resamples=0).segments)
    is_scored = np.isfinite(metric) & np.isfinite(human)
    x, y = metric[is_scored], human[is_scored]
    assert found[PEARSON].value == pytest.approx(stats.pearsonr(x, y)[0])
    assert found[SPEARMAN].value == pytest.approx(stats.spearmanr(x, y)[0])
    assert found[KENDALL].value == pytest.approx(stats.kendalltau(x, y)[0])
    calibrated = calibrated_accuracy(metric, human)
    assert calibrated is not None
    assert found[SEGMENT_ACCURACY].value == calibrated.value
    assert found[SEGMENT_ACCURACY].threshold == calibrated.threshold
    assert found[SEGMENT_ACCURACY].num_points == calibrated.num_pairs
    assert found[PEARSON].num_points == x.size


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_system_statistics_are_those_of_the_means(gaps: float) -> None:
    metric, human = scores(60, 6, gaps=gaps)
    found = by_name(evaluate_metric(metric, human, name="chrF", num_resamples=0).systems)
    both = np.where(np.isfinite(metric + human), 1, np.nan)
    x, y = np.nanmean(metric * both, axis=0), np.nanmean(human * both, axis=0)
    assert found[PEARSON].value == pytest.approx(stats.pearsonr(x, y)[0])
    assert found[SPEARMAN].value == pytest.approx(stats.spearmanr(x, y)[0])
    assert found[KENDALL].value == pytest.approx(stats.kendalltau(x, y)[0])
    alike = [np.sign(x[i] - x[j]) == np.sign(y[i] - y[j]) for i, j in combinations(range(6), 2)]
    assert found[SYSTEM_ACCURACY].value == pytest.approx(np.mean(alike))
    assert found[SYSTEM_ACCURACY].num_points == 15


def test_systems_with_the_same_scores_are_tied_whatever_the_order_of_adding() -> None:
    generator = np.random.default_rng(5)
    metric = np.tile(generator.normal(size=(300, 1)) / 3, 7)
    human = metric + np.arange(7)
    found = by_name(evaluate_metric(metric, human, name="chrF", num_resamples=50).systems)
    assert found[KENDALL].value is None
    assert found[SYSTEM_ACCURACY].value == 0


def test_intervals_are_percentiles_of_draws_that_keep_a_segment_together() -> None:
    metric, human = scores(30, 3)
    found = evaluate_metric(metric, human, name="chrF", num_resamples=120, seed=7)
    generator = np.random.default_rng(7)
    draws = generator.integers(30, size=(120, 30))
    expected = {
        PEARSON: [pearson(metric[each].ravel(), human[each].ravel()) for each in draws],
        SPEARMAN: [spearman(metric[each].ravel(), human[each].ravel()) for each in draws],
        KENDALL: [kendall_tau_b(metric[each].ravel(), human[each].ravel()) for each in draws],
    }
    for name, values in expected.items():
        agreement = by_name(found.segments)[name]
        ends = np.percentile(np.array(values, float), [2.5, 97.5])
        assert [agreement.low, agreement.high] == pytest.approx(ends.tolist())
    means = [pearson(metric[each].mean(axis=0), human[each].mean(axis=0)) for each in draws]
    agreement = by_name(found.systems)[PEARSON]
    ends = np.percentile(np.array(means, float), [2.5, 97.5])
    assert [agreement.low, agreement.high] == pytest.approx(ends.tolist())
    assert (agreement.num_resamples, agreement.seed) == (120, 7)


def test_a_metric_where_lower_is_better_is_negated_and_says_so() -> None:
    metric, human = scores(50, 3)
    higher = evaluate_metric(metric, human, name="chrF", num_resamples=30)
    lower = evaluate_metric(-metric, human, name="TER", is_lower_better=True, num_resamples=30)
    assert (higher.is_negated, lower.is_negated) == (False, True)
    assert (lower.systems, lower.segments) == (higher.systems, higher.segments)


def test_the_same_seed_gives_the_same_intervals() -> None:
    metric, human = scores(200, 4, gaps=0.1)
    first, again, other = (
        evaluate_metric(metric, human, name="chrF", num_resamples=100, seed=seed)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first.segments[0].value == other.segments[0].value
    assert first.segments[0].low != other.segments[0].low


def test_one_system_and_one_segment_give_what_is_defined() -> None:
    metric, human = scores(20, 1)
    one_system = evaluate_metric(metric, human, name="chrF", num_resamples=20)
    assert [each.value for each in one_system.systems] == [None] * 4
    assert by_name(one_system.segments)[SEGMENT_ACCURACY].value is None
    assert by_name(one_system.segments)[PEARSON].low is not None
    one_segment = evaluate_metric(metric.T[:, :5], human.T[:, :5], name="chrF", num_resamples=20)
    assert by_name(one_segment.segments)[PEARSON].value is not None
    assert [each.low for each in one_segment.segments + one_segment.systems] == [None] * 8


def test_an_interval_is_left_out_where_draws_often_miss_a_system() -> None:
    metric, human = scores(20, 3)
    human[1:, 0] = np.nan
    found = evaluate_metric(metric, human, name="chrF", num_resamples=200)
    agreement = by_name(found.systems)[PEARSON]
    assert agreement.value is not None
    # A segment is missed by a draw of 20 with the chance 0.95 ** 20 = 0.36.
    assert 100 < agreement.num_resamples < 160
    assert (agreement.low, agreement.high) == (None, None)


def test_costly_statistics_of_many_points_get_fewer_draws_and_say_so() -> None:
    metric, human = scores(400, 3)
    found = evaluate_metric(metric, human, name="chrF", num_resamples=900)
    num = {each.name: each.num_resamples for each in found.segments}
    assert num == {PEARSON: 900, SPEARMAN: 900, KENDALL: 1_000_000 // 1200, SEGMENT_ACCURACY: 900}
    assert {each.num_resamples for each in found.systems} == {900}


def test_wrong_scores_are_refused_with_one_sentence() -> None:
    metric, human = scores(4, 3)
    with pytest.raises(DataError, match=r"chrF scores of the shape \(3, 3\) cannot be compared"):
        evaluate_metric(metric[:3], human, name="chrF")
    with pytest.raises(DataError, match="No segment has both a chrF score and a human score."):
        evaluate_metric(np.full((4, 3), np.nan), human, name="chrF")
    metric[2, 1] = np.inf
    with pytest.raises(DataError, match="The chrF score of segment 3, system 2 is infinite."):
        evaluate_metric(metric, human, name="chrF")
