"""Appraise: results as CSV, and the batches that hold the texts, alone or together in a ZIP."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.annotate.annotation import Side
from core.annotate.campaign_data import (
    CampaignData,
    JudgedItem,
    JudgedSegment,
    Kind,
    Protocol,
)
from core.annotate.formats.appraise_batches import (
    BatchItem,
    document_name,
    read_batches,
)
from core.annotate.formats.appraise_marks import read_annotation
from core.annotate.formats.appraise_rows import ResultRow, line_end_of, read_rows
from core.annotate.formats.appraise_writing import FORMAT, write_appraise
from core.annotate.formats.growing import GrowingCampaign, name_of_file
from core.errors import DataError
from core.language_tags import flores_code
from core.storage.archive import is_archive, unpack

__all__ = ["FORMAT", "read_appraise", "write_appraise"]

_KINDS: dict[str, Kind] = {"TGT": "main", "BAD": "degraded", "REF": "gold", "CHK": "repeat"}


@dataclass
class _Reading:
    """Where the reading of files is.

    Attributes:
        protocol: What the scores are.
        texts: Items of batches by system, item, type and document.
        campaign: What was found.
        main: (rater, segment, system) of the items that count for systems.
    """

    protocol: Protocol
    texts: dict[tuple[str, str, str, str], BatchItem]
    campaign: GrowingCampaign = field(default_factory=GrowingCampaign)
    main: set[tuple[str, int, int]] = field(default_factory=set)


def read_appraise(data: bytes, file_name: str, *, protocol: Protocol | None = None) -> CampaignData:
    """Gives a campaign of Appraise.

    Results alone have no texts: their marks keep severity and category, but no place. Batches alone
    are texts that nobody has judged. Of an item that was submitted twice, the latest counts.

    Args:
        data: The results, the batches, or a ZIP with both.
        file_name: What its owner calls it.
        protocol: What the raters did. Without it MQM where a mark has a category, else ESA with
            scores from 0 to 100. `sqm` makes scores from 0 to 6 of the numbers from 0 to 100 that
            Appraise stores below the labels 0 to 6.

    Raises:
        DataError: A file is none of Appraise's; the sentence names the line.
    """
    batches, rows, line_end = _parts(data, file_name)
    kept, left_out, notes = _chosen(rows)
    reading = _Reading(protocol or _protocol(rows), _texts_by_key(batches))
    for item in batches:
        _add_texts(reading, item, file_name)
    for row in kept:
        _add_result(reading, row, f"{file_name!r} line {row.number}")
    if not batches:
        notes.append("The results hold no texts; a ZIP with the batches gives the marks a place.")
    langs = _langs(batches, rows)
    return reading.campaign.finished(
        name_of_file(file_name),
        reading.protocol,
        {
            "format": FORMAT,
            "file": file_name,
            "notes": notes,
            "left_out": [[row.number, list(row.cells)] for row in left_out],
            "line_end": line_end,
            "langs": list(langs),
        },
        langs=(flores_code(langs[0]), flores_code(langs[1])),
        typology="mqm-core" if reading.protocol == "mqm" else "",
    )


def _parts(data: bytes, file_name: str) -> tuple[list[BatchItem], list[ResultRow], str]:
    """Gives what batches and results hold, and how the lines of the results end."""
    files = unpack(data, file_name) if is_archive(data) else {file_name: data}
    batches: list[BatchItem] = []
    rows: list[ResultRow] = []
    line_end = "\n"
    for name, content in files.items():
        if content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"[", b"{"):
            batches += read_batches(content, name)
        elif not rows:
            rows, line_end = read_rows(content, name), line_end_of(content)
        else:
            raise DataError(f"{file_name!r} holds two files of results.", hint="Give one of them.")
    return batches, rows, line_end


def _langs(batches: list[BatchItem], rows: list[ResultRow]) -> tuple[str, str]:
    langs = next(((each.src_lang, each.tgt_lang) for each in rows), ("", ""))
    return next((item.langs for item in batches if any(item.langs)), langs)


def _chosen(rows: list[ResultRow]) -> tuple[list[ResultRow], list[ResultRow], list[str]]:
    """Gives the rows that count, those that do not, and notes on the latter."""
    latest: dict[tuple[str, ...], ResultRow] = {}
    for row in rows:
        key = row.user, row.system, row.item_id, row.item_type, row.document
        if not row.is_document and (key not in latest or row.end_s >= latest[key].end_s):
            latest[key] = row
    kept = {row.number for row in latest.values()}
    left_out = [row for row in rows if row.number not in kept]
    num_documents = sum(row.is_document for row in left_out)
    notes = []
    if num_documents:
        notes.append(f"{num_documents} scores of whole documents were left out.")
    if len(left_out) > num_documents:
        num_repeated = len(left_out) - num_documents
        notes.append(f"{num_repeated} submissions were left out because a later one replaces them.")
    return [row for row in rows if row.number in kept], left_out, notes


def _protocol(rows: list[ResultRow]) -> Protocol:
    has_categories = any('"error_type":' in row.mqm.replace('"error_type": null', "").replace(
        '"error_type":null', "") for row in rows if row.mqm)  # fmt: skip
    return "mqm" if has_categories else "esa"


def _systems_of(system: str) -> list[str]:
    """Gives the system as it is named, and each of several that share an output."""
    return list(dict.fromkeys((system, *filter(None, system.split("+")))))


def _texts_by_key(batches: list[BatchItem]) -> dict[tuple[str, str, str, str], BatchItem]:
    return {
        (system, item.item_id, item.item_type, item.document): item
        for item in batches
        for system in _systems_of(item.system)
    }


def _add_texts(reading: _Reading, item: BatchItem, file_name: str) -> None:
    if item.is_document or item.is_tutorial or item.item_type != "TGT":
        return
    systems = item.system.split("+") if "+" in item.system else [item.system]
    for name in filter(None, systems):
        segment = _segment(reading, name, item.document, item.item_id, item.source)
        system = reading.campaign.system(name, repr(file_name))
        reading.campaign.outputs.setdefault((segment, system), item.target)


def _segment(reading: _Reading, system: str, document: str, item_id: str, source: str) -> int:
    name = document_name(document, system)
    segment = JudgedSegment(source, name, item_id, item_id)
    return reading.campaign.segment((name, item_id, source), segment)


def _add_result(reading: _Reading, row: ResultRow, where: str) -> None:
    if row.item_type not in _KINDS:
        raise DataError(
            f"{where} has the item type {row.item_type[:40]!r}.",
            hint=f"Appraise knows {', '.join(_KINDS)}.",
        )
    found = reading.texts.get((row.system, row.item_id, row.item_type, row.document))
    if found is None and reading.texts:
        raise DataError(
            f"{where}: the batches lack item {row.item_id!r} of the system {row.system!r}, type "
            f"{row.item_type}.",
            hint="Give all batches of the campaign, or the results alone.",
        )
    source, target = (found.source, found.target) if found else ("", "")
    campaign = reading.campaign
    rater = campaign.rater(row.user, where)
    system = campaign.system(row.system, where)
    segment = _segment(reading, row.system, row.document, row.item_id, source)
    kind = _KINDS[row.item_type]
    if found and found.is_tutorial:
        kind = "calibration"
    elif kind == "main" and (rater, segment, system) in reading.main:
        kind = "repeat"  # a document that is shown twice has another name each time
    if kind == "main":
        reading.main.add((rater, segment, system))
        campaign.outputs.setdefault((segment, system), target)
    is_shown_as_is = campaign.outputs.get((segment, system)) == target
    texts: dict[Side, str] | None = {"source": source, "target": target} if found else None
    item = JudgedItem(
        rater=rater,
        segment=segment,
        systems=(system,),
        annotation=read_annotation(reading.protocol, row, texts, where),
        kind=kind,
        texts=() if is_shown_as_is else (target,),
        active_s=round(row.end_s - row.start_s, 3) if row.end_s >= row.start_s else None,
        saved_at=_time(row.end_s),
        origin={"row": row.number, "cells": list(row.cells[1:])},
    )
    campaign.add(item)


def _time(end_s: float) -> str:
    try:
        return datetime.fromtimestamp(end_s, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, OSError, ValueError):
        return ""
