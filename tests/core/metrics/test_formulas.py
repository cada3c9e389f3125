from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.metrics import formulas
from core.metrics.lexical import SPECS, MetricSpec, sacrebleu_metric
from core.metrics.measures import lexical_measure

_COUNTS = st.integers(0, 3) | st.integers(0, 2**24)
WIDTHS = {"bleu": 10, "ter": 2, "chrf": 18}


def _rows(spec: MetricSpec) -> st.SearchStrategy[list[list[int]]]:
    width = WIDTHS[spec.family] + 3 * spec.word_order
    return st.lists(st.lists(_COUNTS, min_size=width, max_size=width), min_size=1, max_size=5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("key", SPECS)
@settings(max_examples=40)
@given(st.data())
def test_values_and_their_type_are_those_of_sacrebleu(key: str, dtype: Any, data: Any) -> None:
    spec = SPECS[key]
    sums = np.array(data.draw(_rows(spec)), dtype=dtype)
    if spec.family == "bleu":  # where there is no n-gram, there is no longer one either
        sums[:, 6:10] = np.sort(sums[:, 6:10])[:, ::-1]
        sums[:, 2:6] = np.minimum(sums[:, 2:6], sums[:, 6:10])
    metric = sacrebleu_metric(spec)
    # As its significance tests do; an array of plain floats and NumPy's becomes double.
    expected = np.array([metric._compute_score_from_stats(row).score for row in sums])
    found = lexical_measure(spec).values(sums, 1)
    assert found.tolist() == expected.tolist()
    assert found.dtype == expected.dtype


def test_bleu_is_smoothed_by_halving_for_each_order_without_a_match() -> None:
    # Two of four words match, no longer n-gram: (1/2 · 1/6 · 1/8 · 1/8)^¼ by hand.
    sums = np.array([[4.0, 4, 2, 0, 0, 0, 4, 3, 2, 1]])
    assert formulas.bleu(sums)[0] == pytest.approx(100 * (1 / 2 / 6 / 8 / 8) ** 0.25)


def test_ter_of_nothing_is_nothing_and_of_words_too_many_is_100() -> None:
    sums = np.array([[0.0, 0], [3, 0], [1, 4]])
    assert formulas.ter(sums).tolist() == [0, 100, 25]
