"""Results of Appraise out of a campaign: CSV without a header, one output a row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from core.annotate.annotation import Side
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.formats.appraise_batches import appraise_code
from core.annotate.formats.appraise_marks import SQM_SHARE, read_annotation, written_marks
from core.annotate.formats.appraise_rows import read_rows, written_rows
from core.errors import ConfigError

FORMAT = "appraise"

_ITEM_TYPES = {"degraded": "BAD", "gold": "REF", "repeat": "CHK"}


def write_appraise(data: CampaignData) -> bytes:
    """Gives the results of a campaign as Appraise exports them: CSV without a header.

    Rows that were read from Appraise and are unchanged stay as they were, byte for byte.

    Raises:
        ConfigError: The campaign ranks outputs side by side, for which the format has no place.
    """
    if data.protocol == "ranking":
        raise ConfigError(
            "Results of Appraise hold one output a row, so that ranks cannot be written.",
            hint="Choose CSV or xlsx.",
        )
    is_ours = data.origin.get("format") == FORMAT
    left_out = data.origin.get("left_out", ()) if is_ours else ()
    # Under other names, which protect the raters, no row may hold an old one.
    numbered = [(number, cells) for number, cells in left_out if cells[0] in data.raters]
    for item in data.items:
        if item.annotation.is_done:
            old = item.origin.get("cells") if is_ours else None
            rows = [old] if old and _is_unchanged(data, item, old) else _results(data, item)
            place = item.origin.get("row", float("inf"))
            numbered += [(place, [item.rater, *cells]) for cells in rows]
    numbered.sort(key=lambda each: each[0])
    line_end = str(data.origin.get("line_end", "\r\n"))
    return written_rows((cells for _, cells in numbered), line_end)


def _results(data: CampaignData, item: JudgedItem) -> Iterator[list[str]]:
    """Gives the cells of each output of an item, without the rater."""
    annotation = item.annotation
    segment = data.segments[item.segment]
    item_id = segment.label or segment.document_segment or str(item.segment + 1)
    item_type = _ITEM_TYPES.get(item.kind, "TGT")
    langs = data.origin.get("langs") or (appraise_code(data.src_lang), appraise_code(data.tgt_lang))
    score = 0.0 if data.protocol == "mqm" else annotation.score or 0.0
    if data.protocol == "sqm":
        score = round(score / SQM_SHARE, 9)
    end_s = datetime.fromisoformat(item.saved_at).timestamp() if item.saved_at else 0.0
    times = f"{end_s - (item.active_s or 0.0):.3f}", f"{end_s:.3f}"
    for output, system in enumerate(item.systems):
        mqm = () if data.protocol == "sqm" else (_mqm(data, item, output),)
        name = data.systems[system].name
        about = name, item_id, item_type, *langs, f"{score:.12g}", segment.document, "False"
        yield [*about, *mqm, *times]


def _mqm(data: CampaignData, item: JudgedItem, output: int) -> str:
    return written_marks(
        tuple(mark for mark in item.annotation.marks if mark.output == output),
        data.shown_text(item, output),
        is_non_translation=item.annotation.is_non_translation,
        has_categories=data.protocol == "mqm",
    )


def _is_unchanged(data: CampaignData, item: JudgedItem, cells: list[str]) -> bool:
    row = read_rows(written_rows([[item.rater, *cells]], "\n"), FORMAT)[0]
    texts: dict[Side, str] = {
        "source": data.segments[item.segment].source,
        "target": data.shown_text(item),
    }
    has_texts = any(texts.values())
    again = read_annotation(data.protocol, row, texts if has_texts else None, FORMAT)
    return again == item.annotation and row.system == data.systems[item.systems[0]].name
