"""How far each two raters agree on what both rated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.annotate.agreement.answers import Answers, Unit
from core.annotate.agreement.marked_spans import SpanAgreement, compare_spans
from core.annotate.agreement.rated_outputs import MARKING, Place, Rated, RatedOutput
from core.annotate.campaign_data import CampaignData
from core.metrics.agreement.kappa import (
    class_shares,
    cohen_kappa,
    confusion_table,
    observed_agreement,
)
from core.metrics.agreement.krippendorff import krippendorff_alpha

_OwnOutputs: TypeAlias = Mapping[Place, RatedOutput]


@dataclass(frozen=True)
class RaterPair:
    """How two raters agree.

    Attributes:
        first, second: Names.
        num_shared: Units that both answered for: outputs, or in a ranking comparisons of two.
        kappa: Cohen's, -1 to 1, quadratic weights for SQM; None where it is undefined.
        note: Why kappa is undefined, else "".
        agreement: Share of units with the same answer, 0 to 1.
        shares: Share of each class among both raters' answers: the prevalence.
        table: Counts, one row a class of the first rater, one column a class of the second.
        score_alpha: Krippendorff's alpha (interval) of their scores; None where undefined.
        score_difference: Mean of the first's score less the second's; None without scores.
        spans: Overlap of their marks; None where none are asked for.
    """

    first: str
    second: str
    num_shared: int
    kappa: float | None
    note: str
    agreement: float
    shares: tuple[float, ...]
    table: tuple[tuple[int, ...], ...]
    score_alpha: float | None
    score_difference: float | None
    spans: SpanAgreement | None


def compare_pairs(data: CampaignData, rated: Rated, answers: Answers) -> tuple[RaterPair, ...]:
    """Gives each two raters who answered for the same unit, in the order of the raters.

    Args:
        data: The campaign.
        rated: As `rated_outputs` gives it.
        answers: As `answers_of` gives it.
    """
    found = []
    for first, second in combinations(answers.by_rater, 2):
        shared = answers.by_rater[first].keys() & answers.by_rater[second].keys()
        if shared:
            found.append(_pair(data, rated, answers, first, second, sorted(shared)))
    return tuple(found)


def _pair(
    data: CampaignData,
    rated: Rated,
    answers: Answers,
    first: str,
    second: str,
    shared: list[Unit],
) -> RaterPair:
    one, two = ([answers.by_rater[rater][unit] for unit in shared] for rater in (first, second))
    table = confusion_table(one, two, len(answers.labels))
    kappa = cohen_kappa(table, answers.weighting)
    places = sorted(rated[first].keys() & rated[second].keys())
    alpha, difference = None, None
    if data.protocol != "ranking":
        alpha, difference = _scores(rated[first], rated[second], places)
    is_marking = data.protocol in MARKING
    return RaterPair(
        first=first,
        second=second,
        num_shared=len(shared),
        kappa=kappa,
        note="" if kappa is not None else f"Both always answered {answers.labels[one[0]]!r}.",
        agreement=observed_agreement(table) or 0.0,
        shares=class_shares(table) or (),
        table=tuple(tuple(row) for row in table.tolist()),
        score_alpha=alpha,
        score_difference=difference,
        spans=compare_spans(data, rated[first], rated[second], places) if is_marking else None,
    )


def _scores(
    first: _OwnOutputs, second: _OwnOutputs, places: list[Place]
) -> tuple[float | None, float | None]:
    """Gives alpha of the scores, and the mean difference."""
    pairs = [(first[place].score, second[place].score) for place in places]
    known = [(one, two) for one, two in pairs if one is not None and two is not None]
    if not known:
        return None, None
    values: npt.NDArray[np.float64] = np.array(known, np.float64).T
    return krippendorff_alpha(values, "interval"), fmean(one - two for one, two in known)
