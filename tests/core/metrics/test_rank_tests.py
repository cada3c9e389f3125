from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.metrics.rank_tests import MOST_EXACT, rank_sum_p, signed_rank_p


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("levels", [3, 7, 10_000])
def test_rank_sum_equals_scipys_with_and_without_ties(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(levels, size=rng.integers(5, 60)).astype(float)
    second = rng.integers(levels, size=rng.integers(5, 60)) + levels / 10
    expected = stats.mannwhitneyu(first, second, alternative="greater", method="asymptotic")
    assert rank_sum_p(first, second) == pytest.approx(expected.pvalue, abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("levels", [3, 10_000])
def test_many_signed_ranks_equal_scipys_approximation(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    differences = rng.integers(-levels, levels + 1, size=120).astype(float)
    differences += differences > 0
    expected = stats.wilcoxon(differences, method="asymptotic").pvalue
    assert signed_rank_p(differences) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [1, 2, 5, 12, MOST_EXACT])
def test_few_signed_ranks_equal_scipys_exact_test(size: int) -> None:
    rng = np.random.default_rng(size)
    differences = rng.normal(0.4, 1, size)
    expected = stats.wilcoxon(differences, method="exact").pvalue
    assert signed_rank_p(differences) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_few_signed_ranks_with_ties_count_all_signs(seed: int) -> None:
    differences = np.random.default_rng(seed).integers(-3, 5, size=9).astype(float)
    nonzero = differences[differences != 0]
    places = stats.rankdata(np.abs(nonzero))
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(nonzero))).reshape(len(nonzero), -1)
    sums = np.abs(places @ signs)
    expected = np.mean(sums >= abs(places @ np.sign(nonzero)) - 1e-9)
    assert signed_rank_p(differences) == pytest.approx(expected, abs=1e-12)


def test_without_any_difference_p_is_1() -> None:
    same, none = np.full(9, 2.0), np.empty(0)
    assert signed_rank_p(np.zeros(5)) == signed_rank_p(none) == 1
    assert rank_sum_p(same, same) == rank_sum_p(none, same) == rank_sum_p(none, none) == 1


def test_rounding_in_the_last_bits_makes_no_rank() -> None:
    noisy = np.array([0.1 + 0.2, 0.3, 0.7])
    assert rank_sum_p(noisy, np.array([0.3, 0.3, 0.7])) == rank_sum_p(
        np.array([0.3, 0.3, 0.7]), noisy
    )
    assert signed_rank_p(np.array([0.1 + 0.2 - 0.3] * 30)) == 1
