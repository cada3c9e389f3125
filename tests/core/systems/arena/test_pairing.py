from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.storage.workspace import PROJECT
from core.systems.arena.pairing import next_pair, next_source

SYSTEMS = ["a", "b", "c", "d"]
AB = frozenset("ab")


def counts(numbers: Mapping[str, int]) -> dict[frozenset[str], int]:
    return {frozenset(pair): number for pair, number in numbers.items()}


@pytest.mark.parametrize(
    ("systems", "numbers", "pair"),
    [
        ("ba", {}, ("a", "b")),
        ("abc", {"ab": 1, "ac": 1}, ("b", "c")),
        ("abc", {"ab": 5, "ac": 3, "bc": 4}, ("a", "c")),
        ("abc", {"ab": 5, "ac": 5, "bc": 5, "ax": 0}, None),
        ("aab", {"a": 0}, ("a", "b")),
    ],
)
def test_the_least_compared_pair_is_next(
    systems: str, numbers: dict[str, int], pair: tuple[str, str] | None
) -> None:
    for seed in ("", "1", "2", "\ud800"):
        found = next_pair(list(systems), counts(numbers), seed=seed)
        assert found == pair or (pair is None and found in combinations("abc", 2))


def test_following_the_pairs_compares_all_equally_often() -> None:
    done: Counter[frozenset[str]] = Counter()
    for number in range(60):
        done[frozenset(next_pair(SYSTEMS, done, seed=f"{number}"))] += 1
    assert sorted(done.values()) == [10] * 6


def test_equals_are_chosen_evenly_by_the_seed() -> None:
    chosen = Counter(next_pair(SYSTEMS, {}, seed=f"{number}") for number in range(6000))
    assert len(chosen) == 6
    assert all(850 < times < 1150 for times in chosen.values())


def test_order_of_the_systems_does_not_count() -> None:
    for seed in map(str, range(50)):
        expected = next_pair(SYSTEMS, {}, seed=seed)
        assert next_pair(SYSTEMS[::-1] + ["a"], {}, seed=seed) == expected


@pytest.mark.parametrize("systems", [[], ["a"], ["a", "a"]])
def test_two_systems_are_needed(systems: list[str]) -> None:
    with pytest.raises(ConfigError, match=f"two different systems; {len(set(systems))} given"):
        next_pair(systems, {}, seed="")


def test_a_judged_segment_does_not_come_again_until_all_are_judged() -> None:
    seen: set[tuple[int, frozenset[str]]] = set()
    asked = []
    while (source := next_source(range(30), seen, ("b", "a"), seed=f"{len(seen)}")) is not None:
        asked.append(source)
        seen.add((source, AB))
    assert sorted(asked) == list(range(30))
    assert asked != sorted(asked)
    assert next_source(range(30), seen, ("a", "c"), seed="") is not None


@pytest.mark.parametrize(
    ("sources", "seen", "expected"),
    [
        ([], [], None),
        ([7], [], 7),
        ([7, 7], [(7, AB)], None),
        ([7, 8], [(7, AB), (7, AB), (9, AB)], 8),
        ([7], [(7, frozenset("ac")), (7, frozenset("abc"))], 7),
    ],
)
def test_only_segments_judged_with_this_pair_are_left_out(
    sources: list[int], seen: list[tuple[int, frozenset[str]]], expected: int | None
) -> None:
    for pair in (("a", "b"), ("b", "a")):
        assert next_source(sources, seen, pair, seed="s") == expected


@given(st.lists(st.integers(), min_size=1), st.text(), st.randoms(use_true_random=False))
def test_a_reload_asks_the_same_segment(
    sources: list[int], seed: str, generator: random.Random
) -> None:
    found = next_source(sources, [], ("a", "b"), seed=seed)
    shuffled = generator.sample(sources, len(sources))
    assert found in sources
    assert next_source(shuffled, [], ("b", "a"), seed=seed) == found


def test_segments_are_chosen_evenly_by_the_seed() -> None:
    chosen = Counter(
        next_source(range(5), [], ("a", "b"), seed=f"{number}") for number in range(5000)
    )
    assert len(chosen) == 5
    assert all(850 < times < 1150 for times in chosen.values())


def test_another_process_chooses_the_same() -> None:
    code = (
        "from core.systems.arena.pairing import next_pair, next_source\n"
        "from core.systems.arena.rules import is_swapped\n"
        "seeds = [f'{n}' for n in range(40)]\n"
        "print([(next_pair('abcd', {}, seed=s), is_swapped(s),\n"
        "        next_source(range(99), [], ('a', 'b'), seed=s)) for s in seeds])\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=PROJECT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
