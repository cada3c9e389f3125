"""WMT's MQM files: one row an error, tabs between the cells, quotes are ordinary characters.

    system doc doc_id seg_id rater source target category severity                    2020 and 2021
    system doc docSegId globalSegId rater source target category severity metadata    2023 on

An error stands between `<v>` and `</v>` in the target, or in the source; a text without errors has
a row that says so. What cannot be told from the values stays in `origin`, so that a file is
written as it was, byte by byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.annotate.annotation import NON_TRANSLATION, Annotation, Mark, Side
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSystem
from core.annotate.formats.growing import name_of_file
from core.annotate.formats.line_frame import frame_of, framed, new_frame, row_line, row_origin
from core.annotate.formats.mqm_rows import (
    is_of_non_translation,
    mark_cells,
    mqm_rows,
    no_error_cells,
)
from core.annotate.formats.rated_rows import (
    RatedFile,
    RatedOutput,
    RatedRow,
    read_rated_rows,
)
from core.annotate.formats.row_cells import METADATA, columns_of, line_of
from core.annotate.formats.row_metadata import note_of, read_metadata, time_of
from core.annotate.formats.tagged_text import TaggedText, carried_over
from core.annotate.mqm_weights import NOT_ERRORS, normalised_severity
from core.annotate.rating_table import RatingTable, lines_of_ratings
from core.annotate.typologies import find_typology

NAME = "wmt-mqm"
_NEEDED = ("system", "segment", "rater", "source", "target", "category", "severity")
_HEADER = (
    "system", "doc", "docSegId", "globalSegId", "rater", "source", "target", "category",
    "severity", "metadata",
)  # fmt: skip
_COLUMNS = (
    "system", "document", "document_segment", "segment", "rater", "source", "target", "category",
    "severity", METADATA,
)  # fmt: skip
_TYPOLOGY = "wmt"


def read_wmt_mqm(data: bytes, file_name: str) -> CampaignData:
    """Reads a file of either form; what a rater made of an output is an item that is done.

    Raises:
        DataError: It is not UTF-8, or a line cannot be read; the sentence names file and line.
    """
    table = RatingTable(file_name, lines_of_ratings(data, file_name), _NEEDED)
    found = read_rated_rows(table)
    columns = columns_of(table)
    spellings = _spellings()
    campaign = CampaignData(
        name=name_of_file(file_name),
        protocol="mqm",
        src_lang="",
        tgt_lang="",
        systems=tuple(JudgedSystem(name) for name in found.systems),
        segments=found.segments,
        outputs=found.outputs,
        raters=found.raters,
        items=tuple(_item(found, each, table, columns, spellings) for each in found.judged),
        typology=_TYPOLOGY,
        origin={
            "format": NAME,
            "file": file_name,
            "is_later": "globalsegid" in table.header,
            "notes": [*found.notes, *_notes(found)],
            "columns": columns,
            "frame": frame_of(data),
        },
    )
    pairs = zip(campaign.items, found.judged, strict=True)
    items = (_with_origins(campaign, item, judged, table) for item, judged in pairs)
    return replace(campaign, items=tuple(items))


def write_wmt_mqm(data: CampaignData) -> bytes:
    """Writes what was finished of a campaign; one that was read from such a file as it was.

    Checks and calibration are left out. Tabs and line breaks in texts become blanks, for no file
    of this form can hold them.
    """
    items = list(data.done())
    columns: Sequence[str] = _COLUMNS
    frame = new_frame(_HEADER)
    if data.origin.get("format") == NAME:
        columns, frame = data.origin["columns"], data.origin["frame"]
    else:
        order = {name: number for number, name in enumerate(data.raters)}
        items.sort(key=lambda item: (item.systems, item.segment, order[item.rater]))
    rows = (
        row_line(line_of(cells, columns), origin)
        for item in items
        for cells, origin in mqm_rows(data, item)
    )
    return framed(frame, rows)


def _item(
    found: RatedFile,
    judged: RatedOutput,
    table: RatingTable,
    columns: Sequence[str],
    spellings: dict[str, str],
) -> JudgedItem:
    """Gives what a rater made of an output; another text than the output's is kept."""
    real = next((row.target.text for row in judged.rows if not row.is_check), None)
    text = found.outputs[judged.segment, judged.system]
    is_other = real is not None and real.split() != text.split()
    text = real if real is not None and is_other else text
    source = found.segments[judged.segment].source
    metadata = [read_metadata(table.cells(row.number), columns) for row in judged.rows]
    marks = tuple(
        _mark(row, source, text, note_of(about), spellings)
        for row, about in zip(judged.rows, metadata, strict=True)
        if _is_error(row)
    )
    is_non_translation = (
        len(marks) == 1 and marks[0].severity == "major" and is_of_non_translation(marks[0])
    )
    return JudgedItem(
        rater=judged.rater,
        segment=judged.segment,
        systems=(judged.system,),
        annotation=Annotation(marks, is_non_translation=is_non_translation, is_done=True),
        texts=(text,) if is_other else (),
        place=judged.place,
        saved_at=max(map(time_of, metadata)),
    )


