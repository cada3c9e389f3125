from __future__ import annotations

import sys
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from core.errors import DataError
from core.metrics.agreement.correlation import (
    kendall_tau_b,
    kendall_tau_b_of_draws,
    pearson,
    pearson_of_draws,
    ranks,
    spearman,
    spearman_of_draws,
)

STATISTICS = [
    (pearson, pearson_of_draws, stats.pearsonr),
    (spearman, spearman_of_draws, stats.spearmanr),
    (kendall_tau_b, kendall_tau_b_of_draws, stats.kendalltau),
]
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
TIED = st.integers(-3, 3).map(float)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS) | st.tuples(TIED, TIED), min_size=2, max_size=60)


def of_scipy(function: Callable[..., object], x: list[float], y: list[float]) -> float | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on constant input, which gives NaN
        value = float(function(x, y)[0])  # type: ignore[index]
    return None if np.isnan(value) else value


@settings(max_examples=60)
@given(POINTS)
@example([(0.1, 1.0), (0.1, 2.0), (0.1, 3.0)])  # the mean of three 0.1 is not 0.1
@example([(1.0, 2.0), (2.0, 1.0)])
def test_correlations_are_those_of_scipy(points: list[tuple[float, float]]) -> None:
    x, y = map(list, zip(*points, strict=True))
    for ours, _, theirs in STATISTICS:
        if ours is pearson and 0 < min(np.std(x), np.std(y)) < 1e-9 * np.abs([x, y]).max():
            continue  # there SciPy itself warns that its digits are lost
        expected = of_scipy(theirs, x, y)
        assert ours(x, y) == (None if expected is None else pytest.approx(expected, abs=1e-9))


@pytest.mark.parametrize("decimals", [8, 1, 0])
@pytest.mark.parametrize("num_points", [1000, 20_000])
def test_correlations_of_many_points_are_those_of_scipy(num_points: int, decimals: int) -> None:
    generator = np.random.default_rng(num_points)
    x = generator.normal(size=num_points)
    y = np.round(x + generator.normal(size=num_points), decimals)
    x = np.round(x, decimals)
    for ours, _, theirs in STATISTICS:
        assert ours(x, y) == pytest.approx(theirs(x, y)[0], abs=1e-12)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(TIED, TIED, st.integers(0, 3)), min_size=2, max_size=25).filter(
        lambda rows: sum(count for _, _, count in rows) > 1
    )
)
def test_a_point_drawn_twice_counts_as_two_points(rows: list[tuple[float, float, int]]) -> None:
    x, y, counts = map(np.array, zip(*rows, strict=True))
    drawn = np.stack([np.ones(len(rows)), counts, counts[::-1]], axis=1)
    for plain, of_draws, _ in STATISTICS:
        values = of_draws(x, y, drawn)
        for value, count in zip(values, drawn.T.astype(int), strict=True):
            expected = plain(np.repeat(x, count), np.repeat(y, count))
            assert expected == (None if np.isnan(value) else pytest.approx(value, abs=1e-9))


@pytest.mark.parametrize(
    ("x", "y"), [([], []), ([1.0], [2.0]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [0.1, 0.1, 0.1])]
)
def test_what_is_not_defined_is_none(x: list[float], y: list[float]) -> None:
    assert [ours(x, y) for ours, _, _ in STATISTICS] == [None, None, None]


def test_values_near_the_greatest_float_keep_their_digits() -> None:
    greatest = sys.float_info.max
    assert pearson([-greatest, 0, greatest], [1, 2, 3]) == pytest.approx(1)
    assert pearson([1e300, 2e300, 4e300], [1, 2, 4]) == pytest.approx(1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused_with_its_place(value: float) -> None:
    for ours, _, _ in STATISTICS:
        with pytest.raises(DataError, match=f"Value 2 of 3 is {value}, not a number."):
            ours([1, value, 3], [1, 2, 3])


def test_sequences_of_different_length_are_refused() -> None:
    with pytest.raises(DataError, match="3 values cannot be correlated with 2."):
        kendall_tau_b([1, 2, 3], [1, 2])


@settings(max_examples=30)
@given(st.lists(TIED, max_size=30))
def test_ranks_are_those_of_scipy(values: list[float]) -> None:
    assert ranks(np.array(values)).tolist() == stats.rankdata(values).tolist()
