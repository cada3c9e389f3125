from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics.ranking import clusters, corrected, rank_ranges


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([], []),
        ([0.03], [0.03]),
        # 3 · 0.01, 2 · 0.03, and 0.04 is not below the one before.
        ([0.04, 0.01, 0.03], [0.06, 0.03, 0.06]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.01, 0.01], [0.02, 0.02]),
    ],
)
def test_holm_multiplies_by_the_tests_that_are_left(p_values, expected) -> None:
    assert corrected(p_values) == pytest.approx(expected)


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(p_values: list[float]) -> None:
    found = corrected(p_values)
    for one, own in zip(p_values, found, strict=True):
        assert one <= own <= min(1, len(p_values) * one) + 1e-12
    order = np.argsort(p_values)
    assert np.all(np.diff(np.array(found)[order]) >= 0)


def _better(num_systems: int, *pairs: tuple[int, int]) -> np.ndarray:
    matrix = np.zeros((num_systems, num_systems), dtype=bool)
    for winner, loser in pairs:
        matrix[winner, loser] = True
    return matrix


def test_a_line_needs_everyone_above_to_be_better_than_everyone_below() -> None:
    # 0 and 1 beat 2 and 3, but 2 and 3 do not differ.
    every = _better(4, (0, 2), (0, 3), (1, 2), (1, 3))
    assert clusters([0, 1, 2, 3], every) == [[0, 1], [2, 3]]
    assert clusters([0, 1, 2, 3], _better(4, (0, 2), (0, 3), (1, 3))) == [[0, 1, 2, 3]]


def test_clusters_follow_the_order_of_the_scores() -> None:
    assert clusters([2, 0, 1], _better(3, (2, 0), (2, 1))) == [[2], [0, 1]]
    assert clusters([0], _better(1)) == [[0]]
    assert clusters([], _better(0)) == []


def test_rank_ranges_count_who_is_surely_above_and_below() -> None:
    assert rank_ranges(_better(3, (0, 2))) == [(1, 2), (1, 3), (2, 3)]
    assert rank_ranges(_better(2)) == [(1, 2), (1, 2)]
