"""What is wrong with the formulas of a filled-in `annotator.xlsx`, told in sentences."""

from __future__ import annotations

import re

from core.annotate.formats.annotator_cells import Sheet, column_name
from core.annotate.formats.workbook import Row, text_of_cell

_FIRST_RESULT = 23  # column X; before it stands what raters fill in

_WEIGHTS = (10, 1)
_WEIGHTS_AT = (30, 31)  # AE, AF


def defects_of(sheet: Sheet, num_rejected: int) -> list[str]:
    """Gives a sentence for each defect of the formulas; nothing where there are none.

    Args:
        sheet: As it was read.
        num_rejected: Sentences that the rater called no translation.
    """
    formulas = _formulas(sheet.formulas)
    if not formulas:
        return []
    notes = []
    if not any(re.search(r"(?<![A-Z$])\$?C\$?\d", formula) for _, formula in formulas):
        charged = f"; {num_rejected} sentences were called so" if num_rejected else ""
        notes.append(
            "No formula of the file uses column C, so that its scores never charge a "
            f"non-translation{charged}. Our scores do."
        )
    if _has_swapped_labels(sheet, formulas):
        notes.append(
            "The labels of the error totals are swapped in the file: 'Fluency' sums the columns D "
            "to K, which are accuracy, and 'Accuracy' sums L to W. Our profile follows the columns."
        )
    means = [formula for _, formula in formulas if re.search(r"\$?B\$?\d", formula)]
    if any("AVERAGE" not in formula for formula in means):
        notes.append(
            "The file's mean of SQM divides by all lines, so that a blank counts as 0. Our mean "
            "leaves blanks out."
        )
    weights = _weights(sheet.rows)
    if weights not in ((), _WEIGHTS):
        told = " and ".join(f"{weight:g}" for weight in weights)
        notes.append(
            f"The file's weights for major and minor are {told}, the paper's 10 and 1; set your "
            "own in the results to score with them."
        )
    return notes


def _formulas(rows: list[Row]) -> list[tuple[str, str]]:
    """Gives (column, formula) of the results, in capital letters."""
    found = []
    for row in rows:
        for column, cell in enumerate(row[_FIRST_RESULT:], start=_FIRST_RESULT):
            formula = text_of_cell(getattr(cell, "text", cell))  # of an array, too
            if formula.startswith("="):
                found.append((column_name(column), formula.upper()))
    return found


def _has_swapped_labels(sheet: Sheet, formulas: list[tuple[str, str]]) -> bool:
    for column, formula in formulas:
        parts = {"accuracy": r"\$?D\$?\d+:\$?K\$?\d", "fluency": r"\$?L\$?\d+:\$?W\$?\d"}
        summed = {part for part, columns in parts.items() if re.search(columns, formula)}
        label = " ".join(
            text_of_cell(cell).lower()
            for row in sheet.header
            for number, cell in enumerate(row)
            if column_name(number) == column
        )
        other = {"accuracy": "fluency", "fluency": "accuracy"}
        if len(summed) == 1 and other[next(iter(summed))] in label:
            return True
    return False


def _weights(rows: list[Row]) -> tuple[float, ...]:
    first = rows[0] if rows else ()
    cells = [first[at] for at in _WEIGHTS_AT if at < len(first)]
    are_numbers = len(cells) == 2 and all(isinstance(cell, int | float) for cell in cells)
    return tuple(float(cell) for cell in cells) if are_numbers else ()
