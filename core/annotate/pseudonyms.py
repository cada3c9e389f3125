"""Campaigns without the names of their raters, for files that leave the house."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem

# What only tells where a row stands in a file; the rest may hold names.
_HARMLESS = ("row", "count")


def pseudonymous(data: CampaignData) -> CampaignData:
    """Gives a campaign whose raters are `rater1`, `rater2` …, in the order of its raters.

    What a file said beside the values is left out, for it may hold names; free text of raters
    (comments and notes) stays.
    """
    names = {name: f"rater{number}" for number, name in enumerate(data.raters, start=1)}
    return replace(
        data,
        raters=tuple(names.values()),
        items=tuple(_item(item, names) for item in data.items),
        gold={key: _annotation(each) for key, each in data.gold.items()},
    )


def _item(item: JudgedItem, names: Mapping[str, str]) -> JudgedItem:
    rows = [_origin(row) for row in item.origin.get("rows", ())]
    return replace(
        item,
        rater=names[item.rater],
        annotation=_annotation(item.annotation),
        origin={"rows": rows} if rows else {},
    )


def _annotation(annotation: Annotation) -> Annotation:
    return replace(annotation, marks=tuple(_mark(mark) for mark in annotation.marks))


def _mark(mark: Mark) -> Mark:
    return replace(mark, origin=_origin(mark.origin))


def _origin(origin: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in origin.items() if name in _HARMLESS}
