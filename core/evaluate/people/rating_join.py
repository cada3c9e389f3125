"""Ratings put beside hypotheses: which rating is about which segment of which system."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.errors import DataError
from core.evaluate.people.wmt_ratings import Rating, Ratings

Floats: TypeAlias = npt.NDArray[np.float64]
_Positions: TypeAlias = list[int | None]
_Place: TypeAlias = tuple[int, int, Rating]

# How segments were found; by ids, the first of which is 1 or 0.
_FROM = {1: "segment ids, counted from 1", 0: "segment ids, counted from 0"}
_BY_SOURCE = "source texts"

# Why a rating was left out.
_SYSTEM, _SEGMENT, _SOURCE, _TARGET = "system", "segment", "source", "target"

_ID = re.compile("[0-9]{1,9}")
_DECIMALS = 6
_MOST_NAMED = 8


@dataclass(frozen=True)
class JoinedRatings:
    """Ratings by segment and system, parallel to the hypotheses.

    Attributes:
        systems: Names of our systems, the columns.
        human: Means over raters, (segments, systems); NaN where nobody rated.
        by_rater: Scores of each rater, of the same shape; one rater "" for published means.
        num_ratings: Ratings that were matched.
        num_left_out: Ratings that were not.
        matched_by: Whether segments were found by their ids, and from which number they count,
            or by their source texts.
        notes: The file's notes, and one sentence each on what was left out.
    """

    systems: tuple[str, ...]
    human: Floats
    by_rater: dict[str, Floats]
    num_ratings: int
    num_left_out: int
    matched_by: str
    notes: tuple[str, ...]


def join_ratings(
    ratings: Ratings,
    hypotheses: Mapping[str, Sequence[str]],
    sources: Sequence[str],
    *,
    system_names: Mapping[str, str] | None = None,
) -> JoinedRatings:
    """Finds segment and system of each rating, and leaves out those that are about other texts.

    Ids are taken to count from 1 or from 0, whichever fits the texts in the file better; where
    most do not fit, as ids that start again in each document, segments are found by their source
    texts. Without texts ids count from 1, unless there is a 0.

    Args:
        ratings: Of one file.
        hypotheses: Parallel to `sources`, by the name of the system.
        sources: All segments of the test set.
        system_names: Our name for a system of the file; the others are found by their own name,
            whatever its case.

    Raises:
        DataError: No rating is left, or the names do not fit: the sentence says what was sought.
    """
    systems = tuple(hypotheses)
    rows = [_with_normalised_texts(row) for row in ratings.rows]
    columns = _columns(rows, systems, system_names or {})
    kept, left_out, matched_by = _matched(rows, columns, sources, hypotheses)
    unknown = [name for name in dict.fromkeys(row.system for row in rows) if name not in columns]
    if not kept:
        raise _nothing_left(left_out, unknown, systems, len(sources))
    human, by_rater = _arrays(kept, (len(sources), len(systems)))
    return JoinedRatings(
        systems=systems,
        human=human,
        by_rater=by_rater,
        num_ratings=len(kept),
        num_left_out=left_out.total(),
        matched_by=matched_by,
        notes=(*ratings.notes, *_notes(left_out, unknown)),
    )


def _matched(
    rows: Sequence[Rating],
    columns: Mapping[str, int],
    sources: Sequence[str],
    hypotheses: Mapping[str, Sequence[str]],
) -> tuple[list[_Place], Counter[str], str]:
    """Gives the ratings of our texts with their places, why others are none, and how found.

    Raises:
        DataError: A system has more or fewer hypotheses than there are sources.
    """
    for name, texts in hypotheses.items():
        if len(texts) != len(sources):
            raise DataError(f"{name!r} has {len(texts)} hypotheses for {len(sources)} segments.")
    our_sources = [_normalised(text) for text in sources]
    our_hypotheses = [[_normalised(text) for text in texts] for texts in hypotheses.values()]
    positions, matched_by = _positions(rows, columns, our_sources, our_hypotheses)
    kept, left_out = _parted(rows, positions, columns, our_sources, our_hypotheses)
    return kept, left_out, matched_by


def _parted(
    rows: Sequence[Rating],
    positions: _Positions,
    columns: Mapping[str, int],
    our_sources: Sequence[str],
    our_hypotheses: Sequence[Sequence[str]],
) -> tuple[list[_Place], Counter[str]]:
    """Gives the ratings of our texts with their places, and counts why others are none."""
    kept: list[_Place] = []
    left_out: Counter[str] = Counter()
    for row, position in zip(rows, positions, strict=True):
        column = columns.get(row.system)
        if column is None or position is None:
            left_out[_SYSTEM if column is None else _SEGMENT] += 1
        elif row.source not in (None, our_sources[position]):
            left_out[_SOURCE] += 1
        elif row.target not in (None, our_hypotheses[column][position]):
            left_out[_TARGET] += 1
        else:
            kept.append((position, column, row))
    return kept, left_out


def _with_normalised_texts(row: Rating) -> Rating:
    source, target = (
        None if text is None else _normalised(text) for text in (row.source, row.target)
    )
    return replace(row, source=source, target=target)


def _normalised(text: str) -> str:
    """Gives a text in NFC with single blanks: published texts differ in their white space."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _columns(
    rows: Sequence[Rating], systems: Sequence[str], system_names: Mapping[str, str]
) -> dict[str, int]:
    """Gives the column of each system of the file that we have.

    Raises:
        DataError: A name that was given is unknown, or two systems of the file are one of ours.
    """
    rated = dict.fromkeys(row.system for row in rows)
    for theirs, ours in system_names.items():
        if theirs not in rated or ours not in systems:
            unknown, known = (theirs, rated) if theirs not in rated else (ours, systems)
            raise DataError(
                f"There is no system {unknown!r} to match {theirs!r} with {ours!r}.",
                hint=f"Systems there: {_listed(known)}.",
            )
    folded = Counter(name.casefold() for name in systems)
    by_fold = {name.casefold(): name for name in systems if folded[name.casefold()] == 1}
    found: dict[str, int] = {}
    owners: dict[str, str] = {}
    for theirs in rated:
        ours = system_names.get(theirs, theirs)
        if ours not in systems:
            ours = by_fold.get(theirs.casefold(), "")
        if ours not in systems:
            continue
        if ours in owners:
            raise DataError(
                f"The file's systems {owners[ours]!r} and {theirs!r} are both {ours!r} here.",
                hint="Match each system of the file with another one.",
            )
        owners[ours] = theirs
        found[theirs] = systems.index(ours)
    return found


