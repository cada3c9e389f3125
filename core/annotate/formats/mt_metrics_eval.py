"""mt-metrics-eval: a ZIP of its folders, or its file of ratings alone, one JSON object a line.

Errors are half-open code points there too. A line of the file of ratings holds what one rater made
of one output; where raters gave a score, ours have it in `score`, which mt-metrics-eval passes
over. (google-research/mt-metrics-eval, README.md and ratings.py)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.annotate.annotation import NON_TRANSLATION, Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, Protocol
from core.annotate.formats.growing import GrowingCampaign, name_of_file
from core.annotate.formats.json_values import dict_of, list_of, number_of, parse_json, text_of
from core.annotate.formats.mt_metrics_folders import Folders, read_folders
from core.annotate.mqm_weights import normalised_severity
from core.errors import DataError
from core.language_tags import flores_code
from core.storage.archive import is_archive, unpack
from core.storage.files import decode_utf8

NAME = "mt-metrics-eval"
_LINES = ".jsonl"
_RATING = ".seg.rating"
_UNRATED = "None"
_HIGHEST_SQM = 6
_HIGHEST_ESA = 100


@dataclass(frozen=True)
class _Rated:
    """What one rater made of one output.

    Attributes:
        where: File and line, for messages.
        position: The segment's place in the test set, from 0; None where a file does not tell.
        errors: As the file has them.
    """

    where: str
    system: str
    rater: str
    document: str
    position: int | None
    source: str
    hypothesis: str
    errors: list[Any]
    score: float | None
    langs: tuple[str, str]


def read_mt_metrics_eval(data: bytes, file_name: str) -> CampaignData:
    """Reads a ZIP of folders with ratings, or a file of ratings alone.

    Raises:
        DataError: A file cannot be read, or holds no ratings; the sentence names file and line.
    """
    if not is_archive(data):
        return _campaign(list(_of_lines(data, file_name)), Folders(), file_name)
    files = unpack(data, file_name)
    folders = read_folders(files)
    rated = [
        each for name in sorted(files) if name.endswith(_LINES)
        for each in _of_lines(files[name], name)
    ] or [
        each for name in sorted(files) if name.endswith(_RATING)
        for each in _of_folders(files[name], name, folders)
    ]  # fmt: skip
    return _campaign(rated, folders, file_name)


def _of_lines(data: bytes, name: str) -> Iterator[_Rated]:
    text = decode_utf8(data, name, hint="Save the file as UTF-8.").removeprefix("\ufeff")
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{name!r} line {number}"
        found = dict_of(parse_json(line, where), where)
        position = number_of(found.get("segment_id"), where, low=0, high=1e7)
        yield _Rated(
            where=where,
            system=text_of(found, "system_id", where, "system"),
            rater=text_of(found, "rater_id", where, "rater"),
            document=text_of(found, "document_id", where, ""),
            position=None if position is None else int(position),
            source=text_of(found, "source", where),
            hypothesis=text_of(found, "hypothesis", where),
            errors=list_of(found.get("errors"), where),
            score=number_of(found.get("score"), where, low=0, high=_HIGHEST_ESA),
            langs=(
                flores_code(text_of(found, "src_lang", where, "")),
                flores_code(text_of(found, "tgt_lang", where, "")),
            ),
        )


def _of_folders(data: bytes, name: str, folders: Folders) -> Iterator[_Rated]:
    """Gives the ratings of a file that stands beside the texts, a block of lines a system."""
    places: dict[str, int] = {}
    text = decode_utf8(data, name, hint="Save the file as UTF-8.")
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{name!r} line {number}"
        system, *cells = line.split("\t")
        position = places.setdefault(system, 0)
        places[system] += 1
        hypotheses = folders.outputs.get(system, ())
        if not 1 <= len(cells) <= 2 or position >= min(len(hypotheses), len(folders.sources)):
            raise DataError(
                f"{where} is no rating of a segment of a system that is there.",
                hint="Each line is a system, a rating and its rater, parted by tabs; a system has "
                "as many lines as segments, and a file in system-outputs.",
            )
        if cells[0] != _UNRATED:
            found = dict_of(parse_json(cells[0], where), where)
            yield _Rated(
                where=where,
                system=system,
                rater=cells[1] if len(cells) > 1 else name.split(".")[-3],
                document=folders.document(position),
                position=position,
                source=folders.sources[position],
                hypothesis=hypotheses[position],
                errors=list_of(found.get("errors"), where),
                score=number_of(found.get("score"), where, low=0, high=_HIGHEST_ESA),
                langs=folders.langs,
            )


def _campaign(rated: list[_Rated], folders: Folders, file_name: str) -> CampaignData:
    if not rated:
        raise DataError(
            f"{file_name!r} holds no ratings of segments.",
            hint=f"A ZIP needs a file that ends in {_LINES} or {_RATING}.",
        )
    growing = GrowingCampaign()
    protocol = _protocol(rated)
    for position, source in enumerate(folders.sources):
        _segment(growing, folders, position, folders.document(position), source)
    for system, hypotheses in folders.outputs.items():
        number = growing.system(system, file_name)
        growing.outputs |= {(at, number): text for at, text in enumerate(hypotheses)}
    for each in rated:
        segment = _segment(growing, folders, each.position, each.document, each.source)
        system_number = growing.system(each.system, each.where)
        shown = growing.outputs.setdefault((segment, system_number), each.hypothesis)
        growing.add(
            JudgedItem(
                rater=growing.rater(each.rater, each.where),
                segment=segment,
                systems=(system_number,),
                annotation=_annotation(each, protocol),
                texts=() if shown == each.hypothesis else (each.hypothesis,),
            )
        )
    return growing.finished(
        name_of_file(file_name),
        protocol,
        {"format": NAME, "file": file_name},
        langs=next((each.langs for each in rated if all(each.langs)), folders.langs),
        typology="wmt" if protocol == "mqm" else "",
    )


def _segment(
    growing: GrowingCampaign, folders: Folders, position: int | None, document: str, source: str
) -> int:
    label = "" if position is None else str(position + 1)
    reference = None if position is None else folders.reference(position)
    segment = JudgedSegment(source, document, label=label, reference=reference)
    return growing.segment((document, source) if position is None else position, segment)


def _protocol(rated: list[_Rated]) -> Protocol:
    """Gives what raters did: MQM where an error has a category or nobody gave a score."""
    scores = [each.score for each in rated if each.score is not None]
    errors = [error for each in rated for error in each.errors if isinstance(error, Mapping)]
    if not scores or any(error.get("category") for error in errors):
        return "mqm"
    return "sqm" if max(scores) <= _HIGHEST_SQM and not errors else "esa"


def _annotation(rated: _Rated, protocol: Protocol) -> Annotation:
    marks = tuple(
        _mark(dict_of(error, rated.where), number, rated)
        for number, error in enumerate(rated.errors, start=1)
    )
    is_whole = len(marks) == 1 and (marks[0].severity, marks[0].category) == (
        "major",
        NON_TRANSLATION,
    )
    return Annotation(marks, score=rated.score, is_non_translation=is_whole, is_done=True)


def _mark(error: dict[str, Any], number: int, rated: _Rated) -> Mark:
    is_in_source = error.get("is_source_error") is True
    text = rated.source if is_in_source else rated.hypothesis
    start, end = (number_of(error.get(key), rated.where, low=0, high=1e7) for key in _ENDS)
    if start is None or end is None or not start <= end <= len(text):
        raise DataError(
            f"{rated.where} has an error from {error.get('start')} to {error.get('end')} in a text "
            f"of {len(text)} characters.",
            hint="`start` and `end` count characters from 0; `end` stands behind the last one.",
        )
    return Mark(
        id=f"e{number}",
        side="source" if is_in_source else "target",
        start=int(start),
        end=int(end),
        quote=text[int(start) : int(end)],
        severity=normalised_severity(text_of(error, "severity", rated.where, "")),
        category=text_of(error, "category", rated.where, "").strip(),
    )


_ENDS = ("start", "end")
