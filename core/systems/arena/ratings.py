"""Ratings of systems from votes on two of them at a time, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from core.errors import ConfigError, DataError
from core.systems.arena.strengths import bootstrapped, fitted

MEAN_RATING = 1000.0
ELO_PER_STRENGTH = 400 / math.log(10)

# Of a strength; what is behind is noise, and would tell systems apart that are equal.
_DECIMALS = 10


@dataclass(frozen=True)
class Comparison:
    """One vote; that both answers are unacceptable is another judgement and has no place here.

    Attributes:
        system_a, system_b: Ids of two different systems.
        outcome: The better side, or a tie.
    """

    system_a: str
    system_b: str
    outcome: Literal["a", "b", "tie"]


@dataclass(frozen=True)
class Rating:
    """What the votes say about one system.

    Attributes:
        system: Its id.
        rating: On the Elo scale: 400 more mean ten wins for each loss. The mean of a group is 1000.
        low, high: The interval of the rating; `rating` itself is always in it.
        rank_low, rank_high: The best and the worst rank in its group that the intervals leave open:
            behind those whose whole interval is above this one, and before those whose whole
            interval is below.
        num_votes: Votes it was in.
        num_wins, num_losses, num_ties: How these went.
        group: Systems that were compared with each other, directly or through others, have the same
            number, from 1 for the group with most votes. Ratings of different groups cannot be
            compared.
    """

    system: str
    rating: float
    low: float
    high: float
    rank_low: int
    rank_high: int
    num_votes: int
    num_wins: int
    num_losses: int
    num_ties: int
    group: int


@dataclass(frozen=True)
class WinMatrix:
    """How often the system of a row won against the one of a column.

    Attributes:
        systems: Ids, for rows and columns alike.
        wins: Votes won; a tie is half a win for each.
        num: Votes on the two.
        shares: Wins divided by votes, 0 to 1; None where there are no votes.
    """

    systems: tuple[str, ...]
    wins: tuple[tuple[float, ...], ...]
    num: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float | None, ...], ...]


# Votes won by the first, won by the second and tied; the id of the first sorts before the other.
_Pairs: TypeAlias = dict[tuple[str, str], tuple[int, int, int]]
_PLACES = {"a": 0, "b": 1, "tie": 2}
_SWAPPED_PLACES = {"a": 1, "b": 0, "tie": 2}


def rate(
    comparisons: Iterable[Comparison],
    *,
    num_bootstraps: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> list[Rating]:
    """Gives the Bradley-Terry ratings, group by group, the best first.

    The model: system i beats j with the chance 1 / (1 + 10 ** ((rating_j - rating_i) / 400)). The
    ratings are those of the greatest likelihood (Hunter 2004, "MM algorithms for generalized
    Bradley-Terry models"), with a small penalty for being far from 1000. A tie is half a win for
    each, as in Chatbot Arena (Chiang et al. 2024); Davidson (1970) gives ties a parameter instead.

    The intervals are percentiles of a bootstrap over votes. The ratings of a group depend on its
    own votes only; neither the order of the votes nor that of the sides counts.

    Args:
        comparisons: The votes; none give no ratings.
        num_bootstraps: How often the votes are drawn anew.
        seed: Of these draws.
        confidence: The share of the draws that lies in an interval.

    Raises:
        ConfigError: There would be no draws, or the confidence is not between 0 and 1.
        DataError: A system was compared with itself.
    """
    if num_bootstraps < 1 or not 0 < confidence < 1:
        raise ConfigError(
            f"No interval of {confidence} confidence can be had from {num_bootstraps} draws.",
            hint="Draw at least once, and choose a confidence between 0 and 1.",
        )
    ratings = []
    for number, pairs in enumerate(_groups(_pairs(comparisons)), start=1):
        rated = _rated(pairs, number, num_bootstraps, seed, confidence)
        ratings += sorted(rated, key=lambda rating: (-rating.rating, rating.system))
    return ratings


def win_matrix(comparisons: Iterable[Comparison], *, order: Sequence[str] = ()) -> WinMatrix:
    """Gives who won against whom how often.

    Args:
        comparisons: The votes.
        order: Ids that stand first, such as those of `rate`; the others follow by their id.

    Raises:
        DataError: A system was compared with itself.
    """
    wins: dict[tuple[str, str], float] = {}
    num: dict[tuple[str, str], int] = {}
    for (first, second), outcomes in _pairs(comparisons).items():
        num[first, second] = num[second, first] = sum(outcomes)
        wins[first, second] = outcomes[0] + outcomes[2] / 2
        wins[second, first] = outcomes[1] + outcomes[2] / 2
    systems = tuple(dict.fromkeys([*order, *sorted({system for pair in num for system in pair})]))
    cells = [[(row, column) for column in systems] for row in systems]
    return WinMatrix(
        systems,
        wins=tuple(tuple(wins.get(cell, 0.0) for cell in row) for row in cells),
        num=tuple(tuple(num.get(cell, 0) for cell in row) for row in cells),
        shares=tuple(
            tuple(wins[cell] / num[cell] if cell in num else None for cell in row) for row in cells
        ),
    )


def _pairs(comparisons: Iterable[Comparison]) -> _Pairs:
    """Counts the outcomes of each pair, sorted, so that no order of votes or sides is left."""
    counts: dict[tuple[str, str], list[int]] = {}
    for vote in comparisons:
        if vote.system_a == vote.system_b:
            raise DataError(f"System “{vote.system_a}” cannot be compared with itself.")
        if vote.system_a < vote.system_b:
            pair, place = (vote.system_a, vote.system_b), _PLACES[vote.outcome]
        else:
            pair, place = (vote.system_b, vote.system_a), _SWAPPED_PLACES[vote.outcome]
        counts.setdefault(pair, [0, 0, 0])[place] += 1
    return {pair: (wins, losses, ties) for pair, (wins, losses, ties) in sorted(counts.items())}


def _groups(pairs: _Pairs) -> list[_Pairs]:
    """Splits pairs into those that are linked by a system, the group with most votes first."""
    group_of: dict[str, frozenset[str]] = {}
    for pair in pairs:
        linked = frozenset(pair).union(*(group_of.get(system, ()) for system in pair))
        group_of.update(dict.fromkeys(linked, linked))
    groups: dict[frozenset[str], _Pairs] = {}
    for pair, outcomes in pairs.items():
        groups.setdefault(group_of[pair[0]], {})[pair] = outcomes
    return sorted(groups.values(), key=lambda group: -sum(map(sum, group.values())))


def _rated(
    pairs: _Pairs, group: int, num_bootstraps: int, seed: int, confidence: float
) -> list[Rating]:
    import numpy as np

    systems = sorted({system for pair in pairs for system in pair})
    sides = np.array([[systems.index(system) for system in pair] for pair in pairs])
    outcomes = np.array(list(pairs.values()))
    drawn = bootstrapped(outcomes, sides, num_bootstraps=num_bootstraps, seed=seed)
    drawn, strengths = drawn.round(_DECIMALS), fitted(outcomes, sides).round(_DECIMALS)
    outside = (1 - confidence) / 2
    lows, highs = np.quantile(drawn, [outside, 1 - outside], axis=0)
    # Percentiles of few or skewed draws need not hold the rating itself.
    lows, highs = np.minimum(lows, strengths), np.maximum(highs, strengths)
    counts = _counts_by_system(pairs)
    return [
        Rating(
            system,
            rating=_on_elo_scale(strengths[index]),
            low=_on_elo_scale(lows[index]),
            high=_on_elo_scale(highs[index]),
            rank_low=1 + int((lows > highs[index]).sum()),
            rank_high=len(systems) - int((highs < lows[index]).sum()),
            num_votes=sum(counts[system]),
            num_wins=counts[system][0],
            num_losses=counts[system][1],
            num_ties=counts[system][2],
            group=group,
        )
        for index, system in enumerate(systems)
    ]


def _counts_by_system(pairs: _Pairs) -> dict[str, list[int]]:
    """Gives wins, losses and ties of each system."""
    counts: dict[str, list[int]] = {}
    for (first, second), (first_wins, second_wins, ties) in pairs.items():
        for system, added in (
            (first, (first_wins, second_wins, ties)),
            (second, (second_wins, first_wins, ties)),
        ):
            before = counts.setdefault(system, [0, 0, 0])
            counts[system] = [old + new for old, new in zip(before, added, strict=True)]
    return counts


def _on_elo_scale(strength: float) -> float:
    return MEAN_RATING + ELO_PER_STRENGTH * float(strength)
