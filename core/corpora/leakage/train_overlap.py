"""How much of one long split stands in another: equal texts only, as hashes, nothing listed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.corpora.leakage.comparing import shared_sides
from core.corpora.leakage.leaks import BOTH, SIDES
from core.corpora.leakage.status import EITHER, no_counts
from core.corpora.linking import BATCH, digest, hashes_of
from core.corpora.segments import Row
from core.corpora.watching import Watch
from core.text.normalising import normalised

if TYPE_CHECKING:
    from core.corpora.linking import Hashes

NOTE = "Of two train splits equal segments are counted; none is listed, near ones are not counted."


def train_overlap(
    rows: Iterable[Row],
    langs: tuple[str, str],
    other_rows: Iterable[Row],
    other_langs: tuple[str, str],
    *,
    watch: Watch,
) -> tuple[dict[str, dict[str, int]], int, int]:
    """Gives how many rows of a split also stand in another one, by side and level.

    Takes some 100 bytes a row.

    Returns:
        The counts, as in `PairStatus`, and the numbers of rows of both.
    """
    import numpy as np

    own = _read(rows, watch)
    other = _read(other_rows, watch)
    sides = shared_sides(langs, other_langs)
    counts = no_counts([SIDES[side] for side in sides])
    for level, own_hashes, other_hashes in zip(("exact", "normalised"), own, other, strict=True):
        found = {
            SIDES[side]: np.isin(own_hashes[side], other_hashes[place]) & (own_hashes[side] != 0)
            for side, place in sides.items()
        }
        found[EITHER] = np.logical_or.reduce(list(found.values()))
        if len(sides) == 2:
            pairs = _paired(own_hashes, (0, 1))
            there = _paired(other_hashes, (sides[0], sides[1]))
            found[BOTH] = np.isin(pairs, there) & (pairs != 0)
        for name, is_there in found.items():
            counts[name][level] = int(is_there.sum())
    for levels in counts.values():  # what is exact is also equal when normalised
        levels["normalised"] -= levels["exact"]
    return counts, len(own[0][0]), len(other[0][0])


def _read(rows: Iterable[Row], watch: Watch) -> tuple[list[Hashes], list[Hashes]]:
    """Gives the hashes of both sides, as they stand and normalised; 0 for a blank text."""
    digests = [bytearray() for _ in range(4)]
    for number, row in enumerate(rows):
        if number % BATCH == 0:
            watch("comparing train splits", number, 0)
        for side, text in enumerate(row[:2]):
            key = normalised(text)
            digests[side] += digest(text if key else "")
            digests[2 + side] += digest(key)
    source, target, same_source, same_target = map(hashes_of, digests)
    return [source, target], [same_source, same_target]


def _paired(sides: list[Hashes], order: tuple[int, int]) -> Hashes:
    import numpy as np

    return np.where(
        (sides[0] != 0) & (sides[1] != 0),
        sides[order[0]] * np.uint64(0x9E3779B97F4A7C15) ^ sides[order[1]],
        np.uint64(0),
    )
