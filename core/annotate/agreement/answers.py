"""The one question on which raters are compared: each rater's answers as classes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from core.annotate.agreement.rated_outputs import Rated
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.metrics.agreement.kappa import Weighting

# What is answered for: (segment, system), or side by side (segment, system, other system).
Unit: TypeAlias = tuple[int, ...]

MAX_SQM = 6


@dataclass(frozen=True)
class Answers:
    """What each rater answered.

    Attributes:
        question: What is asked of a unit, in words.
        unit: What a unit is, in the singular.
        labels: Of the classes, in order.
        weighting: How far apart two classes are.
        by_rater: Classes, from 0, by rater and unit.
    """

    question: str
    unit: str
    labels: tuple[str, ...]
    weighting: Weighting
    by_rater: Mapping[str, Mapping[Unit, int]]


def answers_of(data: CampaignData, rated: Rated) -> Answers:
    """Gives the answers to the question that fits the campaign's protocol.

    MQM and ESA: whether there is a major error. SQM: the score, rounded to the nearest whole
    number. Ranking: which of two outputs of a segment is better.

    Args:
        data: The campaign.
        rated: As `rated_outputs` gives it.
    """
    if data.protocol == "ranking":
        return _preferences(data)
    if data.protocol == "sqm":
        return Answers(
            question="the score from 0 to 6",
            unit="output",
            labels=tuple(map(str, range(MAX_SQM + 1))),
            weighting="quadratic",
            by_rater={
                rater: {
                    place: _sqm_class(each.score)
                    for place, each in own.items()
                    if each.score is not None
                }
                for rater, own in rated.items()
            },
        )
    return Answers(
        question="has a major error",
        unit="output",
        labels=("no major error", "major error"),
        weighting="none",
        by_rater={
            rater: {place: int(each.has_major) for place, each in own.items()}
            for rater, own in rated.items()
        },
    )


def _sqm_class(score: float) -> int:
    return min(max(math.floor(score + 0.5), 0), MAX_SQM)


def _preferences(data: CampaignData) -> Answers:
    """Compares each two outputs that a rater saw side by side."""
    found: dict[str, dict[Unit, int]] = {rater: {} for rater in data.raters}
    for item in sorted(data.done("main", "calibration"), key=lambda each: each.saved_at):
        found.setdefault(item.rater, {}).update(preferences_in(item))
    return Answers(
        question="which of two outputs is better",
        unit="comparison",
        labels=("the first", "equal", "the second"),
        weighting="none",
        by_rater=found,
    )


def preferences_in(item: JudgedItem) -> dict[Unit, int]:
    """Gives for each two systems, the lower number first: 0 the first better, 1 equal, 2 the other.

    Outputs without a rank are left out.
    """
    ranks = {
        system: rank
        for system, rank in zip(item.systems, item.annotation.ranks, strict=False)
        if rank is not None
    }
    return {
        (item.segment, one, other): 1 + (ranks[one] > ranks[other]) - (ranks[one] < ranks[other])
        for one, other in combinations(sorted(ranks), 2)
    }
