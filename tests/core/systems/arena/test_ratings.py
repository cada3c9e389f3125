from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError, DataError
from core.systems.arena.ratings import (
    ELO_PER_STRENGTH,
    MEAN_RATING,
    Comparison,
    Rating,
    rate,
    win_matrix,
)
from core.systems.arena.strengths import RIDGE

Outcome = Literal["a", "b", "tie"]
SWAPPED: dict[str, Outcome] = {"a": "b", "b": "a", "tie": "tie"}


def votes(a: str, b: str, *, wins: int = 0, losses: int = 0, ties: int = 0) -> list[Comparison]:
    outcomes: list[Outcome] = ["a"] * wins + ["b"] * losses + ["tie"] * ties
    return [Comparison(a, b, outcome) for outcome in outcomes]


def simulated(
    strengths: Mapping[str, float], num: int, seed: int, *, ties: float = 0.0
) -> list[Comparison]:
    """Gives votes on random pairs that follow the model."""
    generator = random.Random(seed)
    comparisons = []
    for _ in range(num):
        a, b = generator.sample(sorted(strengths), 2)
        chance = 1 / (1 + math.exp(strengths[b] - strengths[a]))
        outcome: Outcome = "a" if generator.random() < chance else "b"
        comparisons.append(Comparison(a, b, "tie" if generator.random() < ties else outcome))
    return comparisons


def on_elo_scale(strengths: Mapping[str, float]) -> dict[str, float]:
    mean = sum(strengths.values()) / len(strengths)
    return {
        system: MEAN_RATING + ELO_PER_STRENGTH * (strength - mean)
        for system, strength in strengths.items()
    }


def gradient(comparisons: Sequence[Comparison], strengths: Mapping[str, float]) -> dict[str, float]:
    """The slope of the penalised log likelihood, straight from its definition."""
    slope = {system: -RIDGE * strength for system, strength in strengths.items()}
    for vote in comparisons:
        a, b = vote.system_a, vote.system_b
        won = {"a": 1.0, "b": 0.0, "tie": 0.5}[vote.outcome]
        expected = 1 / (1 + math.exp(strengths[b] - strengths[a]))
        slope[a] += won - expected
        slope[b] -= won - expected
    return slope


def by_system(ratings: Sequence[Rating]) -> dict[str, float]:
    return {rating.system: rating.rating for rating in ratings}


def strengths_of(ratings: Sequence[Rating]) -> dict[str, float]:
    return {r.system: (r.rating - MEAN_RATING) / ELO_PER_STRENGTH for r in ratings}


def test_no_votes_give_no_ratings() -> None:
    assert rate([]) == []
    assert win_matrix([]).systems == ()


def test_known_strengths_are_recovered_from_many_votes() -> None:
    strengths = {"nllb": 1.2, "gpt": 0.9, "base": 0.0, "tuned": -0.3, "noise": -2.0}
    ratings = rate(simulated(strengths, 30_000, seed=1))
    assert [rating.system for rating in ratings] == list(strengths)
    assert by_system(ratings) == pytest.approx(on_elo_scale(strengths), abs=12)
    assert [(r.rank_low, r.rank_high) for r in ratings] == [(n, n) for n in range(1, 6)]


@pytest.mark.parametrize(
    ("wins", "losses", "ties"),
    [(1, 0, 0), (7, 3, 0), (7, 3, 10), (500, 100, 0), (3, 3, 0), (1000, 0, 0), (0, 0, 4)],
)
def test_two_systems_are_apart_by_the_logarithm_of_their_wins_shrunk_by_the_ridge(
    wins: int, losses: int, ties: int
) -> None:
    won, num = wins + ties / 2, wins + losses + ties
    low, high = 0.0, 50.0  # the slope of the likelihood by the difference falls: halve the interval
    for _ in range(200):
        middle = (low + high) / 2
        slope = won - num / (1 + math.exp(-middle)) - RIDGE * middle / 2
        low, high = (middle, high) if slope > 0 else (low, middle)
    found = strengths_of(rate(votes("a", "b", wins=wins, losses=losses, ties=ties)))
    assert found["a"] - found["b"] == pytest.approx(low, abs=1e-8)
    if num > won:
        assert found["a"] - found["b"] <= math.log(won / (num - won)) + 1e-8


def test_two_systems_with_many_votes_are_apart_by_the_logarithm_of_their_wins() -> None:
    found = strengths_of(rate(votes("a", "b", wins=60_000, losses=20_000)))
    assert found["a"] - found["b"] == pytest.approx(math.log(3), abs=1e-4)


