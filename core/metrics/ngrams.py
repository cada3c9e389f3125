"""N-grams of many segments counted and matched at once, as whole numbers in sorted arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Integers: TypeAlias = npt.NDArray[np.int64]

_NUM_BITS = 63


@dataclass(frozen=True)
class Units:
    """The words or characters of some segments, numbered.

    Attributes:
        numbers: One for each unit, segment after segment; equal units have equal numbers.
        lengths: Units of each segment, (segments,).
    """

    numbers: Integers
    lengths: Integers

    def totals(self, order: int) -> Integers:
        """Gives how many n-grams of an order each segment holds, (segments,)."""
        return np.maximum(self.lengths - order + 1, 0)


@dataclass(frozen=True)
class Counts:
    """How often each n-gram stands in each segment.

    Attributes:
        keys: Segment and n-gram in one number, sorted, each once.
        counts: Parallel to `keys`.
        shift: Bits of the n-gram; those above are the number of the segment.
    """

    keys: Integers
    counts: Integers
    shift: int


def counted(sides: Sequence[Units], max_order: int) -> list[list[Counts]] | None:
    """Counts the n-grams of order 1 to `max_order` of parallel texts.

    Within a segment its different units are numbered anew, for all sides alike: these numbers are
    so small that segment and n-gram fit into one number of 63 bits. The counting is thereby exact.

    Args:
        sides: Hypotheses and references of the same segments.
        max_order: The longest n-grams.

    Returns:
        For each side one `Counts` an order; None when a segment has so many different units that
        63 bits do not hold an n-gram of them.
    """
    num_segments = len(sides[0].lengths)
    places = [np.repeat(np.arange(num_segments), side.lengths) for side in sides]
    numbers, num_bits = _renumbered(sides, places)
    if num_bits * max_order + num_segments.bit_length() > _NUM_BITS:
        return None
    return [
        _counted_side(units, place, max_order, num_bits)
        for units, place in zip(numbers, places, strict=True)
    ]


def matched(hypothesis: Counts, reference: Counts, num_segments: int) -> Integers:
    """Gives how many n-grams both have, each at most as often as the rarer side, (segments,)."""
    if not len(reference.keys):
        return np.zeros(num_segments, np.int64)
    places = np.searchsorted(reference.keys, hypothesis.keys)
    places[places == len(reference.keys)] = 0
    is_hit = reference.keys[places] == hypothesis.keys
    common = np.minimum(hypothesis.counts[is_hit], reference.counts[places[is_hit]])
    segments = hypothesis.keys[is_hit] >> hypothesis.shift
    return np.bincount(segments, weights=common, minlength=num_segments).astype(np.int64)


def greatest(references: Sequence[Counts]) -> Counts:
    """Joins references: each n-gram counts as often as in the one that has it most often."""
    if len(references) == 1:
        return references[0]
    keys = np.concatenate([each.keys for each in references])
    counts = np.concatenate([each.counts for each in references])
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    if len(starts):
        keys, counts = keys[starts], np.maximum.reduceat(counts, starts)
    return Counts(keys, counts, references[0].shift)


def _renumbered(sides: Sequence[Units], places: Sequence[Integers]) -> tuple[list[Integers], int]:
    """Numbers the different units of each segment from 0; gives the bits of the largest number."""
    units = np.concatenate([side.numbers for side in sides])
    if not len(units):
        return [side.numbers for side in sides], 1
    place = np.concatenate(places)
    num_units = int(units.max()) + 1
    known, inverse = np.unique(place * num_units + units, return_inverse=True)
    firsts = np.searchsorted(known, np.arange(place.max() + 1) * num_units)
    local = inverse - firsts[place]
    ends = np.cumsum([len(side.numbers) for side in sides])[:-1]
    return np.split(local, ends), max(int(local.max()).bit_length(), 1)


def _counted_side(units: Integers, place: Integers, max_order: int, num_bits: int) -> list[Counts]:
    found = []
    grams = units
    for order in range(1, max_order + 1):
        if order > 1:
            grams = (grams[:-1] << num_bits) | units[order - 1 :]
        num_grams = len(grams)
        # An n-gram that began in one segment and ended in the next is none.
        is_whole = place[:num_grams] == place[order - 1 : order - 1 + num_grams]
        keys = (place[:num_grams] << (num_bits * order)) | grams
        found.append(_tallied(keys[is_whole], num_bits * order))
    return found


def _tallied(keys: Integers, shift: int) -> Counts:
    keys.sort()
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(starts, append=len(keys))
    return Counts(keys[starts], counts, shift)
