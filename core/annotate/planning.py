"""The plan of a campaign before it exists: what is judged, by whom, and what that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.annotate.assigning import assign, num_gold_items
from core.annotate.campaign_data import JudgedSegment, Kind, Protocol
from core.annotate.degrading import degrade
from core.annotate.ordering import PlannedItem
from core.annotate.sampling import documents_of, in_blocks, sample_segments
from core.annotate.settings import CampaignSettings, is_unspaced
from core.annotate.sources import CampaignSources
from core.errors import ConfigError

# Side by side more do not fit a screen; WMT's rankings showed five, too.
MAX_SIDE_BY_SIDE = 5

# Seconds an item takes a rater at a guess, for a forecast; progress shows what it takes in truth.
SECONDS_PER_ITEM: Mapping[Protocol, float] = {"sqm": 20, "mqm": 75, "esa": 45, "ranking": 40}


@dataclass(frozen=True)
class Plan:
    """What is going to be judged.

    Attributes:
        segments: Drawn ones, numbered from 0.
        outputs: The text by (segment, system), both numbers.
        work: For each rater the items in order.
    """

    segments: tuple[JudgedSegment, ...]
    outputs: Mapping[tuple[int, int], str]
    work: tuple[tuple[PlannedItem, ...], ...]


@dataclass(frozen=True)
class Forecast:
    """What a plan takes.

    Attributes:
        num_segments: Segments that count for the systems.
        least_items, most_items: Items of the rater with the fewest and with the most.
        counts: Items by kind, of all raters together.
        num_words: Words of the translations that all raters read together; None where the
            language sets no blanks between words.
        longest_h: Hours of the rater with the most items.
        total_h: Hours of all raters together.
        cost: Of these hours; None where an hour's cost is not told.
    """

    num_segments: int
    least_items: int
    most_items: int
    counts: Mapping[Kind, int]
    num_words: int | None
    longest_h: float
    total_h: float
    cost: float | None


def plan_campaign(settings: CampaignSettings, texts: CampaignSources, num_raters: int) -> Plan:
    """Draws the segments and shares them out; the same seed gives the same plan.

    Raises:
        ConfigError: There are too few segments or raters, or the number of systems does not suit
            a ranking.
    """
    num_systems = len(texts.systems)
    _check_numbers(settings, num_systems, num_raters)
    segments = in_blocks(texts.segments, settings.block_size)
    documents = documents_of(segments)
    sample = sample_segments(
        documents,
        settings.num_segments,
        num_calibration=settings.num_calibration,
        num_gold=_num_gold(settings, len(segments), num_systems, num_raters),
        seed=settings.seed,
    )
    chosen, main = set(sample.all), set(sample.main)
    ordered = [each for document in documents for each in document if each in chosen]
    number_of = {index: number for number, index in enumerate(ordered)}
    of_documents = [[number_of[i] for i in document if i in main] for document in documents]
    work = assign(
        [document for document in of_documents if document],
        num_raters,
        num_systems=num_systems,
        settings=settings,
        calibration=sorted(number_of[each] for each in sample.calibration),
        gold=sorted(number_of[each] for each in sample.gold),
    )
    outputs = {
        (number, system): texts.outputs[index, system]
        for number, index in enumerate(ordered)
        for system in range(num_systems)
    }
    return Plan(
        segments=tuple(_labelled([segments[index] for index in ordered])),
        outputs=outputs,
        work=tuple(tuple(_check_of(item, outputs) for item in of_rater) for of_rater in work),
    )


def forecast(settings: CampaignSettings, texts: CampaignSources, num_raters: int) -> Forecast:
    """Tells what a campaign would take: items, words, hours, and their cost.

    The hours rest on `SECONDS_PER_ITEM`.

    Raises:
        ConfigError: The campaign cannot be planned so.
    """
    plan = plan_campaign(settings, texts, num_raters)
    counts: dict[Kind, int] = {}
    for of_rater in plan.work:
        for item in of_rater:
            counts[item.kind] = counts.get(item.kind, 0) + 1
    numbers = [len(of_rater) for of_rater in plan.work]
    item_h = SECONDS_PER_ITEM[settings.protocol] / 3600
    total_h = sum(numbers) * item_h
    return Forecast(
        num_segments=len({i.segment for work in plan.work for i in work if i.kind == "main"}),
        least_items=min(numbers),
        most_items=max(numbers),
        counts=counts,
        num_words=None if is_unspaced(texts.tgt_lang) else _num_words(plan),
        longest_h=max(numbers) * item_h,
        total_h=total_h,
        cost=total_h * settings.cost_per_hour if settings.cost_per_hour else None,
    )


def shown_texts(
    plan: Plan, item: PlannedItem, settings: CampaignSettings, tgt_lang: str
) -> list[str]:
    """Gives what an item shows instead of the systems' outputs: a spoilt one, else nothing.

    Raises:
        DataError: No other translation of the system differs from this one.
    """
    if item.kind != "degraded":
        return []
    system = item.systems[0]
    others = [
        plan.outputs[number, system]
        for number in range(len(plan.segments))
        if number != item.segment
    ]
    spoilt = degrade(
        plan.outputs[item.segment, system],
        others,
        is_unspaced=is_unspaced(tgt_lang),
        seed=f"{settings.seed}/degraded/{item.segment}/{system}",
    )
    return [spoilt]


def _check_of(item: PlannedItem, outputs: Mapping[tuple[int, int], str]) -> PlannedItem:
    """Gives an item; what is to be spoilt is only repeated where there is nothing to spoil."""
    is_empty = item.kind == "degraded" and not outputs[item.segment, item.systems[0]].strip()
    return replace(item, kind="repeat") if is_empty else item


def _check_numbers(settings: CampaignSettings, num_systems: int, num_raters: int) -> None:
    if settings.protocol == "ranking" and not 2 <= num_systems <= MAX_SIDE_BY_SIDE:
        raise ConfigError(
            f"A ranking shows 2 to {MAX_SIDE_BY_SIDE} systems side by side, not {num_systems}.",
            hint="Choose other systems, or a protocol that shows one translation at a time.",
        )
    if num_raters < 1:
        raise ConfigError("There is no rater.", hint="Name at least one; it can be yourself.")


def _num_gold(settings: CampaignSettings, available: int, num_systems: int, num_raters: int) -> int:
    num_main = settings.num_segments or available - settings.num_calibration
    num_gold = num_gold_items(settings, num_main, num_systems, num_raters)
    if settings.num_segments == 0:
        # What is set aside is not judged as main, so that its share is one of what is left.
        num_gold = num_gold_items(settings, num_main - num_gold, num_systems, num_raters)
    return num_gold


def _labelled(segments: list[JudgedSegment]) -> list[JudgedSegment]:
    """Numbers the segments of each document that have no id in it."""
    seen: dict[str, int] = {}
    found = []
    for segment in segments:
        seen[segment.document] = seen.get(segment.document, 0) + 1
        is_open = segment.document and not segment.document_segment
        number = str(seen[segment.document])
        found.append(replace(segment, document_segment=number) if is_open else segment)
    return found


def _num_words(plan: Plan) -> int:
    words = {key: len(text.split()) for key, text in plan.outputs.items()}
    return sum(
        words[item.segment, system]
        for of_rater in plan.work
        for item in of_rater
        for system in item.systems
    )
