"""Which segments the table of an evaluation shows, and in which order."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from core.errors import ConfigError

_Floats: TypeAlias = npt.NDArray[np.float64]
_Bools: TypeAlias = npt.NDArray[np.bool_]
_Positions: TypeAlias = npt.NDArray[np.intp]

_Value = TypeVar("_Value")

SortKey = Literal["position", "score", "difference", "spread"]


@dataclass(frozen=True, eq=False)
class SegmentTable:
    """All that the table can show; everything is parallel to the sources.

    Attributes:
        sources: One a segment.
        references: One a segment.
        hypotheses: One a segment for each system, by its name.
        scores: Segment scores of each system, (segments,), in one metric; NaN where one is missing.
        flags: What checks found: by system, then by the key of the check, (segments,).
    """

    sources: Sequence[str]
    references: Sequence[str]
    hypotheses: Mapping[str, Sequence[str]]
    scores: Mapping[str, _Floats] = field(default_factory=dict)
    flags: Mapping[str, Mapping[str, _Bools]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SegmentFilter:
    """Which segments are wanted; all that is set must hold.

    Attributes:
        text: Stands in the source, the reference or a hypothesis; case does not count.
        checks: Keys of checks of which at least one found something.
        positions: Of a bucket, a check or an n-gram.
        is_only_different: Whether at least two hypotheses must differ.
    """

    text: str = ""
    checks: tuple[str, ...] = ()
    positions: _Positions | None = None
    is_only_different: bool = False


@dataclass(frozen=True)
class SegmentOrder:
    """How segments are sorted.

    Attributes:
        key: By position; by the score of `system`; by that of `system` minus that of `other`; or
            by the spread, the greatest score of all systems minus the least.
        system: For `score` and `difference`.
        other: For `difference`.
        is_descending: Whether the greatest value comes first.
    """

    key: SortKey = "position"
    system: str = ""
    other: str = ""
    is_descending: bool = False


def select_segments(
    table: SegmentTable,
    wanted: SegmentFilter | None = None,
    order: SegmentOrder | None = None,
) -> _Positions:
    """Gives the positions of the wanted segments in the wanted order, counted from 0.

    Equal values stand in the order of the test set, missing ones at the end.

    Raises:
        ConfigError: A system is asked for that the table does not have.
    """
    chosen = _filtered(table, wanted or SegmentFilter())
    order = order or SegmentOrder()
    if order.key == "position":
        return chosen[::-1] if order.is_descending else chosen
    values = _sort_values(table, order)[chosen]
    return chosen[np.argsort(-values if order.is_descending else values, kind="stable")]


def _filtered(table: SegmentTable, wanted: SegmentFilter) -> _Positions:
    """Gives the positions that pass, ascending; what is quick to see is looked at first."""
    passes = np.ones(len(table.sources), bool)
    if wanted.positions is not None:
        passes[:] = False
        passes[wanted.positions] = True
    if wanted.checks:
        passes &= _flagged(table, wanted)
    chosen = np.flatnonzero(passes)
    if wanted.is_only_different:
        groups = list(table.hypotheses.values())
        chosen = _kept(chosen, [len({texts[n] for texts in groups}) > 1 for n in chosen.tolist()])
    if wanted.text:
        groups = [table.sources, table.references, *table.hypotheses.values()]
        text = _folded(wanted.text)
        is_found = [any(text in _folded(texts[n]) for texts in groups) for n in chosen.tolist()]
        chosen = _kept(chosen, is_found)
    return chosen


def _kept(positions: _Positions, is_kept: list[bool]) -> _Positions:
    kept: _Positions = positions[np.array(is_kept, bool)]
    return kept


def _flagged(table: SegmentTable, wanted: SegmentFilter) -> _Bools:
    found = np.zeros(len(table.sources), bool)
    for flags in table.flags.values():
        for key in wanted.checks:
            if key in flags:
                found |= flags[key]
    return found


def _sort_values(table: SegmentTable, order: SegmentOrder) -> _Floats:
    if order.key == "score":
        return np.asarray(_of(table.scores, order.system), np.float64)
    if order.key == "difference":
        scores = _of(table.scores, order.system), _of(table.scores, order.other)
        return np.asarray(scores[0] - scores[1], np.float64)
    if not table.scores:
        return np.zeros(len(table.sources))
    stacked = np.stack(list(table.scores.values()))
    # Where a system has no score the others still spread; NaN is left where none has one.
    spread: _Floats = np.fmax.reduce(stacked) - np.fmin.reduce(stacked)
    return spread


def _of(by_system: Mapping[str, _Value], system: str) -> _Value:
    try:
        return by_system[system]
    except KeyError:
        known = ", ".join(map(repr, by_system)) or "none"
        raise ConfigError(
            f"The evaluation has no figures of the system {system!r}.",
            hint=f"Choose one of these: {known}.",
        ) from None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())
