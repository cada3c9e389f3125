from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from core.metrics.sign_flips import sign_flip_p


@pytest.mark.parametrize("levels", [2, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_few_pairs_equal_scipys_exact_test(seed: int, levels: int) -> None:
    differences = np.random.default_rng(seed).integers(-levels, levels + 2, size=11) / 10
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=5000
    )
    found = sign_flip_p(differences[:, np.newaxis], seed=1)
    assert found[0] == pytest.approx(expected.pvalue, abs=1e-12)


def test_many_pairs_come_near_the_normal_approximation() -> None:
    rng = np.random.default_rng(5)
    differences = rng.normal(0.12, 1, (300, 3))
    z = differences.sum(axis=0) / np.sqrt((differences**2).sum(axis=0))
    expected = 2 * stats.norm.sf(np.abs(z))
    assert sign_flip_p(differences, seed=2) == pytest.approx(expected, abs=0.02)


def test_a_pair_that_a_column_lacks_counts_for_the_others_only() -> None:
    rng = np.random.default_rng(7)
    whole = rng.normal(0.5, 1, (10, 2))
    gapped = whole.copy()
    gapped[6:, 0] = np.nan
    found = sign_flip_p(gapped, seed=1)
    assert found[0] == sign_flip_p(whole[:6, :1], seed=1)[0]
    assert found[1] == sign_flip_p(whole, seed=1)[1]


def test_the_smallest_p_is_one_in_the_draws_and_no_difference_gives_1() -> None:
    clear = np.ones((200, 1))
    assert sign_flip_p(clear, seed=3, num_trials=999)[0] == pytest.approx(1 / 1000)
    assert sign_flip_p(clear[:6], seed=3)[0] == pytest.approx(2 / 64)
    assert sign_flip_p(np.zeros((8, 1)), seed=3)[0] == 1
    assert sign_flip_p(np.full((8, 1), np.nan), seed=3)[0] == 1


def test_the_same_seed_gives_the_same_p() -> None:
    differences = np.random.default_rng(11).normal(0.1, 1, (60, 2))
    first, again = (sign_flip_p(differences, seed=4) for _ in range(2))
    assert first.tolist() == again.tolist() != sign_flip_p(differences, seed=5).tolist()
