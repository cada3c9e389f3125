"""The rows of a file of ratings, put together by output and rater; texts found once for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from core.annotate.campaign_data import JudgedSegment
from core.annotate.formats.tagged_text import TaggedText, read_tagged
from core.annotate.mqm_weights import HANDS_ON_WHEEL, normalised_severity
from core.annotate.rating_table import RatingTable

# Document, its segment, and the segment in the test set, as a file calls them.
SegmentIds: TypeAlias = tuple[str, str, str]

_Name = TypeVar("_Name")
_MOST_DIGITS = 18


@dataclass(frozen=True)
class RatedRow:
    """One row of a file.

    Attributes:
        number: Of its line.
        cells: By the names of `core.annotate.rating_table.COLUMNS`.
        source, target: Its texts, whose tags are marks.
    """

    number: int
    cells: dict[str, str]
    source: TaggedText
    target: TaggedText

    @property
    def is_check(self) -> bool:
        """Whether it tells of an injected error, so that its target is not the system's output."""
        return normalised_severity(self.cells.get("severity", "")) == HANDS_ON_WHEEL


@dataclass(frozen=True)
class RatedOutput:
    """The rows of one rater on one output.

    Attributes:
        rater: As the file calls them.
        place: In the rater's work, from 0, as the rows stand in the file.
        system, segment: Indices.
        rows: In the order of the file.
    """

    rater: str
    place: int
    system: int
    segment: int
    rows: tuple[RatedRow, ...]


@dataclass(frozen=True)
class RatedFile:
    """The rows of a file by output and rater.

    Attributes:
        systems, raters: Names, as they come first in the file.
        segments: Documents as they come first; in each its segments by number.
        outputs: Texts by (segment, system).
        judged: By rater and place.
        notes: One sentence each on what looks odd, with its number.
    """

    systems: tuple[str, ...]
    raters: tuple[str, ...]
    segments: tuple[JudgedSegment, ...]
    outputs: dict[tuple[int, int], str]
    judged: tuple[RatedOutput, ...]
    notes: tuple[str, ...]


def read_rated_rows(table: RatingTable) -> RatedFile:
    """Gives the rows of a table by output and rater.

    Raises:
        DataError: A line has another number of cells, or lacks system, segment or rater.
    """
    rows = [
        RatedRow(
            number, cells, *(read_tagged(cells.get(each, "")) for each in ("source", "target"))
        )
        for number, cells in table.rows()
    ]
    systems = _numbered(row.cells["system"] for row in rows)
    raters = _numbered(row.cells["rater"] for row in rows)
    segments = _numbered(in_order([_ids(row) for row in rows]))
    outputs: dict[tuple[int, int], str] = {}
    sources: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: row.is_check):  # the texts of checks are not the real
        segment = segments[_ids(row)]
        outputs.setdefault((segment, systems[row.cells["system"]]), row.target.text)
        sources.setdefault(segment, row.source.text)
    return RatedFile(
        tuple(systems),
        tuple(raters),
        tuple(
            JudgedSegment(sources[at], document, within, label)
            for (document, within, label), at in segments.items()
        ),
        outputs,
        _judged(rows, systems, raters, segments),
        tuple(_notes(rows, segments, sources, outputs, systems)),
    )


def in_order(ids: Sequence[SegmentIds]) -> list[SegmentIds]:
    """Gives segments by document; within it by their numbers, if all of them are numbers."""
    by_document: dict[str, list[SegmentIds]] = {}
    for each in dict.fromkeys(ids):
        by_document.setdefault(each[0], []).append(each)
    for own in by_document.values():
        part = next((part for part in (1, 2) if all(_is_number(each[part]) for each in own)), None)
        if part is not None:
            own.sort(key=lambda each: int(each[part]))
    return [each for own in by_document.values() for each in own]


def _numbered(names: Iterable[_Name]) -> dict[_Name, int]:
    return {name: number for number, name in enumerate(dict.fromkeys(names))}


def _ids(row: RatedRow) -> SegmentIds:
    document, within = (
        row.cells.get(each, "").strip() for each in ("document", "document_segment")
    )
    return document, within, row.cells["segment"]


def _judged(
    rows: Sequence[RatedRow],
    systems: dict[str, int],
    raters: dict[str, int],
    segments: dict[SegmentIds, int],
) -> tuple[RatedOutput, ...]:
    by_output: dict[tuple[str, int, int], list[RatedRow]] = {}
    for row in rows:
        key = (row.cells["rater"], systems[row.cells["system"]], segments[_ids(row)])
        by_output.setdefault(key, []).append(row)
    places: Counter[str] = Counter()
    found = []
    for (rater, system, segment), own in by_output.items():
        found.append(RatedOutput(rater, places[rater], system, segment, tuple(own)))
        places[rater] += 1
    return tuple(sorted(found, key=lambda each: (raters[each.rater], each.place)))


def _notes(
    rows: Sequence[RatedRow],
    segments: dict[SegmentIds, int],
    sources: dict[int, str],
    outputs: dict[tuple[int, int], str],
    systems: dict[str, int],
) -> Iterable[str]:
    num_spaced = num_other = 0
    for row in rows:
        segment = segments[_ids(row)]
        output = outputs[segment, systems[row.cells["system"]]]
        pairs = ((row.source.text, sources[segment]), (row.target.text, output))
        different = [(own, usual) for own, usual in pairs if own != usual]
        if different and not row.is_check:
            is_same = all(own.split() == usual.split() for own, usual in different)
            num_spaced += is_same
            num_other += not is_same
    if num_spaced:
        yield f"{num_spaced:,} rows differ from others of their segment in white space alone."
    if num_other:
        yield f"{num_other:,} rows hold other texts than the first row of their segment."
    if num_gaps := _num_documents_with_gaps(rows):
        yield (
            f"In {num_gaps:,} documents of a system there are gaps in the segments' numbers; "
            "score_mqm.py refuses such files."
        )


def _num_documents_with_gaps(rows: Sequence[RatedRow]) -> int:
    by_document: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        document, within, _ = _ids(row)
        by_document.setdefault((row.cells["system"], document), set()).add(within)
    num = 0
    for found in by_document.values():
        if all(map(_is_number, found)):
            numbers = {int(each) for each in found}
            num += max(numbers) - min(numbers) + 1 > len(numbers)
    return num


def _is_number(label: str) -> bool:
    return label.isascii() and label.isdigit() and len(label) <= _MOST_DIGITS
