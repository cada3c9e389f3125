"""Rows of our own tables put together to a campaign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import (
    KINDS,
    PROTOCOLS,
    CampaignData,
    JudgedItem,
    JudgedSegment,
    JudgedSystem,
    Kind,
    Protocol,
)
from core.annotate.formats.campaign_rows import WARNINGS_PARTED_BY
from core.annotate.formats.growing import name_of_file
from core.annotate.formats.rated_rows import SegmentIds, in_order
from core.annotate.formats.table_rows import TableRow, table_rows
from core.errors import DataError


def campaign_of(
    rows: Iterable[tuple[int, list[str]]], file_name: str, format_name: str
) -> CampaignData:
    """Gives the campaign of a table, the first row of which names the columns.

    Args:
        rows: Number of the line and cells.
        file_name: For messages.
        format_name: Of the file, for the campaign's origin.

    Raises:
        DataError: A column is missing, or a row cannot be read.
    """
    found = table_rows(list(rows), file_name)
    first = found[0]
    protocol = cast(Protocol, first.one_of("protocol", PROTOCOLS))
    by_item: dict[tuple[str, str], list[TableRow]] = {}
    for row in found:
        by_item.setdefault((row.text("rater"), row.raw("item")), []).append(row)
    systems = {name: at for at, name in enumerate(dict.fromkeys(_system(row) for row in found))}
    segments = {ids: at for at, ids in enumerate(in_order([row.segment for row in found]))}
    items = [_item(own, systems, segments) for own in by_item.values()]
    return CampaignData(
        name=first.text("campaign") or name_of_file(file_name),
        protocol=protocol,
        src_lang=first.text("src_lang"),
        tgt_lang=first.text("tgt_lang"),
        systems=tuple(JudgedSystem(name) for name in systems),
        segments=_segments(found, segments),
        outputs=_outputs(found, systems, segments),
        raters=tuple(dict.fromkeys(item.rater for item in items)),
        items=_placed(items),
        typology=first.text("typology"),
        origin={"format": format_name, "file": file_name},
    )


def _system(row: TableRow) -> str:
    return row.text("system")


def _segments(
    rows: Sequence[TableRow], numbers: dict[SegmentIds, int]
) -> tuple[JudgedSegment, ...]:
    first: dict[SegmentIds, TableRow] = {}
    for row in rows:
        known = first.setdefault(row.segment, row)
        if known.text("source") != row.text("source"):
            raise DataError(
                f"{row.where} has another source than the rows before for the segment "
                f"{row.text('segment')!r}.",
                hint="Segments of one document need different ids.",
            )
    return tuple(
        JudgedSegment(
            source=first[ids].text("source"),
            document=ids[0],
            document_segment=ids[1],
            label=ids[2],
            position=first[ids].whole("position"),
            reference=first[ids].text("reference") or None,
        )
        for ids in numbers
    )


def _outputs(
    rows: Sequence[TableRow], systems: dict[str, int], segments: dict[SegmentIds, int]
) -> dict[tuple[int, int], str]:
    found: dict[tuple[int, int], str] = {}
    for row in rows:
        target = row.text("target")
        if target or not row.text("shown_instead"):
            key = (segments[row.segment], systems[_system(row)])
            if found.setdefault(key, target) != target:
                raise DataError(
                    f"{row.where} has another output of {_system(row)!r} than the rows before.",
                    hint="What a check showed instead stands in the column shown_instead.",
                )
    return found


def _item(
    rows: Sequence[TableRow], systems: dict[str, int], segments: dict[SegmentIds, int]
) -> JudgedItem:
    first = rows[0]
    shown: dict[int, TableRow] = {}
    for row in rows:
        shown.setdefault(row.whole("output") or 0, row)
    outputs = [shown[at] for at in sorted(shown)]
    texts = tuple(row.text("shown_instead") for row in outputs)
    marks = [_mark(row, outputs, number) for number, row in enumerate(rows, start=1) if _has(row)]
    ranks = tuple(row.whole("rank") for row in outputs)
    return JudgedItem(
        rater=first.text("rater"),
        segment=segments[first.segment],
        systems=tuple(systems[_system(row)] for row in outputs),
        annotation=Annotation(
            marks=tuple(marks),
            score=first.number("score"),
            ranks=ranks if any(rank is not None for rank in ranks) else (),
            comment=first.text("comment"),
            is_non_translation=first.flag("is_non_translation"),
            is_done=first.flag("is_done"),
        ),
        kind=cast(Kind, first.one_of("kind", KINDS, "main")),
        texts=texts if any(texts) else (),
        active_s=first.number("active_s"),
        saved_at=first.text("saved_at"),
        item_id=first.raw("item"),
        of_item=first.raw("of_item"),
        place=first.whole("place") or 0,
        warnings=tuple(first.text("warnings").split(WARNINGS_PARTED_BY))
        if first.text("warnings")
        else (),
    )


def _has(row: TableRow) -> bool:
    return bool(row.raw("side").strip())


def _mark(row: TableRow, outputs: Sequence[TableRow], number: int) -> Mark:
    """Gives the mark of a row.

    Raises:
        DataError: The quoted words do not stand where the row says.
    """
    side = row.one_of("side", ("target", "source"))
    output = row.whole("output") or 0
    shown = outputs[min(output, len(outputs) - 1)]
    text = row.text("source")
    if side == "target":
        text = shown.text("shown_instead") or shown.text("target")
    start, end = row.whole("start") or 0, row.whole("end") or 0
    quote = row.text("quote")
    if text[start:end] != quote or not start <= end <= len(text):
        raise DataError(
            f"{row.where} quotes {quote[:60]!r}, but characters {start} to {end} of the {side} are "
            f"{text[start:end][:60]!r}.",
            hint="`start` counts characters from 0, `end` stands behind the last one.",
        )
    return Mark(
        id=row.text("mark") or f"m{number}",
        side="source" if side == "source" else "target",
        start=start,
        end=end,
        quote=quote,
        severity=row.text("severity"),
        category=row.text("category"),
        output=output,
        note=row.text("note"),
    )


def _placed(items: Sequence[JudgedItem]) -> tuple[JudgedItem, ...]:
    """Gives items by rater and place; a place that a rater would have twice is counted anew."""
    raters = {name: at for at, name in enumerate(dict.fromkeys(item.rater for item in items))}
    found = sorted(items, key=lambda item: (raters[item.rater], item.place))
    if len({(item.rater, item.place) for item in found}) == len(found):
        return tuple(found)
    places = dict.fromkeys(raters, 0)
    counted = []
    for item in found:
        counted.append(replace(item, place=places[item.rater]))
        places[item.rater] += 1
    return tuple(counted)