def test_ratings_are_where_slow_ascent_of_the_likelihood_ends() -> None:
    comparisons = [
        *votes("a", "b", wins=3, losses=1),
        *votes("b", "c", wins=2, losses=2, ties=1),
        *votes("c", "a", wins=1, losses=4),
    ]
    strengths = dict.fromkeys("abc", 0.0)
    for _ in range(3000):
        slope = gradient(comparisons, strengths)
        strengths = {system: strengths[system] + 0.1 * slope[system] for system in strengths}
    assert strengths_of(rate(comparisons)) == pytest.approx(strengths, abs=1e-9)


def test_ratings_are_those_of_the_mm_algorithm_when_votes_are_many() -> None:
    comparisons = simulated({"a": 1.0, "b": 0.2, "c": -0.4, "d": -0.8}, 20_000, seed=2, ties=0.2)
    matrix = win_matrix(comparisons)
    size = range(len(matrix.systems))
    skills = [1.0 for _ in size]
    for _ in range(500):  # Hunter 2004, equation 3
        skills = [
            sum(matrix.wins[i])
            / sum(matrix.num[i][j] / (skills[i] + skills[j]) for j in size if j != i)
            for i in size
        ]
    logs = {system: math.log(skills[i]) for i, system in enumerate(matrix.systems)}
    assert by_system(rate(comparisons)) == pytest.approx(on_elo_scale(logs), abs=0.05)


@pytest.mark.parametrize(
    "comparisons",
    [
        pytest.param(votes("a", "b", wins=100_000), id="never lost"),
        pytest.param(
            [vote for n in range(29) for vote in votes(f"{n:02}", f"{n + 1:02}", wins=1000)],
            id="a ladder on which each beats the next",
        ),
        pytest.param(
            votes("a", "b", wins=20_000, losses=1)
            + votes("b", "c", wins=1)
            + votes("c", "a", wins=1),
            id="a circle of very unlike numbers",
        ),
        pytest.param(
            [
                *votes("a", "b", wins=1000),
                *votes("a", "c", wins=10_000),
                *votes("b", "c", wins=1, losses=1),
                *votes("b", "d", wins=10_000, losses=1),
                *votes("c", "d", wins=10),
                *votes("a", "e", wins=100_000),
                *votes("b", "e", losses=10_000),
                *votes("c", "e", losses=1),
            ],
            id="whole steps of Newton leap to and fro for ever",
        ),
        pytest.param(
            [vote for n in range(60) for vote in votes("hub", f"{n}", wins=n % 2, losses=1)],
            id="a star",
        ),
    ],
)
def test_slope_of_the_likelihood_is_zero_at_the_ratings(comparisons: list[Comparison]) -> None:
    ratings = rate(comparisons, num_bootstraps=20)
    assert all(map(math.isfinite, (x for r in ratings for x in (r.rating, r.low, r.high))))
    slope = gradient(comparisons, strengths_of(ratings))
    assert slope == pytest.approx(dict.fromkeys(slope, 0.0), abs=1e-6)


def test_a_single_vote_leaves_everything_open() -> None:
    winner, loser = rate(votes("a", "b", wins=1))
    assert winner == replace(winner, system="a", num_votes=1, num_wins=1, num_losses=0, num_ties=0)
    assert loser == replace(loser, system="b", num_votes=1, num_wins=0, num_losses=1, num_ties=0)
    assert winner.rating > 1000 > loser.rating
    assert (winner.low, loser.high) == (loser.rating, winner.rating)
    assert [(r.rank_low, r.rank_high) for r in (winner, loser)] == [(1, 2), (1, 2)]


def test_a_system_that_won_all_votes_has_a_finite_rating_and_an_interval_below_it() -> None:
    winner, loser = rate(votes("a", "b", wins=10))
    assert winner.rating < 1000 + 400
    assert winner.low < winner.rating - 100
    assert winner.low > loser.high
    assert (winner.rank_low, winner.rank_high) == (1, 1)
    assert (loser.rank_low, loser.rank_high) == (2, 2)


def test_ties_alone_make_equals() -> None:
    ratings = rate(
        [*votes("a", "b", ties=20), *votes("b", "c", ties=20), *votes("c", "a", ties=20)]
    )
    for rating in ratings:
        assert rating.rating == pytest.approx(1000, abs=1e-9)
        assert rating.low < 1000 < rating.high
        assert (rating.rank_low, rating.rank_high, rating.num_ties) == (1, 3, 40)
    assert [rating.system for rating in ratings] == ["a", "b", "c"]


def test_a_tie_is_half_a_win_for_each() -> None:
    tied = rate([*votes("a", "b", wins=4, ties=6), *votes("b", "c", ties=2)])
    halved = rate([*votes("a", "b", wins=7, losses=3), *votes("b", "c", wins=1, losses=1)])
    assert by_system(tied) == pytest.approx(by_system(halved))


