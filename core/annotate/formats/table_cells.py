"""Cells of tables for spreadsheets: no text is a formula, and reading gives the same value."""

from __future__ import annotations

import math

from core.errors import DataError
from core.storage.cells import FORMULA_STARTS, is_formula

Cell = str | float | int | bool | None

_APOSTROPHE = "'"
_YES, _NO = "yes", "no"


def safe_text(text: str) -> str:
    """Gives a text with an apostrophe before it where it would be a formula, or look so guarded."""
    return f"{_APOSTROPHE}{text}" if is_formula(text) or _is_guarded(text) else text


def read_text(cell: str) -> str:
    """Gives the text that `safe_text` guarded."""
    return cell[1:] if _is_guarded(cell) else cell


def cell_of(value: Cell) -> str:
    """Gives the text of a cell; numbers keep all their digits, what is unknown is empty."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, bool):
        return _YES if value else _NO
    return safe_text(value) if isinstance(value, str) else f"{value:.17g}"


def read_number(cell: str, where: str, column: str) -> float | None:
    """Gives the number of a cell; None for an empty one.

    Raises:
        DataError: It is no number.
    """
    if not cell.strip():
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"{where} has {cell[:40]!r} as {column}, which is no number.",
            hint="Write digits with a decimal point, or leave the cell empty.",
        )
    return value


def read_whole(cell: str, where: str, column: str) -> int | None:
    """Gives the whole number of a cell, 0 or more; None for an empty one.

    Raises:
        DataError: It is none.
    """
    value = read_number(cell, where, column)
    if value is None:
        return None
    if value < 0 or value != int(value):
        raise DataError(
            f"{where} has {cell[:40]!r} as {column}, which is no whole number from 0.",
            hint="Write digits only.",
        )
    return int(value)


def read_flag(cell: str) -> bool:
    """Gives whether a cell says yes."""
    return cell.strip().lower() in (_YES, "true", "1")


def _is_guarded(text: str) -> bool:
    return text.startswith(_APOSTROPHE) and text[1:].startswith((*FORMULA_STARTS, _APOSTROPHE))
