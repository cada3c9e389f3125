"""The original application's `annotator.xlsx`: a score and counts of errors for each sentence.

One sheet is one rater's work on one system. It holds no sources and no places of errors: a count
becomes that many marks without a place. The formulas are not used; what is wrong with them is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.annotate.annotation import Annotation, Mark
from core.annotate.campaign_data import CampaignData, JudgedItem, JudgedSegment, Protocol
from core.annotate.formats.annotator_cells import (
    COUNTS,
    FIRST_ROW,
    SHEET_NAMES,
    Sheet,
    read_annotator_workbook,
)
from core.annotate.formats.annotator_formulas import defects_of
from core.annotate.formats.annotator_writing import FORMAT, write_annotator_sheet
from core.annotate.formats.growing import GrowingCampaign, name_of_file
from core.annotate.formats.workbook import text_of_cell
from core.errors import DataError

__all__ = ["FORMAT", "read_annotator_sheet", "read_annotator_sheets", "write_annotator_sheet"]

MAX_SQM = 6
MAX_COUNT = 1_000

_YES = ("x", "y", "yes", "true", "1")
_NO = ("", "n", "no", "false", "0", "-")


@dataclass
class _Reading:
    """Where the reading of sheets is.

    Attributes:
        campaign: What was found.
        notes: What the owner should know.
        num_errors: Marks, and outputs that are no translation.
        num_scores: SQM scores.
    """

    campaign: GrowingCampaign = field(default_factory=GrowingCampaign)
    notes: list[str] = field(default_factory=list)
    num_errors: int = 0
    num_scores: int = 0


def read_annotator_sheet(
    data: bytes, file_name: str, *, protocol: Protocol | None = None
) -> CampaignData:
    """Gives the campaign of one file; see `read_annotator_sheets`."""
    return read_annotator_sheets([(file_name, data, "", "")], protocol=protocol)


def read_annotator_sheets(
    files: Sequence[tuple[str, bytes, str, str]], *, protocol: Protocol | None = None
) -> CampaignData:
    """Gives one campaign of several files; their sentences stand for the same segments, row by row.

    Both the score and the errors are kept; an empty cell is no score, and a sentence without any
    value is unrated.

    Args:
        files: Name, content, rater and system of each; without a rater the name of the file is
            taken, or what the file says; without a system `system`.
        protocol: What the campaign counts as: MQM, but SQM where no error is marked anywhere.

    Raises:
        DataError: A file is no such sheet, a value is out of range, or two files of one system hold
            different sentences.
    """
    if not files:
        raise DataError("No file was given.", hint="Give one file for each rater and system.")
    reading = _Reading()
    for name, content, rater, system in files:
        for sheet in read_annotator_workbook(content, name):
            where = f"{name!r}" if sheet.title in SHEET_NAMES else f"{name!r} sheet {sheet.title!r}"
            named = (rater or sheet.rater or name_of_file(name), system or sheet.system or "system")
            _add_sheet(reading, sheet, *named, where)
    if not reading.campaign.items:
        raise DataError(
            f"{files[0][0]!r} holds no rated sentence.", hint="Fill in the columns B to W."
        )
    found: Protocol = protocol or ("mqm" if reading.num_errors else "sqm")
    if found == "mqm" and reading.num_scores and not protocol:
        reading.notes.append(
            f"There are {reading.num_scores} SQM scores as well; import the file again as SQM to "
            "see their results."
        )
    origin = {"format": FORMAT, "file": files[0][0], "notes": reading.notes}
    name = name_of_file(files[0][0])
    return reading.campaign.finished(name, found, origin, typology="adaptmllm")


def _add_sheet(reading: _Reading, sheet: Sheet, rater: str, system: str, where: str) -> None:
    campaign = reading.campaign
    rater = campaign.rater(rater, where)
    number = campaign.system(system, where)
    if any(item.rater == rater and item.systems == (number,) for item in campaign.items):
        raise DataError(
            f"{where} is a second sheet of the rater {rater!r} for the system {system!r}.",
            hint="Name rater and system of each file.",
        )
    num_rejected = num_untouched = 0
    for at, row in enumerate(sheet.rows):
        sentence = text_of_cell(row[0]) if row else ""
        if not sentence.strip():
            continue
        place = f"{where} row {at + FIRST_ROW}"
        label = str(at + 1)
        segment = campaign.segment(label, JudgedSegment("", label=label))
        known = campaign.outputs.setdefault((segment, number), sentence)
        if known != sentence:
            raise DataError(
                f"{place} holds another sentence of the system {system!r} than the sheet before.",
                hint="Sheets of one system must hold the same sentences in the same rows.",
            )
        annotation = _annotation(row, place)
        if annotation is None:
            continue
        num_rejected += annotation.is_non_translation
        num_errors = len(annotation.marks) + annotation.is_non_translation
        num_untouched += annotation.score == 0 and not num_errors
        reading.num_errors += num_errors
        reading.num_scores += annotation.score is not None
        campaign.add(JudgedItem(rater, segment, (number,), annotation))
    reading.notes += [f"{where}: {each}" for each in defects_of(sheet, num_rejected)]
    if num_untouched:
        reading.notes.append(
            f"{where}: {num_untouched} sentences have SQM 0 and no error, as the template has them "
            "before anybody rates; empty the cells of those that were not rated."
        )


def _annotation(row: Sequence[object], where: str) -> Annotation | None:
    """Gives what a row says; None where no cell is filled in."""
    cells = [*row[1 : 3 + len(COUNTS)], *[None] * (2 + len(COUNTS) - len(row[1:]))]
    if all(text_of_cell(cell).strip() == "" for cell in cells):
        return None
    score = _number(cells[0], f"{where} column B (SQM)", MAX_SQM)
    marks = []
    for (column, severity, category), cell in zip(COUNTS, cells[2:], strict=True):
        count = _number(cell, f"{where} column {column}", MAX_COUNT) or 0
        if count != int(count):
            raise DataError(f"{where} column {column} counts {count:g} errors.")
        marks += [(severity, category)] * int(count)
    return Annotation(
        marks=tuple(
            Mark(str(at), "target", 0, 0, "", severity, category, origin={"count": True})
            for at, (severity, category) in enumerate(marks, start=1)
        ),
        score=score,
        is_non_translation=_is_yes(cells[1], f"{where} column C (non-translation)"),
        is_done=True,
    )


def _number(cell: object, where: str, most: int) -> float | None:
    text = text_of_cell(cell).strip().replace(",", ".")
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= most:
        raise DataError(
            f"{where} holds {text[:40]!r}, which is no number from 0 to {most}.",
            hint="Correct the cell, or leave it empty.",
        )
    return found


def _is_yes(cell: object, where: str) -> bool:
    text = text_of_cell(cell).strip().lower()
    if text in _YES or text in _NO:
        return text in _YES
    return bool(_number(cell, where, MAX_COUNT))
