"""Stretches of a split where one side stands a few rows too high: by lengths and anchors.

Lengths as in Gale & Church (1993, "A Program for Aligning Sentences in Bilingual Corpora"): how
long a translation is follows from how long its source is. Anchors are what translations leave as
it is: numbers, links, names. How much better a stretch fits when shifted is a log-likelihood
ratio; where stretches begin and end follows from the best path over all shifts (Viterbi).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SHIFT = 5
SHIFTS = tuple(range(-MAX_SHIFT, MAX_SHIFT + 1))
_UNSHIFTED = MAX_SHIFT  # the column of shift 0

_MIN_ROWS = 40  # fewer tell nothing about what is usual
_MIN_GAIN_PER_ROW = 0.5  # nats; a drift of chance gains less
_OUTLIERS = 0.05  # share of translations of any length
_MAX_ANCHOR_WEIGHT = 5.0  # nats that one shared anchor counts
_MAX_ANCHORS_WEIGHT = 8.0  # nats that those of a row count together
_SHARED_SHARE = 0.5  # of a row's anchors that a translation keeps


@dataclass(frozen=True)
class Anchors:
    """The anchors of one side.

    Attributes:
        hashes: Of all rows, one after another.
        counts: How many each row has.
    """

    hashes: NDArray[np.uint32]
    counts: NDArray[np.uint16]


@dataclass(frozen=True)
class Stretch:
    """Rows whose targets belong to other rows.

    Attributes:
        start: First row.
        end: One behind the last row.
        shift: The target of row i stands in row i + shift.
    """

    start: int
    end: int
    shift: int


def stretches(
    source_chars: NDArray[np.int32],
    target_chars: NDArray[np.int32],
    sources: Anchors,
    targets: Anchors,
    *,
    evidence: float,
    min_rows: int,
) -> list[Stretch]:
    """Gives the stretches that fit markedly better when shifted, in order.

    Args:
        source_chars: Lengths of the rows' sources; 0 = a blank side, which tells nothing.
        target_chars: The same of their targets.
        sources: Anchors of the rows' sources.
        targets: Anchors of their targets.
        evidence: By how many nats a stretch must fit better.
        min_rows: How long it must be.
    """
    import numpy as np

    if np.count_nonzero((source_chars > 0) & (target_chars > 0)) < _MIN_ROWS:
        return []
    fits = _length_fits(source_chars, target_chars)
    fits += _anchor_fits(sources, targets)
    fits -= fits[:, _UNSHIFTED : _UNSHIFTED + 1].copy()
    found: list[Stretch] = []
    for start, end in _candidates(fits, evidence):
        path = _best_path(fits[start:end], evidence)
        for stretch in _runs(path, start):
            num = stretch.end - stretch.start
            gain = float(
                fits[stretch.start : stretch.end, stretch.shift + MAX_SHIFT].sum(dtype=np.float64)
            )
            if num >= min_rows and gain >= max(evidence, _MIN_GAIN_PER_ROW * num):
                found.append(stretch)
    return found


def _length_fits(
    source_chars: NDArray[np.int32], target_chars: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Gives how much likelier lengths are as translations than by chance, shape (rows, shifts)."""
    import numpy as np

    num = len(source_chars)
    has_source, has_target = source_chars > 0, target_chars > 0
    sources = np.log(source_chars + 2.0).astype(np.float32)
    targets = np.log(target_chars + 2.0).astype(np.float32)
    differences = (targets - sources)[has_source & has_target]
    usual = np.median(differences)
    # The lower quartile of a normal distribution's distances is 0.3186 deviations: half a
    # misaligned file hardly widens it, as it would the median.
    spread = max(0.05, float(np.quantile(np.abs(differences - usual), 0.25)) / 0.3186)
    # Chance is what a row has near it, so that sorted files and lists give no evidence.
    near = [
        (targets[step:] - sources[:-step])[has_target[step:] & has_source[:-step]]
        for step in (MAX_SHIFT + 1, MAX_SHIFT + 2, MAX_SHIFT + 4)
    ]
    chance = np.concatenate([*near, differences])
    chance_spread = max(spread, float(np.sqrt(np.mean((chance - usual) ** 2))))
    fits = np.full((num, len(SHIFTS)), np.log(_OUTLIERS), np.float32)
    for column, shift in enumerate(SHIFTS):
        own, other = _overlap(num, shift)
        distance = targets[other] - sources[own] - usual
        by_chance = -0.5 * (distance / chance_spread) ** 2 - np.log(chance_spread)
        as_translation = -0.5 * (distance / spread) ** 2 - np.log(spread)
        mixed = np.logaddexp(np.log1p(-_OUTLIERS) + as_translation, np.log(_OUTLIERS) + by_chance)
        is_known = has_source[own] & has_target[other]
        fits[own, column] = np.where(is_known, mixed - by_chance, 0.0)
    return fits


