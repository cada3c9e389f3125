"""The order of one rater's work: documents kept whole, systems rotated, checks far from theirs."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.annotate.campaign_data import Kind
from core.annotate.rotating import balanced_square, order_of
from core.annotate.settings import CampaignSettings

# Two versions of a segment stand so many items apart, where a rater has so many segments.
SPREAD = 10
# So far from a translation is the check that repeats or spoils it, where there is room.
MIN_DISTANCE = 5
_NUM_DRAWN = 8  # places for a check, of which that with the fewest checks is taken


@dataclass(frozen=True)
class PlannedItem:
    """What a rater is going to be asked.

    Attributes:
        kind: Why.
        segment: Number of the segment.
        systems: Numbers of the systems, in the order shown.
        of: Of a check: the index in this rater's work of what it repeats or spoils.
    """

    kind: Kind
    segment: int
    systems: tuple[int, ...]
    of: int | None = None


def order_work(
    documents: Sequence[Sequence[int]],
    rater: int,
    *,
    num_systems: int,
    settings: CampaignSettings,
    calibration: Sequence[int] = (),
    gold: Sequence[int] = (),
) -> list[PlannedItem]:
    """Gives a rater's items in order: calibration first, then the main items with the checks.

    The rater judges every system's version of a document, so that systems are compared by the same
    person, whose severity then plays no part (Riley et al. 2024, "Finding Replicable Human
    Evaluations via Stable Ranking Probability", find that this steadies the ranking most). The
    versions of a document do not follow each other: documents are taken in groups of at least
    `SPREAD` segments, and a group is gone through once for each system. Which system a document
    begins with is rotated by a balanced Latin square.

    Args:
        documents: The rater's segments of each document, in order.
        rater: The rater's number in the campaign, from 0.
        num_systems: Systems of the campaign.
        settings: Protocol, shares of checks, seed.
        calibration: Segments that everybody judges first.
        gold: Segments with hidden gold, the same for all raters.
    """
    generator = random.Random(f"{settings.seed}/rater/{rater}")
    shuffled = [tuple(document) for document in documents if document]
    generator.shuffle(shuffled)
    runs = _runs(shuffled, rater, num_systems, settings)
    first = _set_aside("calibration", calibration, num_systems, settings)
    checks = _set_aside("gold", gold, num_systems, settings)
    return [*first, *_with_checks(runs, checks, len(first), settings, generator)]


def _runs(
    documents: Sequence[tuple[int, ...]], rater: int, num_systems: int, settings: CampaignSettings
) -> list[list[PlannedItem]]:
    """Gives the main items: in each run the segments of one document by the same systems."""
    names = _blinded(num_systems, settings.seed)
    square = balanced_square(num_systems)
    orders = [
        tuple(names[number] for number in order_of(square, place, rater))
        for place in range(len(documents))
    ]
    if settings.protocol == "ranking":
        return [
            [PlannedItem("main", segment, order) for segment in document]
            for document, order in zip(documents, orders, strict=True)
        ]
    return [
        [PlannedItem("main", segment, (orders[place][turn],)) for segment in documents[place]]
        for group in _groups(documents)
        for turn in range(num_systems)
        for place in group
    ]


def _groups(documents: Sequence[Sequence[int]]) -> list[list[int]]:
    """Gives the places of documents in groups of at least SPREAD segments, if there are so many."""
    groups: list[list[int]] = [[]]
    size = 0
    for place, document in enumerate(documents):
        if size >= SPREAD:
            groups.append([])
            size = 0
        groups[-1].append(place)
        size += len(document)
    if size < SPREAD and len(groups) > 1:
        last = groups.pop()
        groups[-1] += last
    return groups


def _blinded(num_systems: int, seed: int) -> list[int]:
    """Gives the systems in an order of the campaign's own, so that the first is nothing special."""
    names = list(range(num_systems))
    random.Random(f"{seed}/systems").shuffle(names)
    return names


def _set_aside(
    kind: Kind, segments: Sequence[int], num_systems: int, settings: CampaignSettings
) -> list[PlannedItem]:
    """Gives the items that are the same for all raters, a system after the other."""
    names = _blinded(num_systems, settings.seed)
    found = []
    for place, segment in enumerate(segments):
        turned = tuple(names[(place + turn) % num_systems] for turn in range(num_systems))
        found.append(
            PlannedItem(kind, segment, turned if settings.protocol == "ranking" else turned[:1])
        )
    return found


def _with_checks(
    runs: Sequence[Sequence[PlannedItem]],
    gold: Sequence[PlannedItem],
    first: int,
    settings: CampaignSettings,
    generator: random.Random,
) -> list[PlannedItem]:
    """Puts checks between the runs, each away from the item that it repeats or spoils.

    Args:
        runs: The main items.
        gold: Hidden gold, which may stand anywhere.
        first: Items before the main ones, for the indices in `of`.
        settings: Shares of the checks.
        generator: Draws originals and places.
    """
    main = [item for run in runs for item in run]
    gaps = [0]
    for run in runs:
        gaps.append(gaps[-1] + len(run))
    checks: dict[int, list[tuple[PlannedItem, int | None]]] = {gap: [] for gap in gaps}

    def put(item: PlannedItem, of: int | None, places: Sequence[int]) -> None:
        drawn = generator.sample(places, min(_NUM_DRAWN, len(places)))
        checks[min(drawn, key=lambda gap: len(checks[gap]))].append((item, of))

    wanted: list[Kind] = ["degraded"] * _share_of(main, settings.share_degraded)
    wanted += ["repeat"] * _share_of(main, settings.share_repeats)
    for kind, of in zip(wanted, _originals(len(main), gaps, len(wanted), generator), strict=False):
        item = PlannedItem(kind, main[of].segment, main[of].systems)
        put(item, of, _places(gaps, of))
    for item in gold:
        put(item, None, gaps[1:] or gaps)
    return _woven(main, checks, first)


def _woven(
    main: Sequence[PlannedItem],
    checks: Mapping[int, Sequence[tuple[PlannedItem, int | None]]],
    first: int,
) -> list[PlannedItem]:
    """Puts checks into the gaps that they are for, with the index of what they check."""
    ordered: list[tuple[PlannedItem, int | None]] = []
    index_of: dict[int, int] = {}
    for number in range(len(main) + 1):
        ordered += checks.get(number, [])
        if number < len(main):
            index_of[number] = first + len(ordered)
            ordered.append((main[number], None))
    return [
        item if of is None else PlannedItem(item.kind, item.segment, item.systems, index_of[of])
        for item, of in ordered
    ]


def _share_of(items: Sequence[PlannedItem], share: float) -> int:
    return max(1, round(share * len(items))) if share and items else 0


def _originals(num: int, gaps: Sequence[int], wanted: int, generator: random.Random) -> list[int]:
    """Draws main items to check, without one twice; those with room behind them come first."""
    drawn = list(range(num))
    generator.shuffle(drawn)
    drawn.sort(key=lambda of: gaps[-1] - of < MIN_DISTANCE)
    return drawn[:wanted]


def _places(gaps: Sequence[int], of: int) -> Sequence[int]:
    """Gives the gaps far enough behind an item; the furthest one if none is."""
    return gaps[bisect_left(gaps, of + MIN_DISTANCE) :] or gaps[-1:]
