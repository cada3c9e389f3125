"""Cells of tables for spreadsheets, none of which is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

# OWASP, "CSV Injection"; the wide forms are typed on East Asian keyboards.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_line(cells: Iterable[Any]) -> str:
    """Gives a line of CSV with safe cells; an unknown value, None, is empty."""
    return quoted_line([safe_cell(cell) for cell in cells])


def quoted_line(cells: Iterable[Any], line_end: str = "\r\n") -> str:
    """Gives a line of CSV with the cells as they are.

    Any carriage return or line feed in a cell stands in quotes: Python's writer quotes only those
    that end its own lines, and spreadsheets begin a new row, and a new formula, at either.
    """
    output = io.StringIO()
    csv.writer(output, lineterminator="\r\n").writerow(cells)
    return output.getvalue().removesuffix("\r\n") + line_end


def safe_cell(value: Any) -> Any:
    """Gives a cell that no spreadsheet takes for a formula: an apostrophe goes before it."""
    return f"'{value}" if isinstance(value, str) and is_formula(value) else value


def is_formula(text: str) -> bool:
    """Whether spreadsheets may take a text for a formula."""
    return text.startswith(FORMULA_STARTS)
