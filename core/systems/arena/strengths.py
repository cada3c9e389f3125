"""Strengths of systems in Bradley and Terry's model: the likeliest, and for votes drawn anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    _Floats: TypeAlias = npt.NDArray[np.float64]
    _Integers: TypeAlias = npt.NDArray[np.int64]

# As if strengths were known to be normal with a standard deviation of 3.2 (549 Elo): that of a
# system which never lost stays finite, and 7 votes of 10 are moved by 2 %.
RIDGE = 0.1

_MAX_STEPS = 100
_TOLERANCE = 1e-9

# Numbers in one block of drawn votes, so that memory stays bounded and the cache is used.
_BLOCK_SIZE = 100_000


def fitted(outcomes: _Integers, sides: _Integers) -> _Floats:
    """Gives the strengths of the greatest penalised likelihood, (systems,); their mean is 0.

    The chance that i beats j is 1 / (1 + exp(b_j - b_i)), the penalty RIDGE / 2 * sum(b ** 2).

    Args:
        outcomes: Votes won by the first, won by the second and tied, (pairs, 3).
        sides: Numbers of the first and the second system, (pairs, 2), parallel to `outcomes`.
    """
    import numpy as np

    wins = _wins(outcomes[np.newaxis], sides)
    likeliest: _Floats = _climbed(wins, np.zeros(wins.shape[1]))[0]
    return likeliest


def bootstrapped(
    outcomes: _Integers, sides: _Integers, *, num_bootstraps: int, seed: int
) -> _Floats:
    """Gives the strengths for votes drawn anew with replacement, (num_bootstraps, systems).

    An outcome of a pair is drawn as often as it was seen, and a little more: each system gets one
    more vote, half won and half lost, spread over the votes it was in. Votes that all agree would
    otherwise always be drawn as they are, and give an interval without width. Between two systems
    it is half a win for each (the prior of Jeffreys).

    Args:
        outcomes: As for `fitted`.
        sides: As for `fitted`.
        num_bootstraps: How often all votes are drawn.
        seed: Of the draws.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    chances = _smoothed(outcomes, sides).ravel()
    chances /= chances.sum()
    likeliest = fitted(outcomes, sides)
    block_size = max(1, _BLOCK_SIZE // likeliest.size**2)
    blocks = []
    for start in range(0, num_bootstraps, block_size):
        size = min(block_size, num_bootstraps - start)
        drawn = generator.multinomial(outcomes.sum(), chances, size=size)
        blocks.append(_climbed(_wins(drawn.reshape(size, -1, 3), sides), likeliest))
    return np.concatenate(blocks)


def _smoothed(outcomes: _Integers, sides: _Integers) -> _Floats:
    """Adds one vote a system, half won and half lost, spread over the votes it was in."""
    import numpy as np

    num = outcomes.sum(axis=1)
    num_by_system = np.bincount(sides.ravel(), weights=np.repeat(num, 2))
    added = num * (1 / num_by_system[sides]).sum(axis=1) / 4
    smoothed: _Floats = outcomes + added[:, np.newaxis] * np.array([1.0, 1.0, 0.0])
    return smoothed


def _wins(outcomes: _Integers, sides: _Integers) -> _Floats:
    """Turns (samples, pairs, 3) into how often the row won against the column."""
    import numpy as np

    size = sides.max() + 1
    wins = np.zeros((len(outcomes), size, size))
    first, second = sides.T
    wins[:, first, second] = outcomes[:, :, 0] + outcomes[:, :, 2] / 2
    wins[:, second, first] = outcomes[:, :, 1] + outcomes[:, :, 2] / 2
    return wins


def _climbed(wins: _Floats, start: _Floats) -> _Floats:
    """Gives the strengths for each matrix of wins, by Newton's method from `start`.

    A whole step may leap too far where the votes nearly all agree. With d the greatest change of a
    difference between two strengths, a step of ln(1 + d) / d never does (Sun & Tran-Dinh 2019,
    "Generalized self-concordant functions", of which the logistic loss is one), and near the top
    it is a whole step.
    """
    import numpy as np

    num = wins + wins.swapaxes(1, 2)
    won = wins.sum(axis=2)
    strengths = np.tile(start, (len(wins), 1))
    diagonal = np.arange(strengths.shape[1])
    for _ in range(_MAX_STEPS):
        # tanh cannot overflow as exp does.
        halves = np.tanh((strengths[:, :, np.newaxis] - strengths[:, np.newaxis, :]) / 2)
        gradient = won - (num * (1 + halves)).sum(axis=2) / 2 - RIDGE * strengths
        curvature = num * (halves**2 - 1) / 4
        curvature[:, diagonal, diagonal] = RIDGE - curvature.sum(axis=2)
        step = np.linalg.solve(curvature, gradient[:, :, np.newaxis])[:, :, 0]
        greatest = np.maximum(np.ptp(step, axis=1, keepdims=True), _TOLERANCE)
        strengths += step * np.log1p(greatest) / greatest
        if greatest.max() <= _TOLERANCE:
            break
    return strengths
