"""Results as rows for files: every number with its preset, its averaging order and its n."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

from core.annotate.campaign_data import CampaignData
from core.annotate.mqm_weights import Preset
from core.annotate.results.error_profile import ErrorProfile
from core.annotate.results.intervals import Bounds
from core.annotate.results.ranking import SystemRanking
from core.annotate.results.scoring import SegmentScores

Row: TypeAlias = dict[str, Any]

_WITHOUT_WEIGHTS = ("sqm", "ranking")


def system_rows(ranking: SystemRanking) -> list[Row]:
    """Gives a row a system, the best first."""
    return [
        {
            "system": each.score.system,
            "mean": each.score.mean,
            "n_segments": each.score.num_segments,
            "n_ratings": each.score.num_ratings,
            **_bounds("segment", each.by_segment),
            **_bounds("document", each.by_document),
            "z_score": each.z_score,
            "span_mean": each.span_mean,
            "cluster": each.cluster,
            "best_rank": each.ranks[0] if each.ranks else None,
            "worst_rank": each.ranks[1] if each.ranks else None,
            **_provenance(ranking),
        }
        for each in ranking.systems
    ]


def pair_rows(ranking: SystemRanking) -> list[Row]:
    """Gives a row for each two systems, the better one first."""
    return [
        {
            "system": pair.system,
            "other": pair.other,
            "delta": pair.delta,
            "n_shared_segments": pair.num_shared,
            "shared_delta": pair.shared_delta,
            "p_permutation": pair.p_permutation,
            "p_permutation_holm": pair.p_permutation_corrected,
            "p_signed_rank": pair.p_signed_rank,
            "p_signed_rank_holm": pair.p_signed_rank_corrected,
            "p_rank_sum_one_sided": pair.p_rank_sum,
            "n_segments_needed": pair.hint.num_needed,
            **_provenance(ranking),
        }
        for pair in ranking.pairs
    ]


def segment_rows(data: CampaignData, scores: SegmentScores) -> Iterator[Row]:
    """Gives a row for each output of a system that was rated; raters are not named."""
    for at, segment in enumerate(data.segments):
        for column, system in enumerate(scores.systems):
            value = float(scores.values[at, column])
            if not math.isnan(value):
                yield {
                    "system": system,
                    "document": segment.document,
                    "document_segment": segment.document_segment,
                    "segment": segment.label,
                    "score": value,
                    "n_ratings": int(scores.num_ratings[at, column]),
                    "scale": scores.scale,
                    "averaging": scores.averaging,
                }


def error_rows(profile: ErrorProfile) -> list[Row]:
    """Gives a row for each kind of error that a system makes."""
    return [
        {
            **vars(each),
            "n_judgements": profile.num_judgements[each.system],
            "preset": profile.preset,
        }
        for each in profile.counts
    ]


def ranking_json(
    data: CampaignData, preset: Preset, ranking: SystemRanking, profile: ErrorProfile | None = None
) -> Row:
    """Gives everything of a ranking as one JSON value; the weights are spelt out.

    Args:
        data: The campaign.
        preset: By which it was scored.
        ranking: Its systems.
        profile: Their errors, where any were marked.
    """
    weights = None
    if data.protocol not in _WITHOUT_WEIGHTS:
        weights = {
            "preset": preset.name,
            "scale": preset.scale,
            "weights": [vars(each) for each in preset.weights],
        }
    return {
        "campaign": data.name,
        "protocol": data.protocol,
        "src_lang": data.src_lang,
        "tgt_lang": data.tgt_lang,
        "n_segments": ranking.num_segments,
        "n_documents": ranking.num_documents,
        "n_raters": ranking.num_raters,
        "n_adjudicated": ranking.num_adjudicated,
        "num_samples": ranking.num_samples,
        "num_trials": ranking.num_trials,
        "mqm": weights,
        "systems": system_rows(ranking),
        "pairs": pair_rows(ranking),
        "errors": [] if profile is None else error_rows(profile),
    }


def _bounds(unit: str, bounds: Bounds | None) -> Row:
    return {
        f"low_by_{unit}": None if bounds is None else bounds.low,
        f"high_by_{unit}": None if bounds is None else bounds.high,
        f"n_{unit}s_drawn": 0 if bounds is None else bounds.num_units,
    }


def _provenance(ranking: SystemRanking) -> Row:
    return {
        "scale": ranking.scale,
        "averaging": ranking.averaging,
        "n_adjudicated": ranking.num_adjudicated,
        "seed": ranking.seed,
    }
