from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.corpora.doctor.repeats import occurrences, paired, rows_over, rows_with_many

KEYS = st.lists(st.integers(0, 6), max_size=40)


@given(KEYS)
def test_occurrences_count_what_stood_above(keys: list[int]) -> None:
    above, first = occurrences(np.array(keys, np.uint64))
    seen: Counter[int] = Counter()
    for row, key in enumerate(keys):
        assert above[row] == (seen[key] if key else 0)
        assert first[row] == (keys.index(key) if key else row)
        seen[key] += 1


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), max_size=30), st.integers(1, 3))
def test_rows_with_many_keep_the_first_different_ones(
    pairs: list[tuple[int, int]], limit: int
) -> None:
    keys = np.array([key for key, _ in pairs], np.uint64)
    others = np.array([other for _, other in pairs], np.uint64)
    expected = []
    seen: dict[int, list[int]] = {}
    for row, (key, other) in enumerate(pairs):
        known = seen.setdefault(key, [])
        if other not in known:
            known.append(other)
        if known.index(other) >= limit:
            expected.append(row)
    assert rows_with_many(keys, others, limit).tolist() == expected


def test_rows_over_keep_the_first_ones_and_never_count_nothing() -> None:
    keys = np.array([7, 0, 7, 0, 7, 0, 8], np.uint64)
    assert rows_over(keys, 2).tolist() == [4]


@pytest.mark.parametrize(
    ("source", "target", "is_nothing"), [(0, 5, True), (5, 0, True), (1, 2, False)]
)
def test_paired_is_nothing_if_either_is(source: int, target: int, is_nothing: bool) -> None:
    found = paired(np.array([source], np.uint64), np.array([target], np.uint64))
    assert (found[0] == 0) is np.bool_(is_nothing)


def test_paired_tells_sides_apart() -> None:
    one, two = np.array([1], np.uint64), np.array([2], np.uint64)
    assert paired(one, two)[0] != paired(two, one)[0]