def test_systems_that_were_never_linked_are_in_groups_of_their_own() -> None:
    first = [*votes("a", "d", wins=4, losses=2), *votes("d", "e", wins=4, losses=2)]
    second = votes("b", "c", wins=5, losses=6)
    ratings = rate([*second, *first])
    assert [(rating.system, rating.group) for rating in ratings] == [
        ("a", 1),
        ("d", 1),
        ("e", 1),
        ("c", 2),
        ("b", 2),
    ]
    assert ratings == rate(first) + [replace(rating, group=2) for rating in rate(second)]
    assert max(rating.rank_high for rating in ratings if rating.group == 2) == 2


def test_a_vote_between_groups_makes_them_one() -> None:
    apart = votes("a", "b", wins=3) + votes("c", "d", wins=3)
    assert {rating.group for rating in rate([*apart, Comparison("b", "c", "tie")])} == {1}


def test_many_systems_are_rated_in_blocks_of_draws() -> None:
    strengths = {f"system {number}": number / 25 for number in range(50)}
    ratings = rate(simulated(strengths, 2000, seed=3), num_bootstraps=100)
    assert len(ratings) == 50
    assert all(rating.low < rating.rating < rating.high for rating in ratings)


def test_the_seed_decides_the_intervals_and_nothing_else() -> None:
    comparisons = simulated({"a": 0.5, "b": 0.0, "c": -0.5}, 60, seed=4)
    assert rate(comparisons, seed=5) == rate(comparisons, seed=5)
    assert rate(comparisons, seed=5) != rate(comparisons, seed=6)
    assert by_system(rate(comparisons, seed=5)) == by_system(rate(comparisons, seed=6))


def test_intervals_grow_with_confidence_and_shrink_with_votes() -> None:
    strengths = {"a": 0.5, "b": 0.0, "c": -0.5}
    few, many = (simulated(strengths, num, seed=7) for num in (100, 10_000))

    def width(comparisons: list[Comparison], confidence: float) -> float:
        return sum(r.high - r.low for r in rate(comparisons, confidence=confidence))

    assert width(few, 0.5) < width(few, 0.9) < width(few, 0.99)
    assert width(many, 0.95) == pytest.approx(width(few, 0.95) / 10, rel=0.25)


@pytest.mark.parametrize(
    ("num_systems", "num_votes", "least"),
    [(2, 5, 0.89), (2, 40, 0.91), (5, 20, 0.91), (5, 200, 0.91), (10, 60, 0.91)],
)
def test_intervals_hold_the_truth_about_as_often_as_they_say(
    num_systems: int, num_votes: int, least: float
) -> None:
    generator = random.Random(8)
    held = []
    for seed in range(120):
        truth = {f"{n}": generator.gauss(0, 1) for n in range(num_systems)}
        ratings = rate(simulated(truth, num_votes, seed), num_bootstraps=200)
        if len(ratings) < num_systems or ratings[-1].group > 1:
            continue
        expected = on_elo_scale(truth)
        held += [rating.low <= expected[rating.system] <= rating.high for rating in ratings]
    assert len(held) >= 200
    assert least <= sum(held) / len(held) <= 0.995


@pytest.mark.parametrize(("wins", "losses"), [(2, 2), (4, 0), (7, 1), (8, 2)])
def test_intervals_that_touch_leave_the_order_open(wins: int, losses: int) -> None:
    # A draw of equals, at the end of the interval, differs from 1000 by no more than noise.
    ratings = rate(votes("a", "b", wins=wins, losses=losses), num_bootstraps=200)
    assert ratings[0].low <= 1000 <= ratings[1].high
    assert [(r.rank_low, r.rank_high) for r in ratings] == [(1, 2), (1, 2)]


def test_equals_are_seldom_told_apart() -> None:
    apart = 0
    for seed in range(200):
        first, second = rate(simulated({"a": 0, "b": 0}, 30, seed), num_bootstraps=200)
        apart += first.rank_high < second.rank_low
    assert apart <= 20  # 95 % confidence: about 10 of 200


SYSTEMS = ["a", "b", "", "Ünï", "\ud800", "नमस्ते"]
COMPARISONS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(SYSTEMS), min_size=2, max_size=2, unique=True),
        st.sampled_from(["a", "b", "tie"]),
    ).map(lambda drawn: Comparison(*drawn[0], drawn[1])),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(COMPARISONS, st.randoms(use_true_random=False))
def test_order_of_votes_and_sides_does_not_count(
    comparisons: list[Comparison], generator: random.Random
) -> None:
    shuffled = [
        Comparison(vote.system_b, vote.system_a, SWAPPED[vote.outcome])
        if generator.random() < 0.5
        else vote
        for vote in generator.sample(comparisons, len(comparisons))
    ]
    assert rate(shuffled, num_bootstraps=30) == rate(comparisons, num_bootstraps=30)
    assert win_matrix(shuffled) == win_matrix(comparisons)