def _positions(
    rows: Sequence[Rating],
    columns: Mapping[str, int],
    our_sources: Sequence[str],
    our_hypotheses: Sequence[Sequence[str]],
) -> tuple[_Positions, str]:
    """Gives the position of each rating's segment, None where there is none, and how found."""
    ids = [int(row.segment) if _ID.fullmatch(row.segment) else None for row in rows]
    known = range(len(our_sources))
    by_id = {
        first: [None if each is None or each - first not in known else each - first for each in ids]
        for first in _FROM
    }
    if all(row.source is None and row.target is None for row in rows):
        first = 0 if 0 in ids else 1
        return by_id[first], _FROM[first]

    def fit(positions: _Positions) -> int:
        """Counts the ratings whose source is at their place, or whose target where none is told."""
        num = 0
        for row, position in zip(rows, positions, strict=True):
            if position is not None and row.source is not None:
                num += row.source == our_sources[position]
            elif position is not None and row.system in columns:
                num += row.target == our_hypotheses[columns[row.system]][position]
        return num

    fits = {first: fit(positions) for first, positions in by_id.items()}
    first = max(_FROM, key=lambda each: fits[each])
    if 2 * fits[first] < len(rows):
        num = Counter(our_sources)
        place = {text: at for at, text in enumerate(our_sources) if num[text] == 1}
        by_source = [place.get(row.source) if row.source is not None else None for row in rows]
        if fit(by_source) > fits[first]:
            return by_source, _BY_SOURCE
    return by_id[first], _FROM[first]


def _arrays(kept: Sequence[_Place], shape: tuple[int, int]) -> tuple[Floats, dict[str, Floats]]:
    """Gives the means over raters, and each rater's scores; NaN where there are none."""
    sums: dict[str, Floats] = {}
    numbers: dict[str, Floats] = {}
    for position, column, row in kept:
        if row.rater not in sums:
            sums[row.rater], numbers[row.rater] = np.zeros(shape), np.zeros(shape)
        sums[row.rater][position, column] += row.score
        numbers[row.rater][position, column] += 1
    by_rater = {rater: _ratio(sums[rater], numbers[rater]) for rater in sums}
    num_raters = sum((number > 0).astype(np.float64) for number in numbers.values())
    total = sum(np.nan_to_num(scores) for scores in by_rater.values())
    return _ratio(np.asarray(total), np.asarray(num_raters)), by_rater


def _ratio(sums: Floats, numbers: Floats) -> Floats:
    """Gives means, rounded so that the same ratings in another order give the same."""
    means = np.round(sums / np.maximum(numbers, 1), _DECIMALS)
    return np.where(numbers > 0, means, np.nan)


def _notes(left_out: Counter[str], unknown: Sequence[str]) -> tuple[str, ...]:
    reasons = {
        _SYSTEM: f"there are no hypotheses of {_listed(unknown)}",
        _SEGMENT: "their segment is not in the test set",
        _SOURCE: "their source text is not that of the test set",
        _TARGET: "the translation that was rated is not the hypothesis",
    }
    return tuple(
        f"{left_out[each]:,} ratings were left out: {reason}."
        for each, reason in reasons.items()
        if left_out[each]
    )


def _nothing_left(
    left_out: Counter[str], unknown: Sequence[str], systems: Sequence[str], num_segments: int
) -> DataError:
    """Gives the error for the reason that most ratings were left out for."""
    reason, num = left_out.most_common(1)[0]
    if reason == _SYSTEM:
        return DataError(
            f"None of the rated systems is here: they are {_listed(unknown)}.",
            hint=f"Match them with {_listed(systems)} by hand.",
        )
    if reason == _SEGMENT:
        return DataError(
            f"No rating is about the {num_segments} segments of this test set.",
            hint="Ids must count through the test set from 1 or 0, or source texts be given.",
        )
    what = "source texts" if reason == _SOURCE else "translations"
    ours = "the test set's" if reason == _SOURCE else "the hypotheses"
    return DataError(
        f"The {what} in all {num:,} ratings differ from {ours}.",
        hint="The ratings belong to another test set or to other outputs of the systems.",
    )


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(map(repr, names[:_MOST_NAMED])) + more
