"""Who judges what: each document to as many raters as wanted, some segments to all of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations

from core.annotate.ordering import PlannedItem, order_work
from core.annotate.settings import CampaignSettings
from core.errors import ConfigError


def assign(
    documents: Sequence[Sequence[int]],
    num_raters: int,
    *,
    num_systems: int,
    settings: CampaignSettings,
    calibration: Sequence[int] = (),
    gold: Sequence[int] = (),
) -> list[list[PlannedItem]]:
    """Gives each rater's items in the order of work; the same seed gives the same.

    Every system's version of a segment goes to `raters_per_segment` raters, or to all of them where
    the segment is shared. Raters get equally many segments, to within the longest document, and
    work together with each other equally often.

    Args:
        documents: Main segments of each document, in order.
        num_raters: Raters.
        num_systems: Systems; each has every segment.
        settings: Overlap, checks, protocol, seed.
        calibration: Segments that everybody judges first.
        gold: Segments with hidden gold, the same for all raters.

    Raises:
        ConfigError: There are fewer raters than a segment needs.
    """
    _check_raters(num_raters, settings)
    shared = shared_segments(documents, settings)
    of_raters = _shared_out(documents, shared, num_raters, settings)
    return [
        order_work(
            of_rater,
            rater,
            num_systems=num_systems,
            settings=settings,
            calibration=calibration,
            gold=gold,
        )
        for rater, of_rater in enumerate(of_raters)
    ]


def shared_segments(
    documents: Sequence[Sequence[int]], settings: CampaignSettings
) -> frozenset[int]:
    """Gives the segments that all raters judge: whole documents, of the last one its beginning."""
    shuffled = [list(document) for document in documents]
    random.Random(f"{settings.seed}/shared").shuffle(shuffled)
    ordered = [segment for document in shuffled for segment in document]
    return frozenset(ordered[: round(settings.share_shared * len(ordered))])


def num_gold_items(
    settings: CampaignSettings, num_segments: int, num_systems: int, num_raters: int
) -> int:
    """Gives how many segments hidden gold takes: its share of a rater's main items, at least 1.

    Args:
        settings: Shares, overlap, protocol.
        num_segments: Main segments.
        num_systems: Systems of the campaign.
        num_raters: Raters of the campaign.
    """
    if not settings.share_gold or not num_raters:
        return 0
    num_shared = round(settings.share_shared * num_segments)
    per_rater = num_shared + (num_segments - num_shared) * settings.raters_per_segment / num_raters
    num_items = per_rater * (1 if settings.protocol == "ranking" else num_systems)
    return max(1, round(settings.share_gold * num_items))


def _check_raters(num_raters: int, settings: CampaignSettings) -> None:
    if num_raters < settings.raters_per_segment:
        raise ConfigError(
            f"{num_raters} {'rater is' if num_raters == 1 else 'raters are'} not enough: each "
            f"segment is to be judged by {settings.raters_per_segment}.",
            hint="Name more raters, or ask for fewer a segment.",
        )


def _shared_out(
    documents: Sequence[Sequence[int]],
    shared: frozenset[int],
    num_raters: int,
    settings: CampaignSettings,
) -> list[list[list[int]]]:
    """Gives for each rater the segments of each document that are theirs; the long ones first."""
    generator = random.Random(f"{settings.seed}/assign")
    parts = [
        (document, {segment for segment in document if segment not in shared})
        for document in documents
    ]
    generator.shuffle(parts)
    parts.sort(key=lambda part: -len(part[1]))
    lots = list(range(num_raters))
    generator.shuffle(lots)
    loads = [0] * num_raters
    together = {pair: 0 for pair in combinations(range(num_raters), 2)}
    found: list[list[list[int]]] = [[] for _ in range(num_raters)]
    for document, own in parts:
        chosen = _least_loaded(loads, together, lots, settings.raters_per_segment) if own else []
        for rater in chosen:
            loads[rater] += len(own)
        for pair in combinations(sorted(chosen), 2):
            together[pair] += len(own)
        for rater, of_rater in enumerate(found):
            is_chosen = rater in chosen
            of_rater.append([each for each in document if is_chosen or each not in own])
    return found


def _least_loaded(
    loads: Sequence[int],
    together: dict[tuple[int, int], int],
    lots: Sequence[int],
    num: int,
) -> list[int]:
    """Gives raters with the least work, those who shared least with each other among equals."""
    chosen: list[int] = []
    for _ in range(num):
        left = [rater for rater in range(len(loads)) if rater not in chosen]

        def key(rater: int) -> tuple[int, int, int]:
            shared = sum(together[min(rater, other), max(rater, other)] for other in chosen)
            return loads[rater], shared, lots[rater]

        chosen.append(min(left, key=key))
    return chosen
