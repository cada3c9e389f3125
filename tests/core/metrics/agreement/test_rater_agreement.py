from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from core.errors import DataError
from core.metrics.agreement.pairwise_accuracy import calibrated_accuracy
from core.metrics.agreement.rater_agreement import compare_raters, compare_with_others

Floats = npt.NDArray[np.float64]
NAN = float("nan")


def raters(num_raters: int) -> list[Floats]:
    generator = np.random.default_rng(num_raters)
    quality = generator.normal(size=(25, 3))
    return [np.round(quality + generator.normal(size=(25, 3))) for _ in range(num_raters)]


def test_two_raters_are_compared_on_what_both_rated() -> None:
    first, second = raters(2)
    first[:5], second[20:, 1] = NAN, NAN
    found = compare_raters({"a": first, "b": second})
    assert found is not None
    is_shared = np.isfinite(first + second)
    x, y = first[is_shared], second[is_shared]
    assert found.pearson == pytest.approx(stats.pearsonr(x, y)[0])
    assert found.spearman == pytest.approx(stats.spearmanr(x, y)[0])
    assert found.kendall_tau_b == pytest.approx(stats.kendalltau(x, y)[0])
    there, back = calibrated_accuracy(first, second), calibrated_accuracy(second, first)
    assert there is not None and back is not None
    assert found.accuracy == pytest.approx((there.value + back.value) / 2)
    assert (found.num_raters, found.num_comparisons) == (2, 1)
    assert (found.num_points, found.num_segments) == (55, 20)


def test_several_raters_give_the_mean_over_pairs_that_overlap() -> None:
    a, b, c = raters(3)
    a[10:], c[:10] = NAN, NAN  # a and c share nothing
    found = compare_raters({"a": a, "b": b, "c": c})
    ab, bc = compare_raters({"a": a, "b": b}), compare_raters({"b": b, "c": c})
    assert found is not None and ab is not None and bc is not None
    assert ab.spearman is not None and bc.spearman is not None
    assert found.spearman == pytest.approx((ab.spearman + bc.spearman) / 2)
    assert (found.num_raters, found.num_comparisons, found.num_points) == (3, 2, 75)


def test_each_rater_is_compared_with_the_mean_of_the_others() -> None:
    a, b, c = raters(3)
    a[0, 0] = NAN  # then only two rated it
    found = compare_with_others({"a": a, "b": b, "c": c})
    assert found is not None
    x, y, z = (scores.ravel()[1:] for scores in (a, b, c))
    expected = [
        stats.pearsonr(one, (two + three) / 2)[0]
        for one, two, three in ((x, y, z), (y, x, z), (z, x, y))
    ]
    assert found.pearson == pytest.approx(np.mean(expected))
    assert (found.num_raters, found.num_comparisons, found.num_points) == (3, 3, 74)


def test_no_overlap_gives_none() -> None:
    a, b = raters(2)
    a[10:], b[:10] = NAN, NAN
    assert compare_raters({"a": a, "b": b}) is None
    assert compare_raters({"a": a}) is None
    assert compare_raters({}) is None
    assert compare_with_others({"a": a, "b": b}) is None
    assert compare_with_others({}) is None


def test_raters_who_always_say_the_same_have_an_accuracy_only() -> None:
    found = compare_raters({"a": np.zeros((4, 2)), "b": np.zeros((4, 2))})
    assert found is not None
    assert (found.pearson, found.spearman, found.kendall_tau_b) == (None, None, None)
    assert found.accuracy == 1


def test_raters_of_different_test_sets_are_refused() -> None:
    with pytest.raises(DataError, match=r"different shapes: \(2, 2\), \(3, 2\)"):
        compare_raters({"a": np.zeros((3, 2)), "b": np.zeros((2, 2))})
