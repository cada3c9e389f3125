"""What the hidden checks say of a rater: spoilt outputs, repeats, and items with a known answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from core.annotate.agreement.answers import preferences_in
from core.annotate.agreement.rated_outputs import (
    Place,
    Rated,
    RatedOutput,
    has_major_error,
    rated_output,
)
from core.annotate.campaign_data import CampaignData, JudgedItem, Kind, Protocol
from core.annotate.mqm_weights import Preset
from core.metrics.agreement.correlation import ranks
from core.metrics.rank_tests import signed_rank_p

# By so much a score may differ from the known answer; Appraise's tutorial allows 20 of 100.
GOLD_TOLERANCE: Mapping[Protocol, float] = {"sqm": 1, "esa": 20}
# By so much a score may differ from the rater's own first one.
REPEAT_TOLERANCE: Mapping[Protocol, float] = {"sqm": 0, "esa": 10}


@dataclass(frozen=True)
class DegradedCheck:
    """Outputs spoilt on purpose beside the same outputs unspoilt, both by one rater.

    Attributes:
        num: How many were rated both ways.
        num_not_lower: Of these, scored as high as the original or higher.
        p: One-sided p of Wilcoxon's signed-rank test that originals score higher, as Appraise
            judges raters; great where the rater saw no difference.
    """

    num: int
    num_not_lower: int
    p: float


@dataclass(frozen=True)
class RepeatCheck:
    """Outputs that a rater was shown a second time.

    Attributes:
        num: How many were rated twice.
        mean_distance: Mean absolute difference of the two scores; None without scores.
        share_same: Share answered the same, 0 to 1: MQM the same on whether there is a major
            error, SQM the same score, ESA within 10 points, ranking the same preferences.
    """

    num: int
    mean_distance: float | None
    share_same: float


@dataclass(frozen=True)
class GoldCheck:
    """Outputs whose right answer the owner decided.

    Attributes:
        num: How many the rater answered.
        num_agreed: Of these, as decided: MQM the same on whether there is a major error, SQM
            within 1 point, ESA within 20 points.
    """

    num: int
    num_agreed: int


@dataclass(frozen=True)
class CheckResults:
    """What the checks say of one rater; None where the rater finished none of a kind."""

    degraded: DegradedCheck | None = None
    repeats: RepeatCheck | None = None
    gold: GoldCheck | None = None

    @property
    def num_failed(self) -> int:
        """Spoilt outputs not scored lower, and wrong answers; a repeat cannot be failed."""
        degraded = self.degraded.num_not_lower if self.degraded else 0
        return degraded + (self.gold.num - self.gold.num_agreed if self.gold else 0)


def check_raters(data: CampaignData, rated: Rated, preset: Preset) -> dict[str, CheckResults]:
    """Gives what the checks say of each rater.

    Args:
        data: The campaign.
        rated: As `rated_outputs` gives it.
        preset: What MQM errors cost.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    by_id = {item.item_id: item for item in data.done("main", "calibration") if item.item_id}
    checks: dict[str, list[JudgedItem]] = {}
    for item in data.done("degraded", "repeat", "gold"):
        checks.setdefault(item.rater, []).append(item)
    found = {}
    for rater, own in rated.items():
        items = checks.get(rater, [])
        found[rater] = CheckResults(
            degraded=_degraded(data, _pairs(data, items, "degraded", own, by_id, preset)),
            repeats=_repeats(data, _pairs(data, items, "repeat", own, by_id, preset)),
            gold=_gold(data, items),
        )
    return found


def _pairs(
    data: CampaignData,
    items: list[JudgedItem],
    kind: Kind,
    own: Mapping[Place, RatedOutput],
    by_id: Mapping[str, JudgedItem],
    preset: Preset,
) -> list[tuple[RatedOutput, RatedOutput]]:
    """Gives each checked output with the rater's own judgement of the original."""
    found = []
    for item in items:
        if item.kind != kind:
            continue
        for output, system in enumerate(item.systems):
            original = own.get((item.segment, system))
            first = by_id.get(item.of_item)
            if first is not None and first.rater == item.rater and system in first.systems:
                original = rated_output(data, first, first.systems.index(system), preset)
            if original is not None:
                found.append((original, rated_output(data, item, output, preset)))
    return found


def _degraded(
    data: CampaignData, pairs: list[tuple[RatedOutput, RatedOutput]]
) -> DegradedCheck | None:
    # Rounded, so that scores of the same marks are equal whatever order they were added in.
    differences = [round(original - spoilt, 9) for original, spoilt in _scores(pairs)]
    if not differences:
        return None
    num_not_lower = sum(difference <= 0 for difference in differences)
    return DegradedCheck(len(differences), num_not_lower, _p_greater(differences))


def _p_greater(differences: list[float]) -> float:
    """Gives the one-sided p that differences lie above 0: half of the two-sided one, or the rest.

    Where they rather lie below, it is a lower bound of at least 0.5, which is all that matters.
    """
    values = np.array(differences)
    p = signed_rank_p(values)
    known = values[values != 0]
    leaning = float((np.sign(known) * ranks(np.abs(known))).sum())
    return 1.0 if not known.size else p / 2 if leaning > 0 else 1 - p / 2


def _repeats(
    data: CampaignData, pairs: list[tuple[RatedOutput, RatedOutput]]
) -> RepeatCheck | None:
    if data.protocol == "ranking":
        # All outputs of an item are compared at once.
        pairs = [(first, again) for first, again in pairs if again.output == 0]
        same = [preferences_in(first.item) == preferences_in(again.item) for first, again in pairs]
        return RepeatCheck(len(same), None, fmean(same)) if same else None
    distances = [abs(first - again) for first, again in _scores(pairs)]
    tolerance = REPEAT_TOLERANCE.get(data.protocol)
    if tolerance is None:
        same = [first.has_major == again.has_major for first, again in pairs]
    else:
        same = [distance <= tolerance for distance in distances]
    if not same:
        return None
    return RepeatCheck(len(same), fmean(distances) if distances else None, fmean(same))


def _gold(data: CampaignData, items: list[JudgedItem]) -> GoldCheck | None:
    agreed = [
        is_right for item in items if item.kind == "gold" for is_right in _right_answers(data, item)
    ]
    return GoldCheck(len(agreed), sum(agreed)) if agreed else None


def _right_answers(data: CampaignData, item: JudgedItem) -> Iterator[bool]:
    """Tells of each output that was decided whether the rater answered so."""
    tolerance = GOLD_TOLERANCE.get(data.protocol)
    for output, system in enumerate(item.systems):
        gold = data.gold.get((item.segment, system))
        if gold is None or data.protocol == "ranking":
            continue
        if tolerance is None:
            yield has_major_error(item.annotation, output) == has_major_error(gold)
        elif gold.score is not None and item.annotation.score is not None:
            yield abs(gold.score - item.annotation.score) <= tolerance


def _scores(pairs: list[tuple[RatedOutput, RatedOutput]]) -> list[tuple[float, float]]:
    return [
        (first.score, second.score)
        for first, second in pairs
        if first.score is not None and second.score is not None
    ]