def _anchor_fits(sources: Anchors, targets: Anchors) -> NDArray[np.float32]:
    """Gives how much likelier the shared anchors are in a translation, shape (rows, shifts)."""
    import numpy as np

    num = len(sources.counts)
    fits = np.zeros((num, len(SHIFTS)), np.float32)
    shared = np.intersect1d(sources.hashes, targets.hashes)
    if not len(shared):
        return fits
    own_rows = _incidence(sources, shared)
    other_rows = _incidence(targets, shared)
    frequency = np.maximum(own_rows.sum(axis=0), other_rows.sum(axis=0)) / num
    weights = np.clip(np.log(_SHARED_SHARE / frequency), 0.0, _MAX_ANCHOR_WEIGHT)
    weighted = own_rows.copy()
    weighted.data = weights[own_rows.indices].astype(np.float32)
    for column, shift in enumerate(SHIFTS):
        own, other = _overlap(num, shift)
        both = weighted[own].multiply(other_rows[other]).sum(axis=1)
        fits[own, column] = np.minimum(both, _MAX_ANCHORS_WEIGHT)
    return fits


def _incidence(anchors: Anchors, shared: NDArray[np.uint32]) -> Any:
    """Gives which row has which of the shared anchors, a sparse matrix of ones."""
    import numpy as np
    from scipy.sparse import csr_array

    rows = np.repeat(np.arange(len(anchors.counts)), anchors.counts)
    columns = np.minimum(np.searchsorted(shared, anchors.hashes), len(shared) - 1)
    is_shared = shared[columns] == anchors.hashes
    matrix = csr_array(
        (np.ones(int(is_shared.sum()), np.float32), (rows[is_shared], columns[is_shared])),
        shape=(len(anchors.counts), len(shared)),
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def _overlap(num: int, shift: int) -> tuple[slice, slice]:
    """Gives the rows that have a partner when shifted, and these partners."""
    if shift >= 0:
        return slice(0, num - shift), slice(shift, num)
    return slice(-shift, num), slice(0, num + shift)


def _candidates(gains: NDArray[np.float32], evidence: float) -> list[tuple[int, int]]:
    """Gives where a shift may pay: sums of gains that never fell to 0 and reached the evidence."""
    import numpy as np

    num = len(gains)
    is_candidate = np.zeros(num, bool)
    for column in range(len(SHIFTS)):
        total = np.concatenate([[0.0], np.cumsum(gains[:, column], dtype=np.float64)])
        lead = (total - np.minimum.accumulate(total))[1:]
        if lead.max() < evidence:
            continue
        starts = np.flatnonzero((lead > 0) & np.concatenate([[True], lead[:-1] <= 0]))
        reached = np.maximum.reduceat(lead, starts) >= evidence
        for start, end in zip(starts[reached], np.append(starts[1:], num)[reached], strict=True):
            is_candidate[start:end] = True
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_candidate.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _best_path(gains: NDArray[np.float32], cost: float) -> NDArray[np.int64]:
    """Gives the column of each row on the best path; to leave shift 0 or change shift costs."""
    import numpy as np

    num, num_shifts = gains.shape
    costs = np.full(num_shifts, cost)
    costs[_UNSHIFTED] = 0.0
    came_from = np.empty((num, num_shifts), np.int8)
    columns = np.arange(num_shifts)
    score = np.full(num_shifts, -np.inf)
    score[_UNSHIFTED] = 0.0
    for row in range(num):
        best = int(score.argmax())
        changed = score[best] - costs
        stays = score >= changed
        came_from[row] = np.where(stays, columns, best)
        score = np.where(stays, score, changed) + gains[row]
    path = np.empty(num, np.int64)
    column = int(score.argmax())
    for row in range(num - 1, -1, -1):
        path[row] = column
        column = int(came_from[row, column])
    return path


def _runs(path: NDArray[np.int64], offset: int) -> Iterator[Stretch]:
    """Gives the stretches of a path in which one side is shifted."""
    import numpy as np

    edges = [0, *(np.flatnonzero(np.diff(path)) + 1).tolist(), len(path)]
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        shift = SHIFTS[int(path[start])]
        if shift:
            yield Stretch(offset + start, offset + end, shift)
