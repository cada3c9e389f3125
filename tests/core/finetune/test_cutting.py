"""Batches are cut where least is padding, and none is larger than the budget."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.finetune.cutting import cut_points

LENGTHS = st.lists(
    st.tuples(st.integers(1, 300), st.integers(1, 300)), min_size=1, max_size=60
).map(lambda pairs: sorted(pairs, key=max))


def slots(pairs: list[tuple[int, int]], points: Sequence[int]) -> int:
    batches = [pairs[i:j] for i, j in pairwise([0, *points])]
    return sum(len(b) * (max(s for s, _ in b) + max(t for _, t in b)) for b in batches)


def filled(pairs: list[tuple[int, int]], budget: int) -> list[int]:
    """Cuts only where the next segment would not fit."""
    points, first = [], 0
    for index, pair in enumerate(pairs):
        if index > first and (index + 1 - first) * max(pair) > budget:
            points.append(index)
            first = index
    return [*points, len(pairs)]


@given(LENGTHS, st.integers(16, 3000))
def test_every_batch_keeps_the_budget_and_nothing_is_left_out(
    pairs: list[tuple[int, int]], budget: int
) -> None:
    points = cut_points(*zip(*pairs, strict=True), budget)
    assert points[-1] == len(pairs)
    assert list(points) == sorted(set(points))
    for i, j in pairwise([0, *points]):
        assert j - i == 1 or (j - i) * max(max(pair) for pair in pairs[i:j]) <= budget


@given(LENGTHS, st.integers(16, 600))
def test_slots_and_batches_together_cost_no_more_than_full_batches(
    pairs: list[tuple[int, int]], budget: int
) -> None:
    """Within small rooms every place is one where one may cut, so the best way is found."""
    points, full = cut_points(*zip(*pairs, strict=True), budget), filled(pairs, budget)
    room = budget // max(pairs[0])
    if room < 32:  # then no place is passed over
        assert slots(pairs, points) + len(points) * budget / 8 <= (
            slots(pairs, full) + len(full) * budget / 8
        )


def test_a_jump_in_length_is_cut() -> None:
    source, target = (1,) * 100 + (1000,) * 3, (1,) * 100 + (900,) * 3
    assert cut_points(source, target, 1920) == (100, 101, 102, 103)
