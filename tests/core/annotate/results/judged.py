"""Campaigns in a few words, for the tests of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import (
    CampaignData,
    JudgedItem,
    JudgedSegment,
    JudgedSystem,
    Protocol,
)

TEXT = "The dog is black and it sleeps now ."  # nine words


def mark(severity: str, category: str = "Accuracy/Mistranslation", **values: Any) -> Mark:
    return Mark(**{"id": "m", "side": "target", "start": 4, "end": 7, "quote": "dog", **values},
                severity=severity, category=category)  # fmt: skip


def marked(*errors: str, **values: Any) -> Annotation:
    """Gives a finished annotation; each error is `severity` or `severity category`."""
    marks = tuple(mark(*error.split(" ", 1)) for error in errors)
    return Annotation(marks=marks, is_done=True, **values)


def scored(score: float | None) -> Annotation:
    return Annotation(score=score, is_done=True)


def item(
    rater: str, segment: int, system: int, annotation: Annotation, **values: Any
) -> JudgedItem:
    return JudgedItem(rater, segment, (system,), annotation, **values)


def campaign(
    items: Sequence[JudgedItem],
    *,
    protocol: Protocol = "mqm",
    num_segments: int = 2,
    systems: Sequence[str] = ("A", "B"),
    documents: Sequence[str] = (),
    gold: Mapping[tuple[int, int], Annotation] | None = None,
    text: str = TEXT,
) -> CampaignData:
    named = documents or [""] * num_segments
    return CampaignData(
        name="test",
        protocol=protocol,
        src_lang="gle_Latn",
        tgt_lang="eng_Latn",
        systems=tuple(JudgedSystem(name) for name in systems),
        segments=tuple(
            JudgedSegment("Tá an madra dubh.", document=name, label=str(number + 1))
            for number, name in enumerate(named)
        ),
        outputs={
            (row, column): text for row in range(len(named)) for column in range(len(systems))
        },
        raters=tuple(dict.fromkeys(each.rater for each in items)),
        items=tuple(replace(each, place=place) for place, each in enumerate(items)),
        gold=gold or {},
    )


def sqm(ratings: Mapping[str, Sequence[Sequence[float | None]]], **values: Any) -> CampaignData:
    """Gives a campaign from each rater's scores, (segments, systems); None is unrated."""
    items = [
        item(rater, row, column, scored(score))
        for rater, rows in ratings.items()
        for row, scores in enumerate(rows)
        for column, score in enumerate(scores)
        if score is not None
    ]
    first = next(iter(ratings.values()))
    names = tuple("ABCDEFGH"[: len(first[0])])
    return campaign(
        items, **{"protocol": "sqm", "num_segments": len(first), "systems": names, **values}
    )
