"""The outputs on which raters disagree most: a queue for those who look into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from core.annotate.agreement.rated_outputs import MARKING, Place, RatedOutput, rated_outputs
from core.annotate.annotation import Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, Protocol
from core.annotate.mqm_weights import NOT_ERRORS, Preset, normalised_severity

LIMIT = 200

# From here on the distance of scores is told in words, too.
FAR_APART: Mapping[Protocol, float] = {"sqm": 3, "esa": 30}


@dataclass(frozen=True)
class DisputedOutput:
    """An output that raters judged differently.

    Attributes:
        segment, system: Numbers in the campaign.
        raters: In the campaign's order.
        scores: Of each rater, higher is better; None where the rater gave none.
        difference: The highest less the lowest score; 0 where fewer than two gave any.
        kinds: What the disagreement consists of, in words.
        items: Of each rater.
        outputs: Of each rater, which of the item's outputs it is.
        is_decided: It was adjudicated.
    """

    segment: int
    system: int
    raters: tuple[str, ...]
    scores: tuple[float | None, ...]
    difference: float
    kinds: tuple[str, ...]
    items: tuple[JudgedItem, ...]
    outputs: tuple[int, ...]
    is_decided: bool


def disagreements(
    data: CampaignData, preset: Preset, limit: int | None = LIMIT
) -> tuple[DisputedOutput, ...]:
    """Gives outputs that two or more raters judged differently, the greatest difference first.

    After the difference of scores the number of kinds counts, then the order of segments and
    systems. Outputs without any difference are left out.

    Args:
        data: The campaign; its main and calibration items count.
        preset: What MQM errors cost.
        limit: The most to give; None for all.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    by_place: dict[Place, list[tuple[str, RatedOutput]]] = {}
    for rater, own in rated_outputs(data, preset).items():
        for place, each in own.items():
            by_place.setdefault(place, []).append((rater, each))
    found = [_disputed(data, place, rated) for place, rated in by_place.items() if len(rated) > 1]
    found = [each for each in found if each.difference or each.kinds]
    found.sort(key=lambda each: (-each.difference, -len(each.kinds), each.segment, each.system))
    return tuple(found[:limit])


def _disputed(
    data: CampaignData, place: Place, rated: Sequence[tuple[str, RatedOutput]]
) -> DisputedOutput:
    outputs = [each for _, each in rated]
    scores = [each.score for each in outputs]
    known = [score for score in scores if score is not None]
    # Rounded, so that differences that are equal stay so whatever they are between.
    difference = round(max(known) - min(known), 9) if known else 0.0
    kinds = _kinds(outputs) if data.protocol in MARKING else []
    if data.protocol == "ranking" and max(known, default=0) == 1 and min(known, default=1) == 0:
        kinds.append("the best for one, the worst for another")
    if difference >= FAR_APART.get(data.protocol, float("inf")):
        kinds.append(f"scores {difference:g} points apart")
    return DisputedOutput(
        segment=place[0],
        system=place[1],
        raters=tuple(rater for rater, _ in rated),
        scores=tuple(scores),
        difference=difference,
        kinds=tuple(kinds),
        items=tuple(each.item for each in outputs),
        outputs=tuple(each.output for each in outputs),
        is_decided=place in data.gold,
    )


def _kinds(rated: Sequence[RatedOutput]) -> list[str]:
    """Tells how the marks of raters differ, the gravest first."""
    total = len(rated)
    is_none = [each.item.annotation.is_non_translation for each in rated]
    marks = [_marks(each) for each in rated]
    has_any = [bool(own) or none for own, none in zip(marks, is_none, strict=True)]
    kinds = []
    for num, words in (
        (sum(is_none), "called it no translation"),
        (sum(each.has_major for each in rated), "marked a major error"),
        (sum(has_any), "marked any error"),
    ):
        if 0 < num < total:
            kinds.append(f"only {'one' if num == 1 else num} of {total} {words}")
    if all(marks):
        kinds += _kinds_of_marks(marks)
    return kinds


def _kinds_of_marks(marks: Sequence[Sequence[Mark]]) -> list[str]:
    """Tells how marks differ where every rater made some."""
    placed = [
        (one, other)
        for first, second in combinations(marks, 2)
        for one in first
        for other in second
        if one.side == other.side and one.start < other.end and other.start < one.end
    ]
    if not placed:
        # Marks that a file gives without a place overlap nothing.
        has_places = all(any(mark.end > mark.start for mark in own) for own in marks)
        return ["marks in different places"] if has_places else []
    kinds = []
    if any(normalised_severity(a.severity) != normalised_severity(b.severity) for a, b in placed):
        kinds.append("the same words with another severity")
    if any(a.category.casefold() != b.category.casefold() for a, b in placed):
        kinds.append("the same words in another category")
    return kinds


def _marks(rated: RatedOutput) -> list[Mark]:
    annotation = rated.item.annotation
    if annotation.is_non_translation:
        return []
    return [
        mark
        for mark in annotation.marks
        if mark.output == rated.output and normalised_severity(mark.severity) not in NOT_ERRORS
    ]
