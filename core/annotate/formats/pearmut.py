"""Pearmut: campaign JSON and the JSON lines of its answers, alone or together in a ZIP."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from core.annotate.annotation import Side
from core.annotate.campaign_data import (
    KINDS,
    CampaignData,
    JudgedItem,
    JudgedSegment,
    Kind,
    Protocol,
)
from core.annotate.formats.growing import GrowingCampaign, name_of_file
from core.annotate.formats.json_values import dict_of, text_of
from core.annotate.formats.pearmut_log import (
    Answer,
    Document,
    PearmutFiles,
    answers,
    campaign_documents,
    read_files,
)
from core.annotate.formats.pearmut_marks import is_sqm, read_output
from core.annotate.formats.pearmut_writing import FORMAT, MISSING, write_pearmut
from core.errors import DataError
from core.language_tags import flores_code

__all__ = ["FORMAT", "read_pearmut", "write_pearmut"]

_MAX_LABEL = 64


@dataclass
class _Reading:
    """Where the reading is.

    Attributes:
        protocol: What the scores are.
        tokens: Special tokens behind each output.
        campaign: What was found.
        documents: The names of documents by the keys of their segments.
    """

    protocol: Protocol
    tokens: list[str]
    campaign: GrowingCampaign = field(default_factory=GrowingCampaign)
    documents: dict[Any, str] = field(default_factory=dict)


def read_pearmut(data: bytes, file_name: str) -> CampaignData:
    """Gives a campaign of Pearmut.

    Outputs that were shown together become an item each. Of several answers of a user to a document
    the latest counts, and none that was reset. Tutorials are calibration items, other documents
    with validation hidden gold ones. What was skipped, and forms, are left out.

    Args:
        data: The campaign, the answers (from 1.0 on they hold the texts too), or a ZIP with both.
        file_name: What its owner calls it.

    Raises:
        DataError: It is none of them, texts are missing, or a mark lies outside its text.
    """
    files = read_files(data, file_name)
    found, info = answers(files), files.info
    reading = _Reading(_protocol(files, found), _tokens(info))
    for user in files.users:
        reading.campaign.rater(user, repr(file_name))
    for document in campaign_documents(files):
        for segment, texts in _segments(reading, document, repr(file_name)):
            for name, text in texts.items():
                system = reading.campaign.system(name, repr(file_name))
                reading.campaign.outputs.setdefault((segment, system), text)
    notes = []
    num_skipped = sum(answer.is_skipped for answer in found)
    if num_skipped:
        notes.append(f"{num_skipped} documents were skipped by users and are left out.")
    if "sliders" in info and not is_sqm(info["sliders"]):
        notes.append("The scores of the campaign's own sliders are kept but not used.")
    for number, answer in enumerate(found):
        if not answer.is_skipped:
            _add_answer(reading, answer, number)
    return reading.campaign.finished(
        _word(files.campaign, "campaign_id").strip() or name_of_file(file_name),
        reading.protocol,
        {"format": FORMAT, "file": file_name, "notes": notes, "special_tokens": reading.tokens},
        langs=(flores_code(_word(info, "src_lang")), flores_code(_word(info, "tgt_lang"))),
        typology=_word(info, "typology"),
    )


def _tokens(info: dict[str, Any]) -> list[str]:
    tokens = info.get("special_tokens")
    if isinstance(tokens, list) and tokens and all(isinstance(each, str) for each in tokens):
        return list(tokens)
    return [MISSING]


def _word(info: dict[str, Any], key: str) -> str:
    value = info.get(key)
    return value if isinstance(value, str) else ""


def _protocol(files: PearmutFiles, found: list[Answer]) -> Protocol:
    if is_sqm(files.info.get("sliders")):
        return "sqm"
    told = str(files.info.get("protocol", "")).upper()
    has_categories = any(
        isinstance(span, dict) and span.get("category")
        for answer in found
        for made in answer.outputs
        for output in (made or {}).values()
        if isinstance(output, dict)
        for span in _spans_of(output)
    )
    return "mqm" if told == "MQM" or (not told and has_categories) else "esa"


def _spans_of(output: dict[str, Any]) -> list[Any]:
    """Gives the spans of an output; what is no list is told where it is read."""
    spans = output.get("error_spans")
    return spans if isinstance(spans, list) else []


def _segments(
    reading: _Reading, document: Document, where: str
) -> list[tuple[int, dict[str, str]]]:
    """Gives the number of each segment of a document, and its outputs by model."""
    names = ("item_id", "document", "src", "ref")
    keys = [tuple(text_of(each, name, where, "") for name in names) for each in document]
    known = next((reading.documents[key] for key in keys if key in reading.documents), None)
    name = known or str(len(set(reading.documents.values())) + 1)
    found = []
    for number, (key, each) in enumerate(zip(keys, document, strict=True), start=1):
        own_name = reading.documents.setdefault(key, text_of(each, "document", where, name))
        label = key[0] if 0 < len(key[0]) <= _MAX_LABEL else ""
        segment = JudgedSegment(
            source=text_of(each, "src", where, ""),
            document=own_name,
            document_segment=text_of(each, "document_segment", where, str(number)),
            label=label,
            reference=text_of(each, "ref", where, "") or None,
        )
        texts = dict_of(each.get("tgt"), f"{where}, 'tgt',")
        outputs = {model: text_of(texts, model, where) for model in texts}
        found.append((reading.campaign.segment(key, segment), outputs))
    return found


def _add_answer(reading: _Reading, answer: Answer, number: int) -> None:
    where = answer.where
    rater = reading.campaign.rater(answer.user, where)
    segments = _segments(reading, answer.document, where)
    num_outputs = sum(len(made) for made in answer.outputs if made)
    saved_at = ""
    if answer.ended_s:
        saved_at = datetime.fromtimestamp(answer.ended_s, UTC).isoformat(timespec="milliseconds")
    comment = answer.comment
    for at, (segment, texts) in enumerate(segments):
        for model, made in (answer.outputs[at] or {}).items():
            if model not in texts:
                raise DataError(
                    f"{where} judges the model {model[:60]!r}, which it has no text of."
                )
            item = _item(reading, answer, at, (segment, model, texts[model]), dict_of(made, where))
            if comment:
                told = "\n".join(filter(None, (item.annotation.comment, comment)))
                item = replace(item, annotation=replace(item.annotation, comment=told))
                comment = ""
            seconds = None if answer.active_s is None else round(answer.active_s / num_outputs, 3)
            origin = item.origin | {"answer": number}
            item = replace(item, rater=rater, saved_at=saved_at, active_s=seconds, origin=origin)
            reading.campaign.add(item)


def _item(
    reading: _Reading,
    answer: Answer,
    at: int,
    output: tuple[int, str, str],
    made: dict[str, Any],
) -> JudgedItem:
    """Gives the item of one output, still without rater and time."""
    segment, model, text = output
    shown = answer.document[at]
    kind = _kind(answer.item, shown)
    system = reading.campaign.system(model, answer.where)
    outputs = reading.campaign.outputs
    if kind in ("main", "calibration"):
        outputs.setdefault((segment, system), text)
    texts: dict[Side, str] = {"source": text_of(shown, "src", answer.where, ""), "target": text}
    where = f"{answer.where}, {model[:60]!r}"
    annotation = read_output(made, texts, reading.protocol, reading.tokens, where)
    origin = {key: made[key] for key in ("sliders",) if made.get(key) and annotation.score is None}
    return JudgedItem(
        rater="",
        segment=segment,
        systems=(system,),
        annotation=annotation,
        kind=kind,
        texts=() if outputs.get((segment, system)) == text else (text,),
        origin=origin,
    )


def _kind(item: int | str, segment: dict[str, Any]) -> Kind:
    told = segment.get("kind")
    if told in KINDS:
        return cast(Kind, told)
    if str(item).startswith("welcome_"):
        return "calibration"
    return "gold" if str(item).startswith("random_") or "validation" in segment else "main"
