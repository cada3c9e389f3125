"""Weights become indices by the seed alone: as often as asked, alike everywhere, evenly spread."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.finetune.batching import BatchPlan, Lengths
from core.finetune.sampling import Share
from core.finetune.settings import FineTuneSettings
from core.storage.workspace import PROJECT

SHARES = st.lists(st.tuples(st.integers(1, 60), st.floats(0.01, 4)), min_size=1, max_size=4)


def shares_of(asked: list[tuple[int, float]]) -> tuple[Share, ...]:
    first, found = 0, []
    for count, weight in asked:
        found.append(Share(first, count, max(1, round(count * weight))))
        first += count
    return tuple(found)


def plan_of(
    asked: list[tuple[int, float]], lengths: Lengths, processes: int, **values: Any
) -> BatchPlan:
    return BatchPlan(lengths, FineTuneSettings.parse(values), processes, shares_of(asked))


@st.composite
def plans(draw: st.DrawFn) -> BatchPlan:
    asked = draw(SHARES)
    count = sum(count for count, _ in asked)
    side = st.lists(st.integers(1, 60), min_size=count, max_size=count)
    values = {
        "batching": draw(st.sampled_from(["token budget", "fixed size"])),
        "tokens_per_batch": draw(st.integers(16, 400)),
        "batch_size": draw(st.integers(1, 20)),
        "gradient_accumulation": draw(st.integers(1, 3)),
        "seed": draw(st.integers(0, 5)),
    }
    return plan_of(asked, Lengths(draw(side), draw(side)), draw(st.integers(1, 3)), **values)


def seen(plan: BatchPlan, epoch: int) -> list[int]:
    return [i for step in plan.epoch(epoch) for group in step for batch in group for i in batch]


@settings(max_examples=120)
@given(plans())
def test_every_segment_is_seen_as_often_as_its_weight_says_in_steps_of_a_fixed_number(
    plan: BatchPlan,
) -> None:
    try:
        num_steps = len(plan.epoch(0))
    except ConfigError:
        assume(False)
        raise
    for epoch in range(4):
        assert len(plan.epoch(epoch)) == num_steps
        counts = Counter(seen(plan, epoch))
        assert sum(counts.values()) == plan.num_segments
        for share in plan.shares:
            found = [counts[i] for i in range(share.first, share.first + share.count)]
            assert sum(found) == share.num_drawn
            assert set(found) <= {share.whole, share.whole + 1}


@settings(max_examples=80)
@given(plans())
def test_what_is_drawn_is_never_longer_than_what_was_planned_for(plan: BatchPlan) -> None:
    for share in plan.shares:
        bound = sorted(map(plan.lengths.longest, share.longest(plan.lengths.alike)))
        for epoch in range(3):
            drawn = share.drawn(plan.lengths.alike, f"1/{epoch}")
            found = sorted(map(plan.lengths.longest, drawn))
            assert all(one <= most for one, most in zip(found, bound, strict=True))


@pytest.mark.parametrize(("count", "num_drawn"), [(40, 10), (40, 36), (50, 125), (7, 3)])
def test_no_segment_is_favoured_over_many_epochs(count: int, num_drawn: int) -> None:
    share = Share(5, count, num_drawn)
    epochs = 3000
    counts = Counter(
        i for epoch in range(epochs) for i in share.drawn(lambda i: i % 11, f"1/{epoch}")
    )
    expected = epochs * num_drawn / count
    assert set(counts) == set(range(5, 5 + count))
    # Five standard deviations of a binomial count.
    slack = 5 * (expected * (1 - share.rest / count)) ** 0.5
    assert all(abs(found - expected) <= slack for found in counts.values())


def test_epochs_draw_anew_and_the_same_again() -> None:
    share = Share(0, 400, 200)
    first = share.drawn(lambda i: i, "7/0")
    assert first == share.drawn(lambda i: i, "7/0")
    others = [set(share.drawn(lambda i: i, f"7/{epoch}")) for epoch in range(1, 6)]
    assert len({frozenset(each) for each in others}) == 5 and set(first) not in others


def test_processes_share_the_same_segments_however_many_they_are() -> None:
    """Which segments an epoch has depends on seed and epoch alone."""
    lengths = Lengths([n % 37 + 3 for n in range(300)], [n % 23 + 3 for n in range(300)])
    asked = [(200, 1.0), (100, 1.7)]
    one, two, four = (
        plan_of(asked, lengths, processes, tokens_per_batch=200, seed=3) for processes in (1, 2, 4)
    )
    for epoch in (0, 5):
        assert sorted(seen(one, epoch)) == sorted(seen(two, epoch)) == sorted(seen(four, epoch))
    assert sorted(seen(one, 0)) != sorted(seen(one, 5))


LINE_OF_PLAN = """
import json, sys
from core.finetune.batching import BatchPlan, Lengths
from core.finetune.sampling import Share
from core.finetune.settings import FineTuneSettings
settings = FineTuneSettings.parse({"tokens_per_batch": 300})
lengths = Lengths(list(range(1, 200)), list(range(200, 1, -1)))
plan = BatchPlan(lengths, settings, 2, (Share(0, 150, 150), Share(150, 49, 70)))
print(json.dumps([plan.epoch(epoch) for epoch in (0, 3)]))
"""


def test_plan_is_the_same_in_every_process() -> None:
    found = [
        subprocess.run(
            [sys.executable, "-c", LINE_OF_PLAN],
            cwd=PROJECT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1]
    first, later = json.loads(found[0])
    assert len(first) == len(later) and first != later


def test_shares_of_once_each_are_the_plan_without_shares() -> None:
    lengths = Lengths([n % 37 + 3 for n in range(300)], [n % 23 + 3 for n in range(300)])
    values = FineTuneSettings.parse({"tokens_per_batch": 200})
    plain = BatchPlan(lengths, values, 2)
    assert BatchPlan(lengths, values, 2, (Share(0, 300, 300),)).epoch(2) == plain.epoch(2)
    assert plain.num_segments == 300
