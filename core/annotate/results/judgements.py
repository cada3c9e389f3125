"""The judgements that count for systems: one a rater and output, or the adjudicated one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedItem


@dataclass(frozen=True)
class Judgement:
    """What one rater thinks of one system's output.

    Attributes:
        rater: Name in the campaign; None where the output was adjudicated.
        segment, system: Indices into the campaign's.
        annotation: Of the whole item.
        output: Which of the item's outputs it is, from 0.
        text: The output as it was shown.
    """

    rater: str | None
    segment: int
    system: int
    annotation: Annotation
    output: int
    text: str


def judgements(data: CampaignData, *, uses_gold: bool = False) -> Iterator[Judgement]:
    """Gives the finished judgements of main items, by segment and system.

    Where a rater judged an output twice, the one saved last counts.

    Args:
        data: The campaign.
        uses_gold: Adjudicated annotations stand in place of all raters' of that output, also
            where no rater judged it. One that lacks the score of its protocol is not decided yet.
    """
    gold = {place: each for place, each in data.gold.items() if uses_gold and _counts(data, each)}
    newest: dict[tuple[int, int, str], tuple[JudgedItem, int]] = {}
    for item in data.done():
        for output, system in enumerate(item.systems):
            key = (item.segment, system, item.rater)
            if key in newest and item.saved_at < newest[key][0].saved_at:
                continue
            if (item.segment, system) not in gold:
                newest[key] = (item, output)
    found = [
        Judgement(rater, segment, system, item.annotation, output, data.shown_text(item, output))
        for (segment, system, rater), (item, output) in newest.items()
    ]
    found += [
        Judgement(None, segment, system, annotation, 0, data.outputs.get((segment, system), ""))
        for (segment, system), annotation in gold.items()
    ]
    # A stable sort: the raters of an output stay in the order in which they judged.
    return iter(sorted(found, key=lambda each: (each.segment, each.system)))


def _counts(data: CampaignData, gold: Annotation) -> bool:
    """Tells whether an adjudicated annotation can stand in place of the raters'."""
    has_score = data.protocol == "mqm" or gold.score is not None
    return has_score and data.protocol != "ranking"
