from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import fleiss_kappa as of_statsmodels

from core.errors import DataError
from core.metrics.agreement.fleiss import fleiss_kappa

RATINGS = st.integers(2, 5).flatmap(
    lambda num: st.lists(
        st.lists(st.integers(0, 3), min_size=num, max_size=num), min_size=1, max_size=25
    )
)


def counted(ratings: list[list[int]]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.array([np.bincount(row, minlength=4) for row in ratings], np.int64)


@given(ratings=RATINGS)
def test_kappa_equals_statsmodels(ratings: list[list[int]]) -> None:
    counts = counted(ratings)
    assume(np.count_nonzero(counts.sum(axis=0)) > 1)
    assert fleiss_kappa(counts) == pytest.approx(of_statsmodels(counts), abs=1e-12)


def test_undefined_is_none() -> None:
    assert fleiss_kappa(np.zeros((0, 3), np.int64)) is None
    assert fleiss_kappa(np.array([[1, 0], [0, 1]])) is None
    assert fleiss_kappa(np.array([[3, 0], [3, 0]])) is None


def test_different_numbers_of_ratings_are_refused() -> None:
    with pytest.raises(DataError, match="Items have 2 to 3 ratings"):
        fleiss_kappa(np.array([[3, 0], [1, 1]]))
