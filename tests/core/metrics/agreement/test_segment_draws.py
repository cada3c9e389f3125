from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from core.metrics.agreement.segment_draws import FEWEST_DRAWS, SegmentDraws


def unchanged(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return counts


def test_each_draw_holds_as_many_segments_as_there_are() -> None:
    counts = SegmentDraws(40, 500, seed=1).of(unchanged, 40)
    assert counts.shape == (40, 500)
    assert set(counts.sum(axis=0)) == {40}
    # The number of times a segment is drawn has the mean 1 and nearly the variance 1.
    assert counts.mean() == pytest.approx(1)
    assert counts.var() == pytest.approx(1 - 1 / 40, rel=0.03)


def test_draws_do_not_depend_on_the_size_of_blocks() -> None:
    draws = SegmentDraws(7, 60, seed=3)
    small, large = draws.of(unchanged, 10**9), draws.of(unchanged, 1)
    assert np.array_equal(small, large)


@pytest.mark.parametrize(
    ("size", "most", "expected"),
    [(10, None, 1000), (10, 5000, 500), (10, 50_000, 1000), (10, 1, FEWEST_DRAWS)],
)
def test_draws_are_limited_by_what_they_take_together(
    size: int, most: int | None, expected: int
) -> None:
    assert SegmentDraws(5, 1000, seed=1).of(unchanged, size, most).shape == (5, expected)


def test_no_draws_give_no_values() -> None:
    assert SegmentDraws(5, 0, seed=1).of(unchanged, 5).shape == (5, 0)
