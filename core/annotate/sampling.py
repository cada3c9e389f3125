"""Drawing the segments of a campaign: whole documents, in an order that a seed decides."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from core.annotate.campaign_data import JudgedSegment
from core.errors import ConfigError


@dataclass(frozen=True)
class Sample:
    """Which segments are judged, by their index among those that were given.

    Attributes:
        main: They count for the systems.
        calibration: Everybody judges them first.
        gold: Their right answer is decided by the owner, and they are hidden among the others.
    """

    main: tuple[int, ...]
    calibration: tuple[int, ...] = ()
    gold: tuple[int, ...] = ()

    @property
    def all(self) -> list[int]:
        """All of them, in the order of the test set."""
        return sorted((*self.main, *self.calibration, *self.gold))


def sample_segments(
    documents: Sequence[Sequence[int]],
    num_main: int,
    *,
    num_calibration: int = 0,
    num_gold: int = 0,
    seed: int,
) -> Sample:
    """Draws segments in whole documents; of each part only the last document may be cut.

    Documents come in random order. What is set aside for calibration and gold comes from other
    documents than the main segments, as long as enough are left.

    Args:
        documents: Segments of each document, in order.
        num_main: How many count for the systems; 0 = all that are not set aside.
        num_calibration: How many are set aside for calibration.
        num_gold: How many are set aside as gold.
        seed: Of the order.

    Raises:
        ConfigError: There are not so many segments.
    """
    set_aside = num_calibration + num_gold
    available = sum(map(len, documents))
    if available < max(num_main, 1) + set_aside:
        parts = f"{num_main or 1:,} to judge, {num_calibration:,} for calibration, {num_gold:,}"
        raise ConfigError(
            f"{available:,} segments are not enough for {parts} as gold.",
            hint="Ask for fewer, or choose a larger test set.",
        )
    shuffled = [list(document) for document in documents]
    random.Random(f"{seed}/sample").shuffle(shuffled)
    ordered = [segment for document in shuffled for segment in document]
    first = _first_main(shuffled, set_aside, num_main)
    return Sample(
        main=tuple(ordered[first : first + num_main] if num_main else ordered[first:]),
        calibration=tuple(ordered[:num_calibration]),
        gold=tuple(ordered[num_calibration:set_aside]),
    )


def documents_of(segments: Sequence[JudgedSegment]) -> list[list[int]]:
    """Gives the indices of the segments of each document; a segment without one stands alone."""
    found: dict[str, list[int]] = {}
    alone: list[list[int]] = []
    for number, segment in enumerate(segments):
        if segment.document:
            found.setdefault(segment.document, []).append(number)
        else:
            alone.append([number])
    return sorted((*found.values(), *alone))


def in_blocks(segments: Sequence[JudgedSegment], size: int) -> list[JudgedSegment]:
    """Gives segments whose documents are named; neighbours without one make blocks of this size.

    A block never goes past a segment that belongs to a document, nor past one that is missing.
    """
    if size == 1:
        return list(segments)
    found: list[JudgedSegment] = []
    positions = [
        number if each.position is None else each.position for number, each in enumerate(segments)
    ]
    # Consecutive places less consecutive numbers give one and the same number.
    key = [
        (each.document, position - number)
        for number, (each, position) in enumerate(zip(segments, positions, strict=True))
    ]
    for (document, _), run in groupby(range(len(segments)), key=lambda number: key[number]):
        numbers = list(run)
        for start in range(0, len(numbers), size):
            block = numbers[start : start + size]
            name = document or f"{positions[block[0]] + 1}–{positions[block[-1]] + 1}"
            for place, number in enumerate(block, 1):
                each = segments[number]
                if not document:
                    each = replace(each, document=name, document_segment=str(place))
                found.append(each)
    return found


def _first_main(documents: Sequence[Sequence[int]], set_aside: int, num_main: int) -> int:
    """Gives where the main segments begin: with a new document where enough are left."""
    ends, available = [0], 0
    for document in documents:
        available += len(document)
        ends.append(available)
    first = next(end for end in ends if end >= set_aside)
    return first if available - first >= max(num_main, 1) and num_main else set_aside
