"""The ranking of a campaign's systems, with as much doubt as there is about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import Preset
from core.annotate.results.intervals import Bounds, bootstrap_bounds
from core.annotate.results.pairs import RankedPair, compare_pairs
from core.annotate.results.scoring import (
    SegmentScores,
    SystemScore,
    segment_scores,
    span_scores,
    system_scores,
)
from core.annotate.results.standardising import z_scores
from core.metrics.comparison import LEVEL, MIN_SEGMENTS
from core.metrics.ranking import clusters, rank_ranges
from core.metrics.sign_flips import NUM_TRIALS
from core.metrics.significance import NUM_SAMPLES, SEED


@dataclass(frozen=True)
class RankedSystem:
    """One system among the others.

    Attributes:
        score: Mean, number of segments and of ratings.
        by_segment: 95 % of the means when segments are drawn anew; None with fewer than two.
        by_document: The same when whole documents are drawn; None with fewer than two.
        z_score: Mean of the scores in standard deviations of their raters, or None.
        span_mean: ESA: the mean by the marked spans, else None.
        cluster: Number of the cluster, 1 being the best; None where nothing is rated.
        ranks: Best and worst rank that the rank-sum tests leave open, or None.
    """

    score: SystemScore
    by_segment: Bounds | None
    by_document: Bounds | None
    z_score: float | None
    span_mean: float | None = None
    cluster: int | None = None
    ranks: tuple[int, int] | None = None


@dataclass(frozen=True)
class SystemRanking:
    """All systems of a campaign.

    Attributes:
        systems: The best first, those without a rating last.
        pairs: Each two rated systems, in the order of the ranking.
        scale: Preset or scale of the scores.
        averaging: How they were averaged, in words.
        num_segments: Segments with any rating.
        num_documents: Documents among them, or 0 where there are no names of documents.
        num_raters: Raters with any rating that counts.
        num_adjudicated: Outputs scored by adjudication.
        seed: Of all draws.
        num_samples: Resamples of each interval.
        num_trials: Of the permutation test, unless all assignments were counted.
    """

    systems: tuple[RankedSystem, ...]
    pairs: tuple[RankedPair, ...]
    scale: str
    averaging: str
    num_segments: int
    num_documents: int
    num_raters: int
    num_adjudicated: int
    seed: int
    num_samples: int
    num_trials: int


def rank_systems(
    data: CampaignData,
    preset: Preset,
    *,
    uses_gold: bool = False,
    seed: int = SEED,
    num_samples: int = NUM_SAMPLES,
) -> SystemRanking:
    """Ranks the systems by their means and tests each two of them.

    A cluster ends where every system above is better than each one below by the one-sided
    rank-sum test at 5 %, as at WMT; with fewer than six segments it says nothing.

    Args:
        data: The campaign.
        preset: What errors cost; used for MQM, and for ESA's spans.
        uses_gold: Adjudicated annotations count instead of the raters' where there are any.
        seed: Of the draws.
        num_samples: Resamples for the intervals.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    found = segment_scores(data, preset, uses_gold=uses_gold)
    means = system_scores(found)
    order = _order(means)
    pairs = compare_pairs(found, means, order, seed=seed)
    systems = _systems(found, means, data, seed, num_samples)
    spans = _span_means(data, preset, uses_gold)
    return SystemRanking(
        systems=_in_order(order, systems, spans, _placed(order, pairs, means)),
        pairs=pairs,
        scale=found.scale,
        averaging=found.averaging,
        seed=seed,
        num_samples=num_samples,
        num_trials=NUM_TRIALS,
        **_numbers(data, found),
    )


def _order(means: Sequence[SystemScore]) -> list[int]:
    """Gives the columns of the systems that were rated, the best first."""
    rated = [column for column, each in enumerate(means) if each.num_segments]
    return sorted(rated, key=lambda column: -(means[column].mean or 0.0))


def _numbers(data: CampaignData, found: SegmentScores) -> dict[str, int]:
    """Gives how much was rated, and by how many."""
    is_rated = np.isfinite(found.values).any(axis=1)
    documents = {data.segments[row].document for row in np.flatnonzero(is_rated).tolist()}
    return {
        "num_segments": int(is_rated.sum()),
        "num_documents": len(documents - {""}),
        "num_raters": sum(bool(np.isfinite(each).any()) for each in found.by_rater.values()),
        "num_adjudicated": found.num_adjudicated,
    }


def _in_order(
    order: Sequence[int],
    systems: Sequence[RankedSystem],
    spans: Sequence[float | None],
    placed: Mapping[int, dict[str, Any]],
) -> tuple[RankedSystem, ...]:
    """Gives the systems with all that is known, the best first, the unrated ones last."""
    shown = [*order, *(column for column in range(len(systems)) if column not in order)]
    return tuple(replace(systems[at], span_mean=spans[at], **placed.get(at, {})) for at in shown)


def _systems(
    scores: SegmentScores,
    means: Sequence[SystemScore],
    data: CampaignData,
    seed: int,
    num_samples: int,
) -> list[RankedSystem]:
    """Gives what is known of each system by itself, in column order."""
    documents = [segment.document for segment in data.segments]
    by_segment, by_document = (
        bootstrap_bounds(scores.values, names, seed=seed, num_samples=num_samples)
        for names in (None, documents)
    )
    columns = zip(means, by_segment, by_document, z_scores(scores), strict=True)
    return [RankedSystem(*column) for column in columns]


def _span_means(data: CampaignData, preset: Preset, uses_gold: bool) -> list[float | None]:
    if data.protocol != "esa":
        return [None] * len(data.systems)
    return [each.mean for each in system_scores(span_scores(data, preset, uses_gold=uses_gold))]


def _placed(
    order: Sequence[int], pairs: Sequence[RankedPair], means: Sequence[SystemScore]
) -> dict[int, dict[str, Any]]:
    """Gives cluster and range of ranks by column."""
    is_better: npt.NDArray[np.bool_] = np.zeros((len(order), len(order)), dtype=bool)
    for (first, second), pair in zip(combinations(range(len(order)), 2), pairs, strict=True):
        fewest = min(means[order[at]].num_segments for at in (first, second))
        is_better[first, second] = fewest >= MIN_SEGMENTS and pair.p_rank_sum < LEVEL
    groups = clusters(range(len(order)), is_better)
    cluster_of = {at: number for number, group in enumerate(groups, 1) for at in group}
    ranges = rank_ranges(is_better)
    return {
        column: {"cluster": cluster_of[at], "ranks": ranges[at]} for at, column in enumerate(order)
    }