@settings(max_examples=60, deadline=None)
@given(COMPARISONS, st.permutations(SYSTEMS))
def test_other_names_give_the_same_ratings(comparisons: list[Comparison], names: list[str]) -> None:
    renamed = dict(zip(SYSTEMS, names, strict=True))
    before = by_system(rate(comparisons, num_bootstraps=1))
    after = by_system(
        rate(
            [Comparison(renamed[v.system_a], renamed[v.system_b], v.outcome) for v in comparisons],
            num_bootstraps=1,
        )
    )
    assert {renamed[system]: rating for system, rating in before.items()} == pytest.approx(after)


@settings(max_examples=60, deadline=None)
@given(COMPARISONS)
def test_the_opposite_of_all_votes_mirrors_the_ratings(comparisons: list[Comparison]) -> None:
    opposite = [replace(vote, outcome=SWAPPED[vote.outcome]) for vote in comparisons]
    mirrored = {r.system: 2000 - r.rating for r in rate(opposite, num_bootstraps=1)}
    assert by_system(rate(comparisons, num_bootstraps=1)) == pytest.approx(mirrored)


@settings(max_examples=60, deadline=None)
@given(COMPARISONS)
def test_what_a_rating_says_agrees_with_itself(comparisons: list[Comparison]) -> None:
    ratings = rate(comparisons, num_bootstraps=30)
    assert {r.system for r in ratings} == {s for v in comparisons for s in (v.system_a, v.system_b)}
    groups: dict[int, list[Rating]] = {}
    for rating in ratings:
        groups.setdefault(rating.group, []).append(rating)
        assert math.isfinite(rating.low) and rating.low <= rating.rating <= rating.high < math.inf
        assert rating.num_votes == rating.num_wins + rating.num_losses + rating.num_ties > 0
    assert list(groups) == list(range(1, len(groups) + 1))
    for group in groups.values():
        assert sum(r.rating for r in group) / len(group) == pytest.approx(1000, abs=1e-6)
        assert sum(r.num_wins for r in group) == sum(r.num_losses for r in group)
        for place, rating in enumerate(group, start=1):
            assert 1 <= rating.rank_low <= place <= rating.rank_high <= len(group)
    assert sum(rating.num_votes for rating in ratings) == 2 * len(comparisons)


@settings(max_examples=60, deadline=None)
@given(COMPARISONS.filter(bool))
def test_one_more_win_never_lowers_a_rating(comparisons: list[Comparison]) -> None:
    first = comparisons[0]
    more = [*comparisons, replace(first, outcome="a")]
    before, after = (strengths_of(rate(some, num_bootstraps=1)) for some in (comparisons, more))
    assert after[first.system_a] > before[first.system_a]


def test_win_matrix_counts_wins_ties_and_shares() -> None:
    comparisons = [*votes("a", "b", wins=3, losses=1, ties=2), *votes("c", "b", wins=1)]
    matrix = win_matrix(comparisons)
    assert matrix.systems == ("a", "b", "c")
    assert matrix.wins == ((0, 4, 0), (2, 0, 0), (0, 1, 0))
    assert matrix.num == ((0, 6, 0), (6, 0, 1), (0, 1, 0))
    assert matrix.shares == (
        (None, pytest.approx(2 / 3), None),
        (pytest.approx(1 / 3), None, 0),
        (None, 1, None),
    )


def test_win_matrix_keeps_the_order_that_is_wanted() -> None:
    matrix = win_matrix(votes("a", "b", wins=1) + votes("d", "c", wins=1), order=["new", "b", "b"])
    assert matrix.systems == ("new", "b", "a", "c", "d")
    assert matrix.num[0] == (0, 0, 0, 0, 0)
    assert matrix.shares[1] == (None, None, 0, None, None)
    assert matrix.wins[2] == (0, 1, 0, 0, 0)


@pytest.mark.parametrize("count", [rate, win_matrix])
def test_a_system_is_not_compared_with_itself(count: Any) -> None:
    with pytest.raises(DataError, match="“a” cannot be compared with itself"):
        count([Comparison("a", "a", "tie")])


@pytest.mark.parametrize(
    ("num_bootstraps", "confidence"), [(0, 0.95), (-1, 0.95), (10, 0), (10, 1), (10, math.nan)]
)
def test_impossible_intervals_are_refused(num_bootstraps: int, confidence: float) -> None:
    with pytest.raises(ConfigError, match=f"{confidence} confidence .* {num_bootstraps} draws"):
        rate([], num_bootstraps=num_bootstraps, confidence=confidence)


def test_an_outcome_that_is_none_is_no_vote() -> None:
    with pytest.raises(KeyError):
        rate([Comparison("a", "b", "both bad")])  # type: ignore[arg-type]
