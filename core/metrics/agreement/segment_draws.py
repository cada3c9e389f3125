"""Draws of segments with replacement, and a statistic of each, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

# Where draws are costly this many are made all the same.
FEWEST_DRAWS = 100

# Numbers worked on at once, so that memory stays bounded and the cache is used; no fewer draws,
# as sorting the points is done once for all of them.
_BLOCK_SIZE = 250_000
_FEWEST_IN_BLOCK = 4


@dataclass(frozen=True)
class SegmentDraws:
    """Draws of as many segments as there are, with replacement.

    Attributes:
        num_segments: 1 or more.
        num_resamples: Draws wanted, 0 or more.
        seed: The same seed gives the same draws.
    """

    num_segments: int
    num_resamples: int
    seed: int

    def whole(self) -> Floats:
        """Gives the counts of the draw that holds each segment once, (segments, 1)."""
        return np.ones((self.num_segments, 1))

    def of(
        self, statistic: Callable[[Floats], Floats], size: int, most: int | None = None
    ) -> Floats:
        """Gives a statistic of each draw, (…, draws).

        Args:
            statistic: Takes how often each segment was drawn, (segments, draws).
            size: Numbers that one draw takes.
            most: Numbers that all draws together should take; None for no limit.
        """
        num_draws = self.num_resamples
        if most is not None:
            num_draws = min(num_draws, max(most // max(size, 1), FEWEST_DRAWS))
        generator = np.random.default_rng(self.seed)
        block_size = max(_FEWEST_IN_BLOCK, _BLOCK_SIZE // max(size, 1))
        blocks = [statistic(self.whole())[..., :0]]
        for start in range(0, num_draws, block_size):
            num = min(block_size, num_draws - start)
            drawn = generator.integers(self.num_segments, size=(num, self.num_segments))
            drawn += np.arange(num)[:, np.newaxis] * self.num_segments
            counts = np.bincount(drawn.ravel(), minlength=num * self.num_segments)
            counts = counts.reshape(num, self.num_segments).T
            blocks.append(statistic(np.ascontiguousarray(counts, np.float64)))
        return np.concatenate(blocks, axis=-1)
