"""A campaign as sheets like `annotator.xlsx`, one a rater and system, with formulas that are right.

Non-translation is charged, the totals carry their own names, and blanks are no scores.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from core.annotate.annotation import Annotation
from core.annotate.campaign_data import CampaignData, JudgedItem
from core.annotate.formats.annotator_cells import (
    CATEGORIES,
    COUNTS,
    FIRST_ROW,
    RATER_CELL,
    SHEET_NAMES,
    SYSTEM_CELL,
    column_name,
)
from core.errors import ConfigError

FORMAT = "annotator-sheet"

_NON_TRANSLATION_PENALTY = 25
_WEIGHTS = {"AE": ("Major", 10), "AF": ("Minor", 1)}
_LEFT_OUT = "Left out"
# What XML cannot hold.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_annotator_sheet(data: CampaignData) -> bytes:
    """Gives an xlsx file with a sheet for each rater and system.

    Categories that the sheet does not have, and severities other than major and minor, are counted
    in a last sheet; places of marks, sources and comments have no cell.

    Raises:
        ConfigError: The campaign is neither MQM nor SQM, or nothing is finished in it.
    """
    import openpyxl

    if data.protocol not in ("mqm", "sqm"):
        raise ConfigError(
            f"The sheet holds SQM and counts of MQM errors, no {data.protocol.upper()}.",
            hint="Choose CSV or xlsx.",
        )
    groups: dict[tuple[str, int], list[JudgedItem]] = {}
    for item in data.done():
        groups.setdefault((item.rater, item.systems[0]), []).append(item)
    if not groups:
        raise ConfigError(f"Nothing is finished in {data.name!r}.", hint="Export it later.")
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    left_out: Counter[tuple[str, str]] = Counter()
    for number, ((rater, system), items) in enumerate(groups.items(), start=1):
        sheet = book.create_sheet(SHEET_NAMES[0] if number == 1 else f"Sheet{number}")
        _write_names(sheet, rater, data.systems[system].name)
        places = {item.segment: item for item in items}
        for segment in range(len(data.segments)):
            row = FIRST_ROW + segment
            _put(sheet, f"A{row}", data.outputs.get((segment, system), ""))
            if segment in places:
                left_out.update(_write_counts(sheet, row, places[segment].annotation))
            _write_row_formulas(sheet, row)
        _write_totals(sheet, FIRST_ROW + len(data.segments) - 1)
    if left_out:
        _write_left_out(book.create_sheet(_LEFT_OUT), left_out)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def _write_names(sheet: Any, rater: str, system: str) -> None:
    for column, name in zip("ABC", ("Sentence", "SQM", "Non-translation"), strict=True):
        sheet[f"{column}2"] = name
    for at, category in enumerate(CATEGORIES):
        sheet[f"{column_name(3 + 2 * at)}1"] = category
    for column, severity, _ in COUNTS:
        sheet[f"{column}2"] = severity.capitalize()
    names = ("Words", "Penalties", "Score", "Score x 100", "Accuracy errors", "Fluency errors",
             "SQM mean", *(name for name, _ in _WEIGHTS.values()), "Lines")  # fmt: skip
    for at, name in enumerate(names):
        sheet[f"{column_name(23 + at)}2"] = name
    sheet["AH1"], sheet["AH2"] = "Rater", "System"
    _put(sheet, RATER_CELL, rater)
    _put(sheet, SYSTEM_CELL, system)


def _write_counts(sheet: Any, row: int, annotation: Annotation) -> Iterator[tuple[str, str]]:
    """Writes what a rater made of a sentence; gives what the sheet has no cell for."""
    if annotation.score is not None:
        sheet[f"B{row}"] = annotation.score
    sheet[f"C{row}"] = int(annotation.is_non_translation)
    columns = {(severity, category): column for column, severity, category in COUNTS}
    counts = Counter((mark.severity, mark.category) for mark in annotation.marks)
    for key, column in columns.items():
        sheet[f"{column}{row}"] = counts.pop(key, 0)
    yield from counts.elements()


def _write_row_formulas(sheet: Any, row: int) -> None:
    majors, minors = (
        "+".join(f"{column}{row}" for column, severity, _ in COUNTS if severity == wanted)
        for wanted in ("major", "minor")
    )
    errors = f"$AE${FIRST_ROW}*({majors})+$AF${FIRST_ROW}*({minors})"
    text = f"TRIM(A{row})"
    words = f'LEN({text})-LEN(SUBSTITUTE({text}," ",""))+1'
    sheet[f"X{row}"] = f'=IF({text}="",0,{words})'
    sheet[f"Y{row}"] = f"=IF(C{row}>0,{_NON_TRANSLATION_PENALTY},{errors})"
    sheet[f"Z{row}"] = f"=1-Y{row}/MAX(X{row},1)"
    sheet[f"AA{row}"] = f"=Z{row}*100"


def _write_totals(sheet: Any, last: int) -> None:
    row = FIRST_ROW
    sheet[f"AB{row}"] = f"=SUM(D{row}:K{last})"
    sheet[f"AC{row}"] = f"=SUM(L{row}:W{last})"
    sheet[f"AD{row}"] = f'=IF(COUNT(B{row}:B{last})=0,"",AVERAGE(B{row}:B{last}))'
    for column, (_, weight) in _WEIGHTS.items():
        sheet[f"{column}{row}"] = weight
    sheet[f"AG{row}"] = f"=COUNTA(A{row}:A{last})"


def _write_left_out(sheet: Any, left_out: Counter[tuple[str, str]]) -> None:
    for column, name in zip("ABC", ("Severity", "Category", "Errors left out"), strict=True):
        sheet[f"{column}1"] = name
    for row, ((severity, category), count) in enumerate(sorted(left_out.items()), start=2):
        _put(sheet, f"A{row}", severity)
        _put(sheet, f"B{row}", category)
        sheet[f"C{row}"] = count


def _put(sheet: Any, place: str, text: str) -> None:
    """Writes a text that stays one: whatever it begins with, it is no formula."""
    cell = sheet[place]
    cell.value = _CONTROLS.sub("\ufffd", text)
    cell.data_type = "s"
    cell.quotePrefix = text.startswith(("=", "+", "-", "@"))
