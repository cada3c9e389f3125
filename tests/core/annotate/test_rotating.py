from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from core.annotate.rotating import balanced_square, order_of


@pytest.mark.parametrize("size", range(1, 10))
def test_each_system_stands_and_follows_each_other_equally_often(size: int) -> None:
    square = balanced_square(size)
    assert all(sorted(row) == list(range(size)) for row in square)
    for column in range(size):
        assert set(Counter(row[column] for row in square).values()) == {len(square) // size}
    follows = Counter(pair for row in square for pair in pairwise(row))
    assert len(follows) == size * (size - 1)
    assert len(set(follows.values())) <= 1


@pytest.mark.parametrize("size", range(1, 8))
@pytest.mark.parametrize("shift", [0, 1, 5])
def test_after_any_number_of_rows_each_system_was_first_equally_often(
    size: int, shift: int
) -> None:
    square = balanced_square(size)
    counts = dict.fromkeys(range(size), 0)
    for row in range(4 * size):
        counts[order_of(square, row, shift)[0]] += 1
        assert max(counts.values()) - min(counts.values()) <= 1
