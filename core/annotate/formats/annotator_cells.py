"""Where things stand in `annotator.xlsx`: its columns, and which of its sheets were filled in."""

from __future__ import annotations

from dataclasses import dataclass

from core.annotate.formats.workbook import Row, read_sheets, text_of_cell
from core.annotate.typologies import TYPOLOGIES
from core.errors import DataError

_NUM_FORMULA_ROWS = 50  # the formulas of the others are copies
FIRST_ROW = 3  # of a sentence; above stand two rows of names
SHEET_NAMES = ("Sheet1", "Tabelle1", "Feuil1")
SEVERITIES = ("major", "minor")
CATEGORIES = tuple(category.name for category in TYPOLOGIES["adaptmllm"].categories)

# Where our own sheets say whose they are.
RATER_CELL, SYSTEM_CELL = "AI1", "AI2"
_RATER_ROW, _SYSTEM_ROW, _NAME_COLUMN = 0, 1, 34


def column_name(number: int) -> str:
    """Gives the letters of a column, counted from 0."""
    letters = ""
    number += 1
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


# (column, severity, category) of D to W: each category's majors, then its minors.
COUNTS = tuple(
    (column_name(3 + 2 * at + beside), severity, category)
    for at, category in enumerate(CATEGORIES)
    for beside, severity in enumerate(SEVERITIES)
)


@dataclass(frozen=True)
class Sheet:
    """One rater's work on one system.

    Attributes:
        title: Of the sheet.
        header: The two rows of names.
        rows: Those below: sentence, SQM, non-translation, counts, then what formulas gave.
        formulas: The first rows with formulas instead of values, the header included.
        rater, system: As our own files say, else "".
    """

    title: str
    header: list[Row]
    rows: list[Row]
    formulas: list[Row]
    rater: str = ""
    system: str = ""


def read_annotator_workbook(data: bytes, name: str) -> list[Sheet]:
    """Gives the sheets that hold ratings.

    These are the sheets whose second row names majors and minors by turns, else the first one.

    Raises:
        DataError: It is no xlsx file, or has no such sheet.
    """
    values = read_sheets(data, name)
    formulas = read_sheets(data, name, is_with_formulas=True, num_rows=_NUM_FORMULA_ROWS)
    titles = [title for title, rows in values.items() if _has_severities(rows)]
    sheets = [_sheet(title, values[title], formulas[title]) for title in titles or [*values][:1]]
    if not any(sheet.rows for sheet in sheets):
        raise DataError(
            f"{name!r} holds no sentences from row {FIRST_ROW} on.",
            hint="The sheet holds the sentence in column A, SQM in B, non-translation in C and the "
            "counts of errors in D to W.",
        )
    return sheets


def _has_severities(rows: list[Row]) -> bool:
    names = [text_of_cell(cell).strip().lower() for cell in (rows[1] if len(rows) > 1 else ())]
    found = names[3 : 3 + len(COUNTS)]
    return len(found) == len(COUNTS) and all(
        name.startswith(severity[:3]) for name, (_, severity, _) in zip(found, COUNTS, strict=True)
    )


def _sheet(title: str, values: list[Row], formulas: list[Row]) -> Sheet:
    header = values[: FIRST_ROW - 1]
    is_ours = [text_of_cell(_cell(header, row, _NAME_COLUMN - 1)) for row in (0, 1)]
    are_named = is_ours == ["Rater", "System"]
    return Sheet(
        title,
        header,
        values[FIRST_ROW - 1 :],
        formulas,
        text_of_cell(_cell(header, _RATER_ROW, _NAME_COLUMN)) if are_named else "",
        text_of_cell(_cell(header, _SYSTEM_ROW, _NAME_COLUMN)) if are_named else "",
    )


def _cell(rows: list[Row], row: int, column: int) -> object:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else None
