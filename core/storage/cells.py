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
    output = io.StringIO()
    csv.writer(output).writerow([safe_cell(cell) for cell in cells])
    return output.getvalue()


def safe_cell(value: Any) -> Any:
    """Gives a cell that no spreadsheet takes for a formula: an apostrophe goes before it."""
    return f"'{value}" if isinstance(value, str) and is_formula(value) else value


def is_formula(text: str) -> bool:
    """Whether spreadsheets may take a text for a formula."""
    return text.startswith(FORMULA_STARTS)
