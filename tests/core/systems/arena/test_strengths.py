from __future__ import annotations

import numpy as np
import pytest

from core.systems.arena.strengths import bootstrapped, fitted

LADDER = np.array([[number, number + 1] for number in range(49)])
CIRCLE = np.array([[0, 1], [1, 2], [0, 2]])


@pytest.mark.parametrize("num_bootstraps", [1, 40, 41, 100])
def test_votes_are_drawn_as_often_as_wanted_in_blocks_or_not(num_bootstraps: int) -> None:
    outcomes = np.full((len(LADDER), 3), 20)
    drawn = bootstrapped(outcomes, LADDER, num_bootstraps=num_bootstraps, seed=1)
    assert drawn.shape == (num_bootstraps, 50)
    assert len(np.unique(drawn[:, 0])) == num_bootstraps
    assert drawn.mean(axis=1) == pytest.approx(0, abs=1e-9)


def test_draws_lie_around_the_likeliest_strengths() -> None:
    outcomes = np.array([[300, 100, 50], [250, 150, 0], [400, 50, 20]])
    drawn = bootstrapped(outcomes, CIRCLE, num_bootstraps=2000, seed=2)
    assert drawn.mean(axis=0) == pytest.approx(fitted(outcomes, CIRCLE), abs=0.02)


def test_draws_vary_as_much_as_votes_do() -> None:
    # The logarithm of the odds of a share p of n votes has the variance 1 / (n p (1 - p)).
    drawn = bootstrapped(np.array([[600, 400, 0]]), CIRCLE[:1], num_bootstraps=4000, seed=3)
    assert np.std(drawn[:, 0] - drawn[:, 1]) == pytest.approx((1000 * 0.24) ** -0.5, rel=0.05)