def _mark(row: RatedRow, source: str, text: str, note: str, spellings: dict[str, str]) -> Mark:
    side, shown, tagged = _marked_side(row, source, text)
    start, end = (tagged.span and carried_over(tagged.span, tagged.text, shown)) or (0, 0)
    category = row.cells["category"].strip()
    return Mark(
        id=f"r{row.number}",
        side=side,
        start=start,
        end=end,
        quote=shown[start:end],
        severity=normalised_severity(row.cells["severity"]),
        # Files mix cases and underscores; tables of errors need one name for one thing.
        category=spellings.setdefault(_folded(category), category),
        note=note,
    )


def _marked_side(row: RatedRow, source: str, text: str) -> tuple[Side, str, TaggedText]:
    if row.target.span is None and row.source.span is not None:
        return "source", source, row.source
    return "target", text, row.target


def _with_origins(
    data: CampaignData, item: JudgedItem, judged: RatedOutput, table: RatingTable
) -> JudgedItem:
    """Gives an item that knows of each of its rows what the values do not tell."""
    columns = data.origin["columns"]

    def origin(row: RatedRow, cells: dict[str, str]) -> dict[str, Any]:
        return row_origin(row.number, table.cells(row.number), line_of(cells, columns))

    errors = [row for row in judged.rows if _is_error(row)]
    marks = tuple(
        replace(mark, origin=origin(row, mark_cells(data, item, mark)))
        for row, mark in zip(errors, item.annotation.marks, strict=True)
    )
    others = [origin(row, no_error_cells(data, item)) for row in judged.rows if not _is_error(row)]
    annotation = replace(item.annotation, marks=marks)
    return replace(item, annotation=annotation, origin={"rows": others} if others else {})


def _is_error(row: RatedRow) -> bool:
    return normalised_severity(row.cells["severity"]) not in NOT_ERRORS


def _spellings() -> dict[str, str]:
    names = [each.name for each in find_typology(_TYPOLOGY).categories]
    return {_folded(name): name for name in (*names, NON_TRANSLATION)}


def _folded(category: str) -> str:
    return category.casefold().replace("_", " ")


def _notes(found: RatedFile) -> list[str]:
    counts: Counter[str] = Counter()
    for row in (row for judged in found.judged for row in judged.rows):
        counts["checks"] += row.is_check
        if _is_error(row):
            num_tags = row.source.num_tags + row.target.num_tags
            has_place = row.source.span is not None or row.target.span is not None
            counts["lost"] += not has_place
            counts["several"] += has_place and num_tags > 2
    sentences = {
        "checks": "rows are checks with an injected error (HOTW-test); they cost nothing.",
        "lost": "errors lack one <v> and one </v>; they count, but have no place.",
        "several": "errors have more than one pair of <v> and </v>; the first one is shown.",
    }
    return [f"{counts[key]:,} {sentence}" for key, sentence in sentences.items() if counts[key]]
