from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.corpora.histogram import Histogram, histogram, length_edges, spread


def test_a_bin_holds_its_lower_edge_and_not_its_upper_one() -> None:
    found = histogram([-1, 0, 1, 9, 10, 19, 20, 500], [0, 10, 20])
    assert found == Histogram((0, 10, 20), (3, 2), num_below=1, num_above=2)
    assert found.total == 8


@given(st.lists(st.integers(0, 10_000)), st.lists(st.integers(-5, 10_000), min_size=2, unique=True))
def test_every_value_is_in_exactly_one_place(values: list[int], edges: list[int]) -> None:
    found = histogram(values, sorted(edges))
    assert found.total == len(values)
    for low, high, count in zip(found.edges, found.edges[1:], found.counts, strict=False):
        assert count == sum(low <= value < high for value in values)


@pytest.mark.parametrize(
    ("longest", "width", "num_bins"),
    [
        (0, 1, 1),
        (39, 1, 40),
        (40, 2, 21),
        (99, 5, 20),
        (399, 10, 40),
        (400, 20, 21),
        (9000, 500, 19),
    ],
)
def test_lengths_have_at_most_40_bins_of_a_round_width(
    longest: int, width: int, num_bins: int
) -> None:
    edges = length_edges([longest])
    assert edges == tuple(float(width * number) for number in range(num_bins + 1))
    assert edges[-1] > longest


def test_a_few_giants_do_not_push_all_others_into_one_bin() -> None:
    edges = length_edges([50] * 1000 + [100_000] * 3)
    assert edges[-1] < 100
    assert histogram([50, 100_000], edges).num_above == 1


def test_no_lengths_have_one_empty_bin() -> None:
    assert histogram([], length_edges([])) == Histogram((0.0, 1.0), (0,))


def test_percentiles_are_values_that_occur() -> None:
    found = spread([1, 2, 3, 4, 1000])
    assert found is not None
    assert (found.mean, found.p25, found.p50, found.p75, found.max) == (202, 2, 3, 4, 1000)
    assert spread([]) is None


def test_percentiles_of_one_to_a_hundred_are_their_names() -> None:
    found = spread(range(1, 101))
    assert found is not None
    assert (found.p1, found.p5, found.p95, found.p99, found.max) == (1, 5, 95, 99, 100)
