"""The list of errors in a judge's answer, in whichever of many shapes."""

from __future__ import annotations

from typing import Any, cast

from core.evaluate.scorers.judge.answers import AnswerError, said, shown
from core.evaluate.scorers.judge.error_lines import is_none, listed_errors
from core.evaluate.scorers.judge.loose_json import values_in
from core.evaluate.scorers.judge.spans import (
    MAX_CATEGORY,
    MAX_TEXT,
    SEVERITIES,
    JudgedError,
    Severity,
    placed,
)

MAX_ERRORS = 100
MAX_DEPTH = 6

_ERROR_KEYS = ("errors", "error_spans", "annotations", "issues", "spans")
_SPAN_KEYS = ("span", "text", "error_span", "error", "quote", "phrase", "words")
_CATEGORY_KEYS = ("category", "type", "error_type", "error_category", "label")
_SEVERITY_KEYS = ("severity", "level")


def read_errors(answer: str, hypothesis: str) -> tuple[JudgedError, ...]:
    """Gives the errors in an answer, in its order, with their places in the hypothesis.

    Raises:
        AnswerError: It holds no list of errors, a severity that is none, or too many of them.
    """
    text = said(answer)
    found: list[JudgedError] | None = None
    for value in reversed(list(values_in(text))):
        found = _errors_in(value)
        if found is not None:
            break
    if found is None:
        found = listed_errors(text)
    if found is None:
        raise AnswerError("The answer holds no list of errors.")
    if len(found) > MAX_ERRORS:
        raise AnswerError(f"The answer lists {len(found)} errors; {MAX_ERRORS} are the most.")
    return placed(found, hypothesis)


def _errors_in(value: Any, depth: int = 0) -> list[JudgedError] | None:
    """Gives the errors in a value of JSON; None if it is about something else."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, list):
        if all(isinstance(each, dict) and _get(each, _SEVERITY_KEYS) is not None for each in value):
            return [error for each in value if (error := _error(each)) is not None]
        return None
    if not isinstance(value, dict):
        return None
    named = {str(key).strip().lower(): each for key, each in value.items()}
    for key in _ERROR_KEYS:
        if key in named:
            return _listed(named[key], depth)
    if named.keys() & set(SEVERITIES):
        return _by_severity(named)
    if _get(named, _SEVERITY_KEYS) is not None:
        error = _error(named)
        return [] if error is None else [error]
    inner = (_errors_in(each, depth + 1) for each in named.values())
    return next((each for each in inner if each is not None), None)


def _listed(value: Any, depth: int) -> list[JudgedError]:
    """Gives the errors under a key that names them, which must be readable."""
    if is_none(value):
        return []
    if isinstance(value, list):
        wrong = next((each for each in value if not isinstance(each, dict)), None)
        if wrong is not None:
            raise AnswerError(f"The error {shown(wrong)} has no severity.")
        return [error for each in value if (error := _error(each)) is not None]
    found = _errors_in(value, depth + 1)
    if found is None:
        raise AnswerError(f"The errors are no list but {shown(value)}.")
    return found


def _by_severity(named: dict[str, Any]) -> list[JudgedError]:
    """Gives the errors of an object such as `{"major": ["…"], "minor": []}`."""
    found = []
    for severity in reversed(SEVERITIES):
        value = named.get(severity)
        for each in value if isinstance(value, list) else [value]:
            if is_none(each):
                continue
            fields = each if isinstance(each, dict) else {"span": each}
            error = _error({**fields, "severity": severity})
            if error is not None:
                found.append(error)
    return found


def _error(fields: dict[Any, Any]) -> JudgedError | None:
    """Gives one error; None where its severity says that it is none."""
    named = {str(key).strip().lower(): each for key, each in fields.items()}
    severity = str(_get(named, _SEVERITY_KEYS) or "").strip().lower()
    severity = severity.removesuffix("error").strip()
    category = str(_get(named, _CATEGORY_KEYS) or "").strip()
    if severity and is_none(severity):
        return None
    if severity not in SEVERITIES:
        raise AnswerError(
            f"The severity {shown(severity)} is none of minor, major and critical."
            if severity
            else f"The error {shown(category or 'without category')} has no severity."
        )
    span = _get(named, _SPAN_KEYS)
    text = "" if span is None else str(span)
    return JudgedError(cast(Severity, severity), category[:MAX_CATEGORY], text[:MAX_TEXT])


def _get(fields: dict[Any, Any], keys: tuple[str, ...]) -> Any:
    for name, value in fields.items():
        if str(name).strip().lower() in keys and isinstance(value, str | int | float):
            return value
    return None
