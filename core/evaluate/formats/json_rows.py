"""One line of JSONL: what it holds of a segment, checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.errors import DataError
from core.evaluate.formats.upload import checked_name

_EXAMPLE = '{"source": "…", "reference": "…", "system": "A", "hypothesis": "…"}'


@dataclass(frozen=True)
class Row:
    """A segment, with the hypothesis of one system or of all.

    Attributes:
        line: Its line in the file, from 1.
        group: What the rows of one system have in common; empty where a row holds all systems.
        position: The segment's number in the test set, from 0; None where the order says it.
        source, tag, document: None where the row does not say.
        references: By name; None for one that is missing.
        hypotheses: By the name of the system; the name is empty where the file's stands for it.
    """

    line: int
    group: str
    position: int | None
    source: str | None
    tag: str | None
    document: str | None
    references: dict[str, str | None]
    hypotheses: dict[str, str]


def row_of(file: str, number: int, line: str) -> Row:
    """Gives what a line holds.

    Raises:
        DataError: It is no JSON object, a value is of another type, or a hypothesis is missing.
    """
    where = f"{file!r} line {number}"
    record = _object(where, line)
    system = _text(where, record, "system") or ""
    if system:
        system = checked_name(file, system, "system")
    hypotheses = _hypotheses(where, file, record, system)
    # The download of a translation set names no system, but says which set it is.
    group = system or _text(where, record, "set_id") or ""
    has_one = "hypothesis" in record
    return Row(
        line=number,
        group=group or "hypothesis" if has_one else "",
        position=_position(where, record),
        source=_text(where, record, "source"),
        tag=_text(where, record, "tag"),
        document=_text(where, record, "document"),
        references=_references(where, file, record),
        hypotheses=hypotheses,
    )


def _object(where: str, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:  # also endless digits and nesting
        cause = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise DataError(
            f"{where} is not JSON: {cause.rstrip('.')}.", hint=f"Each line is like {_EXAMPLE}."
        ) from None
    if not isinstance(record, dict):
        raise DataError(
            f"{where} holds {type(record).__name__}, not an object.",
            hint=f"Each line is like {_EXAMPLE}.",
        )
    return record


def _text(where: str, record: dict[str, Any], key: str) -> str | None:
    value = record.get(key)
    return None if value is None else _checked_text(where, key, value)


def _checked_text(where: str, key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise DataError(
            f"{where}: {key!r} is {type(value).__name__}, not a text.", hint="Put it in quotes."
        )
    if "\0" in value:
        raise DataError(f"{where}: {key!r} holds a zero byte.", hint="Remove \\u0000.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise DataError(
            f"{where}: {key!r} holds half a character (a lone surrogate).",
            hint="An escape such as \\ud83d needs its second half right behind it.",
        ) from None
    return value


def _position(where: str, record: dict[str, Any]) -> int | None:
    value = record.get("position")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DataError(
            f"{where}: 'position' is {str(value)[:40]}, not a segment's number from 0.",
            hint="Number the segments of the test set from 0, or leave 'position' out everywhere.",
        )
    return value


def _hypotheses(where: str, file: str, record: dict[str, Any], system: str) -> dict[str, str]:
    if "hypotheses" not in record:
        if "hypothesis" not in record:
            return {}
        return {system: _hypothesis(where, "hypothesis", record["hypothesis"], record)}
    if "hypothesis" in record or system:
        other = "hypothesis" if "hypothesis" in record else "system"
        raise DataError(
            f"{where} has both 'hypotheses' and {other!r}.",
            hint="Either one row holds the hypotheses of all systems, or the one of one system.",
        )
    given = record["hypotheses"]
    if not isinstance(given, dict):
        raise DataError(
            f"{where}: 'hypotheses' is {type(given).__name__}, not an object.",
            hint='It is like {"system A": "…", "system B": "…"}.',
        )
    found: dict[str, str] = {}
    for key, value in given.items():
        name = checked_name(file, _checked_text(where, "hypotheses", key), "system")
        if name in found:
            raise DataError(f"{where} names the system {name!r} twice.", hint="Rename one.")
        found[name] = _hypothesis(where, name, value, record)
    return found


def _hypothesis(where: str, key: str, value: Any, record: dict[str, Any]) -> str:
    """Gives a hypothesis; a failed one is never taken for an empty one."""
    if value is None:
        failure = str(record.get("failure") or "it is null").rstrip(".")[:200]
        raise DataError(
            f"{where}: there is no hypothesis ({failure}).",
            hint="What failed is not scored as an empty text: resume the batch, or give one.",
        )
    return _checked_text(where, key, value)


def _references(where: str, file: str, record: dict[str, Any]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    if "reference" in record:
        found["ref"] = _text(where, record, "reference")
    several = record.get("references")
    if isinstance(several, list):
        several = {f"ref-{number}": text for number, text in enumerate(several, start=1)}
    if several is not None and not isinstance(several, dict):
        raise DataError(
            f"{where}: 'references' is {type(several).__name__}, neither list nor object.",
            hint='It is like ["…", "…"] or {"A": "…", "B": "…"}.',
        )
    for key, text in (several or {}).items():
        name = checked_name(file, _checked_text(where, "references", key), "reference")
        if name in found:
            raise DataError(f"{where} names the reference {name!r} twice.", hint="Rename one.")
        found[name] = None if text is None else _checked_text(where, "references", text)
    return found
