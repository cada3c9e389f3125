"""Each two systems of a campaign: how they differ, and whether by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.annotate.results.power import PowerHint, power_hint
from core.annotate.results.scoring import Floats, SegmentScores, SystemScore
from core.metrics.comparison import LEVEL, MIN_SEGMENTS
from core.metrics.rank_tests import rank_sum_p, signed_rank_p
from core.metrics.ranking import corrected
from core.metrics.sign_flips import sign_flip_p


@dataclass(frozen=True)
class RankedPair:
    """How two systems differ, `system` having the higher mean.

    Attributes:
        system, other: Names.
        delta: Difference of the two means.
        num_shared: Segments that were rated for both.
        shared_delta: Mean difference on these; None where there are none.
        p_permutation: Paired permutation, two-sided; None with no shared segment.
        p_signed_rank: Wilcoxon's signed-rank test, two-sided; None with no shared segment.
        p_rank_sum: Wilcoxon's rank-sum test, one-sided that `system` is better: WMT's, on all
            segments of either, not corrected.
        p_permutation_corrected, p_signed_rank_corrected: By Holm for all pairs.
        hint: How many segments would separate the two.
    """

    system: str
    other: str
    delta: float
    num_shared: int
    shared_delta: float | None
    p_permutation: float | None
    p_signed_rank: float | None
    p_rank_sum: float
    p_permutation_corrected: float | None
    p_signed_rank_corrected: float | None
    hint: PowerHint

    @property
    def is_separated(self) -> bool:
        """Whether the corrected permutation test tells the two apart."""
        p = self.p_permutation_corrected
        return p is not None and p < LEVEL and self.num_shared >= MIN_SEGMENTS


def compare_pairs(
    scores: SegmentScores, found: Sequence[SystemScore], order: Sequence[int], *, seed: int
) -> tuple[RankedPair, ...]:
    """Tests each two systems.

    Args:
        scores: Of the segments.
        found: Of the systems, by column.
        order: Columns of rated systems, the best first.
        seed: Of the permutation test's draws.

    Returns:
        By the order of the first system, then of the second.
    """
    places = list(combinations(order, 2))
    if not places:
        return ()
    better, worse = (list(each) for each in zip(*places, strict=True))
    differences = scores.values[:, better] - scores.values[:, worse]
    shared = [_known(column) for column in differences.T]
    flipped = sign_flip_p(differences, seed=seed).tolist()
    permutation = [p if len(each) else None for p, each in zip(flipped, shared, strict=True)]
    signed_rank = [signed_rank_p(each) if len(each) else None for each in shared]
    holm_permutation, holm_signed_rank = _holm(permutation), _holm(signed_rank)
    return tuple(
        RankedPair(
            system=found[first].system,
            other=found[second].system,
            delta=(found[first].mean or 0.0) - (found[second].mean or 0.0),
            num_shared=len(shared[number]),
            shared_delta=float(shared[number].mean()) if len(shared[number]) else None,
            p_permutation=permutation[number],
            p_signed_rank=signed_rank[number],
            p_rank_sum=rank_sum_p(*(_known(scores.values[:, at]) for at in (first, second))),
            p_permutation_corrected=holm_permutation[number],
            p_signed_rank_corrected=holm_signed_rank[number],
            hint=power_hint(shared[number]),
        )
        for number, (first, second) in enumerate(places)
    )


def _holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Corrects those that are known; a pair without a test is no comparison."""
    grown = iter(corrected([p for p in p_values if p is not None]))
    return [None if p is None else next(grown) for p in p_values]


def _known(values: Floats) -> Floats:
    known: Floats = values[np.isfinite(values)]
    return known
