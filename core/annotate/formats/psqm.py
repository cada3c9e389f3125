"""Files of scores, one row a rater and output: WMT's SQM of professionals, or any such table.

    system doc doc_id seg_id rater source target score

Cells are parted by tabs and quotes are ordinary characters; of the columns system, segment, rater
and score must be there. `None` stands for an output that was not rated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSystem, Protocol
from core.annotate.formats.growing import name_of_file
from core.annotate.formats.line_frame import frame_of, framed, new_frame, row_line, row_origin
from core.annotate.formats.rated_rows import (
    RatedOutput,
    RatedRow,
    read_rated_rows,
)
from core.annotate.formats.row_cells import columns_of, item_cells, line_of
from core.annotate.rating_table import RatingTable, line_error, lines_of_ratings
from core.errors import DataError

NAME = "psqm"
_NEEDED = ("system", "segment", "rater", "score")
_HEADER = ("system", "doc", "doc_id", "seg_id", "rater", "source", "target", "score")
_COLUMNS = (
    "system", "document", "document_segment", "segment", "rater", "source", "target", "score",
)  # fmt: skip
_UNRATED = "None"
# The highest score of each protocol, the narrower first.
_HIGHEST: tuple[tuple[Protocol, float], ...] = (("sqm", 6), ("esa", 100))


def read_psqm(data: bytes, file_name: str) -> CampaignData:
    """Reads a file of scores: SQM where none is above 6, else ESA's scale, 0 to 100.

    A rater's later score of the same output counts; rows with `None` are items that are not done.

    Raises:
        DataError: It is not UTF-8, a line cannot be read, or a score is no number from 0 to 100.
    """
    table = RatingTable(file_name, lines_of_ratings(data, file_name), _NEEDED)
    found = read_rated_rows(table)
    items = tuple(_item(table, each) for each in found.judged)
    columns = columns_of(table)
    campaign = CampaignData(
        name=name_of_file(file_name),
        protocol=_protocol(items, file_name),
        src_lang="",
        tgt_lang="",
        systems=tuple(JudgedSystem(name) for name in found.systems),
        segments=found.segments,
        outputs=found.outputs,
        raters=found.raters,
        items=items,
        origin={
            "format": NAME,
            "file": file_name,
            "notes": [*found.notes, *_notes(items, found.judged)],
            "columns": columns,
            "frame": frame_of(data),
        },
    )
    pairs = zip(items, found.judged, strict=True)
    with_origins = (_with_origins(campaign, item, judged, table) for item, judged in pairs)
    return replace(campaign, items=tuple(with_origins))


def write_psqm(data: CampaignData) -> bytes:
    """Writes the scores of a campaign; one that was read from such a file as it was.

    Checks, calibration and what is not finished are left out. Tabs and line breaks in texts become
    blanks, for no file of this form can hold them.
    """
    columns: Sequence[str] = _COLUMNS
    frame = new_frame(_HEADER)
    items = list(data.done())
    if data.origin.get("format") == NAME:
        columns, frame = data.origin["columns"], data.origin["frame"]
        items = list(data.items)
    else:
        order = {name: number for number, name in enumerate(data.raters)}
        items.sort(key=lambda item: (item.systems, item.segment, order[item.rater]))
    rows = (
        row_line(line_of(_cells(data, item), columns), origin)
        for item in items
        for origin in item.origin.get("rows", ({},))
    )
    return framed(frame, rows)


def _item(table: RatingTable, judged: RatedOutput) -> JudgedItem:
    scores = [_score(table, row) for row in judged.rows]
    known = [score for score in scores if score is not None]
    return JudgedItem(
        rater=judged.rater,
        segment=judged.segment,
        systems=(judged.system,),
        annotation=Annotation(score=known[-1] if known else None, is_done=bool(known)),
        place=judged.place,
    )


def _score(table: RatingTable, row: RatedRow) -> float | None:
    cell = row.cells["score"].strip()
    if cell.casefold() == _UNRATED.casefold():
        return None
    try:
        score = float(cell)
    except ValueError:
        score = math.nan
    if not 0 <= score <= _HIGHEST[-1][1]:
        raise line_error(
            table.name,
            row.number,
            f"has the score {cell[:40]!r}, which is no number from 0 to {_HIGHEST[-1][1]:g}",
            "Write SQM from 0 to 6, ESA from 0 to 100, or None for an output that was not rated.",
        )
    return score + 0.0


def _protocol(items: Sequence[JudgedItem], name: str) -> Protocol:
    scores = [each.annotation.score for each in items if each.annotation.score is not None]
    if not scores:
        raise DataError(
            f"{name!r} holds no scores: every row says None.", hint="Give the rated segments."
        )
    return next(protocol for protocol, highest in _HIGHEST if max(scores) <= highest)


def _with_origins(
    data: CampaignData, item: JudgedItem, judged: RatedOutput, table: RatingTable
) -> JudgedItem:
    """Gives an item that knows of each of its rows what the values do not tell."""
    usual = line_of(_cells(data, item), data.origin["columns"])
    rows = [row_origin(row.number, table.cells(row.number), usual) for row in judged.rows]
    origin: dict[str, Any] = {"rows": rows}
    return replace(item, origin=origin)


def _cells(data: CampaignData, item: JudgedItem) -> dict[str, str]:
    score = item.annotation.score
    return item_cells(data, item) | {"score": _UNRATED if score is None else f"{score:.15g}"}


def _notes(items: Sequence[JudgedItem], judged: Sequence[RatedOutput]) -> Iterator[str]:
    if num := sum(not each.annotation.is_done for each in items):
        yield f"{num:,} outputs have None instead of a score; they count as not rated."
    if num := sum(len(each.rows) - 1 for each in judged):
        yield f"{num:,} scores repeat a rater's score of an output; the last one counts."
