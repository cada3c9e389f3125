"""The rows of an MQM file for what was made of an item: one an error, or one that says none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.annotate.annotation import NON_TRANSLATION, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.formats.row_cells import COMMENT, METADATA, item_cells
from core.annotate.formats.tagged_text import write_tagged

NO_ERROR = "No-error"
_MAJOR = "Major"

Origin = Mapping[str, Any]


def mqm_rows(data: CampaignData, item: JudgedItem) -> Iterator[tuple[dict[str, str], Origin]]:
    """Gives the cells of each row of an item by column, and what a file said of the row besides."""
    marks = item.annotation.marks
    if item.annotation.is_non_translation:
        marks = tuple(mark for mark in marks if is_of_non_translation(mark))
        if not marks:
            yield _non_translation_cells(data, item), {}
    for mark in marks:
        yield mark_cells(data, item, mark), mark.origin
    others = item.origin.get("rows", ())
    for origin in others:
        yield no_error_cells(data, item), origin
    if not marks and not others and not item.annotation.is_non_translation:
        yield no_error_cells(data, item), {}


def mark_cells(data: CampaignData, item: JudgedItem, mark: Mark) -> dict[str, str]:
    """Gives the cells of an error; one without a place has no tags."""
    cells = item_cells(data, item)
    if mark.end > mark.start:
        cells[mark.side] = write_tagged(cells[mark.side], mark.start, mark.end)
    cells |= {"category": mark.category, "severity": mark.severity.capitalize()}
    if mark.note:
        cells |= {METADATA: json.dumps({"note": mark.note}, ensure_ascii=False)}
        cells |= {COMMENT: mark.note}
    return cells


def no_error_cells(data: CampaignData, item: JudgedItem) -> dict[str, str]:
    """Gives the cells that say that a rater found no error."""
    return item_cells(data, item) | {"category": NO_ERROR, "severity": NO_ERROR}


def is_of_non_translation(mark: Mark) -> bool:
    """Says whether a mark is charged as a whole segment that is no translation."""
    return mark.category.casefold() == NON_TRANSLATION.casefold()


def _non_translation_cells(data: CampaignData, item: JudgedItem) -> dict[str, str]:
    cells = item_cells(data, item)
    target = write_tagged(cells["target"], 0, len(cells["target"]))
    return cells | {"target": target, "category": NON_TRANSLATION, "severity": _MAJOR}
