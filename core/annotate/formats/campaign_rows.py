"""A campaign as the rows of one table, a mark a row; an output without marks has a row as well.

What is judged, by whom and how stands in every row, so that a row can be understood alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.annotate.annotation import Mark
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.formats.table_cells import Cell

COLUMNS = (
    "campaign", "protocol", "typology", "src_lang", "tgt_lang", "document", "document_segment",
    "segment", "position", "source", "reference", "system", "output", "target", "shown_instead",
    "rater", "item", "kind", "of_item", "place", "is_done", "is_non_translation", "score", "rank",
    "comment", "active_s", "saved_at", "warnings", "mark", "side", "start", "end", "quote",
    "severity", "category", "note",
)  # fmt: skip
WARNINGS_PARTED_BY = " "

Row = dict[str, Cell]


def campaign_rows(data: CampaignData) -> Iterator[Row]:
    """Gives the rows of everything that was begun, in the order of the items.

    The columns are `COLUMNS`. Items are numbered from 1; `start` and `end` are half-open code
    points of `shown_instead`, or of `target` where that is empty, or of `source`.
    """
    numbers = {item.item_id: at for at, item in enumerate(data.items, start=1) if item.item_id}
    for number, item in enumerate(data.items, start=1):
        about = {
            **_campaign_cells(data),
            **_segment_cells(data, item),
            **_item_cells(item, number, numbers.get(item.of_item)),
        }
        for output in range(len(item.systems)):
            row = {**about, **_output_cells(data, item, output)}
            marks = [mark for mark in item.annotation.marks if mark.output == output]
            for mark in marks:
                yield {**row, **_mark_cells(mark)}
            if not marks:
                yield row


def _campaign_cells(data: CampaignData) -> Row:
    return {
        "campaign": data.name,
        "protocol": data.protocol,
        "typology": data.typology,
        "src_lang": data.src_lang,
        "tgt_lang": data.tgt_lang,
    }


def _segment_cells(data: CampaignData, item: JudgedItem) -> Row:
    segment = data.segments[item.segment]
    return {
        "document": segment.document,
        "document_segment": segment.document_segment,
        "segment": segment.label or str(item.segment + 1),
        "position": segment.position,
        "source": segment.source,
        "reference": segment.reference,
    }


def _item_cells(item: JudgedItem, number: int, of_item: int | None) -> Row:
    annotation = item.annotation
    return {
        "rater": item.rater,
        "item": number,
        "kind": item.kind,
        "of_item": of_item,
        "place": item.place,
        "is_done": annotation.is_done,
        "is_non_translation": annotation.is_non_translation,
        "score": annotation.score,
        "comment": annotation.comment,
        "active_s": item.active_s,
        "saved_at": item.saved_at,
        "warnings": WARNINGS_PARTED_BY.join(item.warnings),
    }


def _output_cells(data: CampaignData, item: JudgedItem, output: int) -> Row:
    system, ranks = item.systems[output], item.annotation.ranks
    return {
        "system": data.systems[system].name,
        "output": output,
        "target": data.outputs.get((item.segment, system)),
        "shown_instead": item.texts[output] if item.texts else None,
        "rank": ranks[output] if output < len(ranks) else None,
    }


def _mark_cells(mark: Mark) -> Row:
    return {
        "mark": mark.id,
        "side": mark.side,
        "start": mark.start,
        "end": mark.end,
        "quote": mark.quote,
        "severity": mark.severity,
        "category": mark.category,
        "note": mark.note,
    }
