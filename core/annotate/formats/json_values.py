"""Values out of JSON that strangers wrote: each of the kind that is expected, or one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.errors import DataError


def parse_json(text: str, where: str) -> Any:
    """Gives the value of a JSON text.

    Raises:
        DataError: It is not JSON, nests too deeply, or holds half a character.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # also endless digits and nesting
        cause = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise DataError(
            f"{where} is not JSON: {cause[:120].rstrip('.')}.", hint="Give the file unchanged."
        ) from None
    if "\\u" in text:
        _check_characters(value, where)
    return value


def dict_of(value: Any, where: str) -> dict[str, Any]:
    """Gives an object; anything else is refused."""
    if isinstance(value, dict):
        return value
    raise _unexpected(value, "an object", where)


def list_of(value: Any, where: str) -> list[Any]:
    """Gives a list; anything else is refused."""
    if isinstance(value, list):
        return value
    raise _unexpected(value, "a list", where)


def text_of(record: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
    """Gives a text, or a number as a text; without a default the key must be there."""
    value = record.get(key, default)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    if value is None and default is not None:
        return default
    raise DataError(
        f"{where} has no text {key!r}.", hint=f"It holds {', '.join(record)[:120] or 'nothing'}."
    )


def number_of(value: Any, where: str, *, low: float, high: float) -> float | None:
    """Gives a number within bounds; null gives None."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return float(value)
    raise _unexpected(value, f"a number from {low:g} to {high:g}", where)


def _check_characters(value: Any, where: str) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise DataError(
            f"{where} holds half a character (a lone surrogate).",
            hint="An escape such as \\ud83d needs its second half right behind it.",
        ) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _unexpected(value: Any, wanted: str, where: str) -> DataError:
    found = json.dumps(value, ensure_ascii=False, default=str)[:60]
    return DataError(f"{where} holds {found} where {wanted} was expected.")
