"""How often each training segment is seen in an epoch: weights become indices, by the seed alone.

Of a part with the weight 2.3 each segment is seen twice, and three tenths of them once more: which
ones is drawn anew for every epoch. The draw goes systematically through the segments in the order
of their lengths. So every epoch has segments of the same lengths, give or take a few tokens, and
its number of batches has a bound that is known before the first epoch.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

# Neighbours in the order of lengths that change places before a draw: with fewer, a weight of 0.5
# would know only two halves.
BLOCK = 16


@dataclass(frozen=True)
class Share:
    """A stretch of training segments that are seen equally often.

    Attributes:
        first: Index of its first segment.
        count: Segments, at least 1.
        num_drawn: Segments seen in an epoch, repeats included.
    """

    first: int
    count: int
    num_drawn: int

    @property
    def whole(self) -> int:
        """How often every one of its segments is seen."""
        return self.num_drawn // self.count

    @property
    def rest(self) -> int:
        """How many of its segments are seen once more, less than `count`."""
        return self.num_drawn % self.count

    def drawn(self, key: Callable[[int], Any], stream: str) -> list[int]:
        """Gives the indices of an epoch.

        Args:
            key: What segments of similar length have alike.
            stream: What the draw depends on, such as seed and epoch.
        """
        indices = list(range(self.first, self.first + self.count))
        found = indices * self.whole
        if self.rest:
            generator = random.Random(f"{stream}/{self.first}")
            ordered = _moved(sorted(indices, key=key), generator)
            start = generator.random()
            found += [ordered[_place(k + start, self.count, self.rest)] for k in range(self.rest)]
        return found

    def longest(self, key: Callable[[int], Any]) -> list[int]:
        """Gives indices of segments that are, one by one, at least as long as any that is drawn."""
        indices = list(range(self.first, self.first + self.count))
        found = indices * self.whole
        if self.rest:
            ordered = sorted(indices, key=key)
            for k in range(self.rest):
                last = _place(k + 1, self.count, self.rest)  # the draw stays at it or before it
                end_of_block = last // BLOCK * BLOCK + BLOCK - 1
                found.append(ordered[min(end_of_block, self.count - 1)])
        return found


def _place(position: float, count: int, rest: int) -> int:
    """Gives which of `count` segments a draw takes at a position between 0 and `rest`."""
    return min(int(position * count / rest), count - 1)


def _moved(ordered: Sequence[int], generator: random.Random) -> list[int]:
    """Gives indices in their order, but with neighbours at random places."""
    found: list[int] = []
    for first in range(0, len(ordered), BLOCK):
        block = list(ordered[first : first + BLOCK])
        generator.shuffle(block)
        found += block
    return found
