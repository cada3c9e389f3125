"""Checks that look across the rows of a split: repeats, usual lengths, misaligned stretches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from core.corpora.doctor.alignment import Anchors, stretches
from core.corpora.doctor.checks import BITS
from core.corpora.doctor.repeats import occurrences, paired, rows_over, rows_with_many
from core.corpora.doctor.row_features import RowFeatures
from core.corpora.doctor.settings import DoctorSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Found = tuple[str, int, str]  # a check, a row, and what was found in it

_USUAL_FROM_CHARS = 10  # ratios of shorter sides are a matter of single words
_NO_ARRAYS = ("details", "num_repaired", "unidentified")
_ARRAYS = tuple(name for name in RowFeatures.__annotations__ if name not in _NO_ARRAYS)


def joined(parts: Sequence[RowFeatures]) -> RowFeatures:
    """Gives the features of a split from those of its chunks."""
    import numpy as np

    if len(parts) == 1:
        return parts[0]
    details: dict[int, str] = {}
    start = 0
    for part in parts:
        details.update({start + place: detail for place, detail in part.details.items()})
        start += part.num_rows
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
    return RowFeatures(
        **arrays,
        details=details,
        num_repaired=sum(part.num_repaired for part in parts),
        unidentified=max((part.unidentified for part in parts), key=len),
    )


def usual_ratio(splits: Mapping[str, RowFeatures]) -> float:
    """Gives how many characters a target usually has for one of its source: the median; or 1."""
    import numpy as np

    ratios = []
    for features in splits.values():
        source, target = features.source_chars, features.target_chars
        is_long = np.minimum(source, target) >= _USUAL_FROM_CHARS
        ratios.append(target[is_long] / source[is_long])
    every = np.concatenate(ratios) if ratios else np.zeros(0)
    return float(np.median(every)) if len(every) else 1.0


def mark_across_rows(
    features: RowFeatures, usual: float, settings: DoctorSettings
) -> NDArray[np.int64]:
    """Gives the masks of a split with the bits of these checks; adds to the details."""
    masks = features.masks.copy()
    details = features.details
    for key, row, detail in _found(features, usual, settings):
        masks[row] |= BITS[key]
        if detail:
            details[row] = f"{details[row]}; {detail}" if row in details else detail
    return masks


def _found(features: RowFeatures, usual: float, settings: DoctorSettings) -> Iterator[Found]:
    if settings.duplicate or settings.near_duplicate:
        yield from _duplicates(features, settings)
    if settings.many_targets:
        rows = rows_with_many(_sound(features, "sources"), features.targets, settings.max_targets)
        yield from (("many_targets", row, "") for row in rows.tolist())
    if settings.many_sources:
        rows = rows_with_many(_sound(features, "targets"), features.sources, settings.max_sources)
        yield from (("many_sources", row, "") for row in rows.tolist())
    if settings.boilerplate:
        for side, hashes in (
            ("source", features.source_skeletons),
            ("target", features.target_skeletons),
        ):
            for row in rows_over(hashes, settings.max_repeats).tolist():
                yield "boilerplate", row, f"{side} stands above {settings.max_repeats} times"
    if settings.length_ratio:
        yield from _unusual_lengths(features, usual, settings)
    if settings.misaligned:
        yield from _misaligned(features, settings)


def _duplicates(features: RowFeatures, settings: DoctorSettings) -> Iterator[Found]:
    """Rows are counted from 1 in details, as people do."""
    import numpy as np

    above, first = occurrences(features.pairs)
    if settings.duplicate:
        for row in np.flatnonzero(above).tolist():
            yield "duplicate", row, f"same as row {first[row] + 1:,}"
    if settings.near_duplicate:
        sources, targets = _sound(features, "sources"), _sound(features, "targets")
        near_above, near_first = occurrences(paired(sources, targets))
        for row in np.flatnonzero((near_above > 0) & (above == 0)).tolist():
            yield "near_duplicate", row, f"nearly the same as row {near_first[row] + 1:,}"


def _sound(features: RowFeatures, side: str) -> NDArray[np.uint64]:
    """Gives the hashes of a side, 0 for rows that are at fault by themselves.

    Such a row is left out: a sound one must not be left out as well for being like it.
    """
    import numpy as np

    return np.where(features.masks == 0, getattr(features, side), np.uint64(0))


def _unusual_lengths(
    features: RowFeatures, usual: float, settings: DoctorSettings
) -> Iterator[Found]:
    import numpy as np

    source, target = features.source_chars, features.target_chars
    is_measured = np.maximum(source, target) >= settings.ratio_min_chars
    is_measured &= (source > 0) & (target > 0)
    times = np.ones(len(source))
    times[is_measured] = target[is_measured] / source[is_measured] / usual
    limit = settings.max_length_ratio
    for row in np.flatnonzero((times > limit) | (times < 1 / limit)).tolist():
        side = "target" if times[row] > 1 else "source"
        by = max(times[row], 1 / times[row])
        yield "length_ratio", row, f"{side} is {by:.1f} times as long as usual"


def _misaligned(features: RowFeatures, settings: DoctorSettings) -> Iterator[Found]:
    for stretch in stretches(
        features.source_chars,
        features.target_chars,
        Anchors(features.source_anchors, features.num_source_anchors),
        Anchors(features.target_anchors, features.num_target_anchors),
        evidence=settings.misaligned_evidence,
        min_rows=settings.misaligned_min_rows,
    ):
        num = abs(stretch.shift)
        where = f"{num} {'row' if num == 1 else 'rows'} {'down' if stretch.shift > 0 else 'up'}"
        detail = f"rows {stretch.start + 1:,} to {stretch.end:,} fit the targets {where}"
        yield from (("misaligned", row, detail) for row in range(stretch.start, stretch.end))
