"""What a comparison of systems by one measure gives: values, intervals, differences, ranks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.metrics.measures import Measure, Rows

TestName = Literal["bs", "ar"]

LEVEL = 0.05

# The systems' segments can be swapped in 2^n ways, of which each two are mirror images: with 5
# segments the most extreme result has a p of 2/32, and no difference can be told from chance.
MIN_SEGMENTS = 6


@dataclass(frozen=True)
class Measured:
    """A measure and every system's statistics for it.

    Attributes:
        measure: What to compute.
        rows: For each system its statistics, (segments, k); parallel between systems.
    """

    measure: Measure
    rows: Mapping[str, Rows]


@dataclass(frozen=True)
class Interval:
    """Where 95 % of the resamples lie.

    Attributes:
        mean: Of all resamples.
        half_width: Half the distance of the bounds: what sacreBLEU prints behind ±.
        low: The lower bound.
        high: The upper bound.
    """

    mean: float
    half_width: float
    low: float
    high: float


@dataclass(frozen=True)
class SystemResult:
    """One system's value.

    Attributes:
        system: Its name.
        value: The value of the measure for all segments.
        interval: Of the value; None where no resamples were drawn.
        ranks: Best and worst rank that the tests of all pairs leave open, 1 being the best.
        cluster: Number of the cluster, 1 being the best.
    """

    system: str
    value: float
    interval: Interval | None
    ranks: tuple[int, int]
    cluster: int


@dataclass(frozen=True)
class PairResult:
    """How one system differs from another.

    Attributes:
        system: Its name.
        other: The one it is compared with, such as the baseline.
        delta: Its value minus the other's.
        interval: Of the delta, from the same resamples of both; None where none were drawn.
        p: sacreBLEU's, which is small without meaning where the values are equal (it leaves a
            zero difference out of account) and with very few segments.
        p_corrected: By Holm for all comparisons with the baseline, or for all pairs; 1 where the
            values are equal or there are fewer than `MIN_SEGMENTS`.
        is_better: Whether the delta is one for the better; None if it is 0.
    """

    system: str
    other: str
    delta: float
    interval: Interval | None
    p: float
    p_corrected: float
    is_better: bool | None

    def is_significant(self, level: float = LEVEL) -> bool:
        """Whether the corrected p is below a level."""
        return self.p_corrected < level


@dataclass(frozen=True)
class Comparison:
    """All systems by one measure.

    Attributes:
        measure: By which they were compared.
        test: `bs` for the paired bootstrap, `ar` for approximate randomisation.
        signature: sacreBLEU's, with the test and the seed.
        baseline: The system that the others are compared with.
        num_segments: In the test set.
        num_samples: Resamples, those of the intervals included; 0 where `ar` went without.
        num_trials: Of the randomisation; 0 for `bs`.
        seed: Of the draws.
        level: Of significance, which clusters and ranks go by.
        systems: In the order given.
        against_baseline: All others against the baseline, in the order given.
        pairs: Each two systems, the later against the earlier one.
        order: The systems' names, the best first.
    """

    measure: Measure
    test: TestName
    signature: str
    baseline: str
    num_segments: int
    num_samples: int
    num_trials: int
    seed: int
    level: float
    systems: tuple[SystemResult, ...]
    against_baseline: tuple[PairResult, ...]
    pairs: tuple[PairResult, ...]
    order: tuple[str, ...]

    @property
    def can_separate(self) -> bool:
        """Whether any two of so many systems could come out as different.

        The smallest p is one in the number of draws, and Holm multiplies it by that of the pairs.
        More draws help; fewer than `MIN_SEGMENTS` segments cannot be helped.
        """
        is_fine_enough = len(self.pairs) / (self.num_draws + 1) < self.level
        return is_fine_enough and self.num_segments >= MIN_SEGMENTS

    @property
    def num_draws(self) -> int:
        """How many draws the test's p is a share of."""
        return self.num_trials if self.test == "ar" else self.num_samples

    @property
    def num_draws_needed(self) -> int:
        """The fewest draws with which two of so many systems could come out as different."""
        return math.floor(len(self.pairs) / self.level)
