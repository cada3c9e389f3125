from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.errors import DataError
from core.metrics.agreement.pairwise_accuracy import (
    calibrated_accuracy,
    calibrated_accuracy_of_draws,
    scored_pairs,
)

Floats = npt.NDArray[np.float64]

SCORES = st.integers(0, 6).map(float) | st.just(float("nan"))
SHAPES = st.tuples(st.integers(1, 8), st.integers(1, 5))
MATRICES = SHAPES.flatmap(
    lambda shape: st.tuples(
        arrays(np.float64, shape, elements=SCORES), arrays(np.float64, shape, elements=SCORES)
    )
)


def accuracy_at(metric: Floats, human: Floats, threshold: float) -> float | None:
    """Mean over segments of the share of pairs in the same order, pair by pair."""
    shares = []
    for row, wanted in zip(metric, human, strict=True):
        alike = [
            (0 if abs(row[i] - row[j]) <= threshold else np.sign(row[i] - row[j]))
            == np.sign(wanted[i] - wanted[j])
            for i, j in combinations(range(len(row)), 2)
            if np.isfinite([row[i], row[j], wanted[i], wanted[j]]).all()
        ]
        if alike:
            shares.append(np.mean(alike))
    return float(np.mean(shares)) if shares else None


@given(MATRICES)
def test_the_threshold_is_the_best_of_all(matrices: tuple[Floats, Floats]) -> None:
    metric, human = matrices
    found = calibrated_accuracy(metric, human)
    at_zero = accuracy_at(metric, human, 0)
    if found is None:
        assert at_zero is None
        return
    # Scores are whole numbers from 0 to 6, and so are their differences.
    accuracies = [accuracy_at(metric, human, threshold) for threshold in range(7)]
    assert found.value == pytest.approx(max(accuracies), abs=1e-12)
    assert accuracy_at(metric, human, found.threshold) == pytest.approx(found.value, abs=1e-12)
    smaller = [value for at, value in enumerate(accuracies) if at < found.threshold]
    assert all(value < found.value - 1e-13 for value in smaller)


def test_thresholds_lie_at_differences_that_occur() -> None:
    generator = np.random.default_rng(3)
    human = generator.integers(0, 4, size=(40, 4)).astype(float)
    metric = human + 0.3 * generator.normal(size=(40, 4))
    differences = {abs(row[i] - row[j]) for row in metric for i, j in combinations(range(4), 2)}
    accuracies = {at: accuracy_at(metric, human, at) for at in [0.0, *differences]}
    found = calibrated_accuracy(metric, human)
    assert found is not None
    assert found.threshold in differences
    assert found.value == pytest.approx(max(accuracies.values()))
    assert found.value > accuracies[0.0] + 0.05
    assert (found.num_pairs, found.num_segments) == (240, 40)


def test_a_segment_counts_once_however_many_systems_it_has() -> None:
    nan = float("nan")
    metric = np.array([[1, 2, 3], [2, 1, nan]])
    human = np.array([[1, 2, 3], [1, 2, nan]])
    found = calibrated_accuracy(metric, human)
    assert found is not None
    assert (found.value, found.threshold, found.num_pairs) == (0.5, 0, 4)


def test_a_metric_without_ties_is_helped_where_people_see_none() -> None:
    metric, human = np.array([[0.50, 0.51, 0.9]]), np.array([[3.0, 3.0, 5.0]])
    found = calibrated_accuracy(metric, human)
    assert found is not None
    assert (found.value, found.threshold) == (1, pytest.approx(0.01))


def test_no_pair_gives_none() -> None:
    assert calibrated_accuracy(np.ones((5, 1)), np.ones((5, 1))) is None
    assert calibrated_accuracy(np.full((5, 2), np.nan), np.ones((5, 2))) is None


def test_different_shapes_are_refused() -> None:
    with pytest.raises(DataError, match=r"the shape \(2, 3\) cannot .* the shape \(3, 2\)"):
        calibrated_accuracy(np.ones((2, 3)), np.ones((3, 2)))


@settings(max_examples=40)
@given(MATRICES, st.data())
def test_draws_choose_their_own_threshold(
    matrices: tuple[Floats, Floats], data: st.DataObject
) -> None:
    metric, human = matrices
    counts = data.draw(arrays(np.float64, (len(metric), 3), elements=st.integers(0, 2).map(float)))
    values = calibrated_accuracy_of_draws(scored_pairs(metric, human), counts)
    for value, count in zip(values, counts.T.astype(int), strict=True):
        found = calibrated_accuracy(np.repeat(metric, count, 0), np.repeat(human, count, 0))
        assert value == pytest.approx(found.value if found else np.nan, nan_ok=True, abs=1e-9)
