"""Rows of our own tables put together to a campaign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import cast

from core.annotate.annotation import Annotation, Mark
from core.annotate.arriving import SCORE_RANGES
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
from core.settings import checked_language

_ANY_SCORE = (0, 100)  # where none is asked for
_MOST_S = 1e9  # of work on one item: some thirty years


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
    protocol = _protocol(found)
    by_item: dict[tuple[str, str], list[TableRow]] = {}
    for row in found:
        by_item.setdefault((row.text("rater"), row.raw("item")), []).append(row)
    systems = {name: at for at, name in enumerate(dict.fromkeys(_system(row) for row in found))}
    segments = {ids: at for at, ids in enumerate(in_order([row.segment for row in found]))}
    items = [_item(own, protocol, systems, segments) for own in by_item.values()]
    return CampaignData(
        name=first.text("campaign") or name_of_file(file_name),
        protocol=protocol,
        src_lang=_language(first, "src_lang"),
        tgt_lang=_language(first, "tgt_lang"),
        systems=tuple(JudgedSystem(name) for name in systems),
        segments=_segments(found, segments),
        outputs=_outputs(found, systems, segments),
        raters=tuple(dict.fromkeys(item.rater for item in items)),
        items=_placed(items),
        typology=first.text("typology"),
        origin={"format": format_name, "file": file_name},
    )


def _protocol(rows: Sequence[TableRow]) -> Protocol:
    found = rows[0].one_of("protocol", PROTOCOLS)
    other = next((row for row in rows if row.one_of("protocol", PROTOCOLS) != found), None)
    if other is not None:
        raise DataError(
            f"{other.where} has another protocol than the first row, {found}.",
            hint="Give each campaign a table of its own.",
        )
    return cast(Protocol, found)


def _language(row: TableRow, column: str) -> str:
    code = row.text(column).strip()
    try:
        return checked_language(code) if code else ""
    except ValueError as error:
        raise DataError(f"{row.where}, {column}: {error}", hint="Or leave it empty.") from None


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
    rows: Sequence[TableRow],
    protocol: Protocol,
    systems: dict[str, int],
    segments: dict[SegmentIds, int],
) -> JudgedItem:
    first = rows[0]
    shown = _shown(rows)
    outputs = list(shown.values())
    places = {output: place for place, output in enumerate(shown)}
    texts = tuple(row.text("shown_instead") for row in outputs)
    marks = [
        _mark(row, outputs, places[row.whole("output") or 0], number)
        for number, row in enumerate(rows, start=1)
        if _has(row)
    ]
    ranks = tuple(_rank(row, len(outputs)) for row in outputs)
    return JudgedItem(
        rater=first.text("rater"),
        segment=segments[first.segment],
        systems=tuple(systems[_system(row)] for row in outputs),
        annotation=Annotation(
            marks=tuple(marks),
            score=first.number("score", *SCORE_RANGES.get(protocol, _ANY_SCORE)),
            ranks=ranks if any(rank is not None for rank in ranks) else (),
            comment=first.text("comment"),
            is_non_translation=first.flag("is_non_translation"),
            is_done=first.flag("is_done"),
        ),
        kind=cast(Kind, first.one_of("kind", KINDS, "main")),
        texts=texts if any(texts) else (),
        active_s=first.number("active_s", 0, _MOST_S),
        saved_at=first.time("saved_at"),
        item_id=first.raw("item"),
        of_item=first.raw("of_item"),
        place=first.whole("place") or 0,
        warnings=tuple(first.text("warnings").split(WARNINGS_PARTED_BY))
        if first.text("warnings")
        else (),
    )


def _shown(rows: Sequence[TableRow]) -> dict[int, TableRow]:
    """Gives the first row of each output of an item, by the output's number, in order.

    Raises:
        DataError: The rows are of several segments, or not of one system an output.
    """
    shown: dict[int, TableRow] = {}
    for row in rows:
        first = shown.setdefault(row.whole("output") or 0, row)
        if row.segment != rows[0].segment or _system(row) != _system(first):
            raise DataError(
                f"{row.where} has another segment or system than the rows before of the item "
                f"{row.raw('item')[:40]!r} of {row.text('rater')!r}.",
                hint="Number the items of a rater, and the outputs within an item.",
            )
    if len({_system(row) for row in shown.values()}) < len(shown):
        raise DataError(
            f"{rows[0].where}: an item shows a system twice.", hint="Make items of its own of it."
        )
    return {output: shown[output] for output in sorted(shown)}


def _rank(row: TableRow, num_outputs: int) -> int | None:
    row.number("rank", 1, num_outputs)
    return row.whole("rank")


def _has(row: TableRow) -> bool:
    return bool(row.raw("side").strip())


def _mark(row: TableRow, outputs: Sequence[TableRow], output: int, number: int) -> Mark:
    """Gives the mark of a row in one of the item's outputs.

    Raises:
        DataError: The quoted words do not stand where the row says.
    """
    side = row.one_of("side", ("target", "source"))
    shown = outputs[output]
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
        severity=row.text("severity").strip().lower(),
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
