from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from core.errors import DataError
from core.metrics.agreement.kappa import (
    Weighting,
    class_shares,
    cohen_kappa,
    confusion_table,
    observed_agreement,
)

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=40)
CLASSES = range(7)


@pytest.mark.parametrize("weighting", ["none", "linear", "quadratic"])
@given(pairs=PAIRS)
def test_kappa_equals_scikit_learn(weighting: Weighting, pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant ratings, which give NaN
        name = None if weighting == "none" else weighting
        expected = cohen_kappa_score(first, second, labels=list(CLASSES), weights=name)
    found = cohen_kappa(confusion_table(first, second, len(CLASSES)), weighting)
    if np.isnan(expected):
        assert found is None
    else:
        assert found == pytest.approx(expected, abs=1e-12)


def test_a_table_computed_by_hand() -> None:
    # 20 of 50 both yes, 15 both no: 0.7 agree, 0.5 by chance.
    table = np.array([[20, 5], [10, 15]])
    assert observed_agreement(table) == 0.7
    assert cohen_kappa(table) == pytest.approx(0.4)
    assert class_shares(table) == (0.55, 0.45)


def test_rows_are_the_first_rater_and_columns_the_second() -> None:
    assert confusion_table([0, 0, 1], [1, 1, 1], 2).tolist() == [[0, 2], [0, 1]]


def test_raters_who_never_differ_nor_vary_have_no_kappa() -> None:
    table = confusion_table([1, 1, 1], [1, 1, 1], 3)
    assert cohen_kappa(table) is None
    assert cohen_kappa(table, "quadratic") is None
    assert observed_agreement(table) == 1


def test_one_constant_rater_agrees_as_chance_does() -> None:
    assert cohen_kappa(confusion_table([1, 1, 1, 1], [0, 1, 0, 1], 2)) == 0


def test_no_items_give_none() -> None:
    table = confusion_table([], [], 2)
    assert cohen_kappa(table) is None
    assert observed_agreement(table) is None and class_shares(table) is None


def test_ratings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="2 ratings of one rater stand beside 1"):
        confusion_table([0, 1], [0], 2)
    with pytest.raises(DataError, match="class 2; there are 2"):
        confusion_table([0, 2], [0, 1], 2)
