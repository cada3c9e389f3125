"""Making gold of what several raters marked: accept, merge, change, and know its origin."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.errors import DataError
from core.storage.files import utc_now
from core.storage.rating_records import Gold
from core.storage.workspace import Workspace

# From the mildest to the gravest; of merged marks the gravest severity is proposed.
_GRAVITY = ("", "neutral", "minor", "major", "critical")


@dataclass(frozen=True)
class RaterMark:
    """A mark and who made it."""

    rater: str
    mark: Mark


@dataclass(frozen=True)
class MarkGroup:
    """Marks of one side that overlap: what may be one error, seen by several raters.

    Attributes:
        marks: By place, then by rater.
        is_agreed: Every rater of the output is among them, with one severity and category.
    """

    marks: tuple[RaterMark, ...]
    is_agreed: bool

    @property
    def raters(self) -> tuple[str, ...]:
        """Who is among them."""
        return tuple(dict.fromkeys(each.rater for each in self.marks))


def judged_outputs(data: CampaignData) -> dict[tuple[int, int], list[JudgedItem]]:
    """Gives the finished items by (segment, system), of outputs that two or more raters judged."""
    found: dict[tuple[int, int], list[JudgedItem]] = {}
    for item in data.done("main", "calibration", "gold"):
        for system in item.systems:
            found.setdefault((item.segment, system), []).append(item)
    return {
        key: sorted(items, key=lambda item: item.rater)
        for key, items in sorted(found.items())
        if len({item.rater for item in items}) > 1
    }


def groups(items: Sequence[JudgedItem], system: int) -> list[MarkGroup]:
    """Gives the raters' marks of one system's output, those that overlap together, by place."""
    marks = [
        RaterMark(item.rater, mark)
        for item in items
        for mark in item.annotation.marks
        if mark.output == item.systems.index(system)
    ]
    raters = {item.rater for item in items}
    marks.sort(key=lambda each: (each.mark.side, each.mark.start, each.mark.end, each.rater))
    found: list[list[RaterMark]] = []
    end, side = -1, ""
    for each in marks:
        if each.mark.side != side or each.mark.start >= end:
            found.append([])
            end, side = -1, each.mark.side
        found[-1].append(each)
        end = max(end, each.mark.end)
    return [MarkGroup(tuple(each), _is_agreed(each, raters)) for each in found]


def accepted(each: RaterMark) -> Mark:
    """Gives a rater's mark as gold."""
    return _gold_mark(each.mark, "accepted", [each])


def merged(marks: Sequence[RaterMark], text: str) -> Mark:
    """Gives one mark over all the words of several, with the gravest severity among them.

    Args:
        marks: Of one side.
        text: The text in which they stand.

    Raises:
        DataError: There is none, or they stand in source and target.
    """
    if not marks or len({each.mark.side for each in marks}) > 1:
        raise DataError(
            f"{len(marks)} marks cannot be merged.", hint="Merge marks that stand in the same text."
        )
    gravest = max(marks, key=lambda each: _gravity(each.mark.severity))
    start = min(each.mark.start for each in marks)
    end = max(each.mark.end for each in marks)
    mark = replace(gravest.mark, start=start, end=end, quote=text[start:end])
    return _gold_mark(mark, "merged", marks)


def proposed(items: Sequence[JudgedItem], system: int, text: str, source: str) -> Annotation:
    """Gives what the raters agree on: overlapping marks merged, marks of a single rater left out.

    The score is the mean of the raters' scores; it is a start for whoever decides.
    """
    marks = [
        merged(group.marks, source if group.marks[0].mark.side == "source" else text)
        for group in groups(items, system)
        if len(group.raters) > 1
    ]
    scores = [item.annotation.score for item in items if item.annotation.score is not None]
    is_none = [item.annotation.is_non_translation for item in items]
    return Annotation(
        marks=tuple(marks),
        score=round(fmean(scores)) if scores else None,
        is_non_translation=2 * sum(is_none) > len(is_none),
    )


def with_provenance(annotation: Annotation, before: Annotation) -> Annotation:
    """Keeps where marks came from when an annotation was edited: the browser does not send it.

    A mark that was changed is `edited`, and one that is new `added`.
    """
    known = {mark.id: mark for mark in before.marks}
    marks = []
    for mark in annotation.marks:
        old = known.get(mark.id)
        if old is None:
            origin: dict[str, Any] = {"how": "added", "from": []}
        elif replace(mark, origin=old.origin) == old:
            origin = old.origin
        else:
            origin = {**old.origin, "how": "edited"}
        marks.append(replace(mark, origin=origin))
    return replace(annotation, marks=tuple(marks))


def decide(
    workspace: Workspace,
    campaign_id: str,
    place: tuple[int, int],
    annotation: Annotation,
    *,
    decided_by: str,
) -> None:
    """Stores what was decided for the output at (segment, system)."""
    segment, system = place
    value = replace(annotation, is_done=True).to_json()
    gold = Gold(campaign_id, segment, system, value, decided_by, utc_now())
    workspace.ratings.put_gold(gold)


def provenance(mark: Mark) -> str:
    """Gives in words where a mark of gold came from."""
    origin: Mapping[str, Any] = mark.origin
    names = ", ".join(dict.fromkeys(str(each["rater"]) for each in origin.get("from", ())))
    how = str(origin.get("how", "added"))
    return f"{how} from {names}" if names else how


def _gold_mark(mark: Mark, how: str, marks: Sequence[RaterMark]) -> Mark:
    origin = {
        "how": how,
        "from": [{"rater": each.rater, "mark": each.mark.id} for each in marks],
    }
    return replace(mark, id=uuid.uuid4().hex[:12], origin=origin)


def _is_agreed(marks: Sequence[RaterMark], raters: set[str]) -> bool:
    kinds = {(each.mark.severity, each.mark.category) for each in marks}
    return len(raters) > 1 and {each.rater for each in marks} == raters and len(kinds) == 1


def _gravity(severity: str) -> int:
    return _GRAVITY.index(severity) if severity in _GRAVITY else 1
