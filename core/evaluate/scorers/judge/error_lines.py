"""Errors that a judge lists in lines: a severity, a category, the faulty words."""

from __future__ import annotations

import re
from typing import cast

from core.evaluate.scorers.judge.spans import MAX_CATEGORY, MAX_TEXT, JudgedError, Severity

_NONE = {
    "", "-", "none", "no error", "no errors", "no-error", "no-errors", "n/a", "nil", "nothing",
    "no errors found", "no error found", "neutral", "there are no errors", "there is no error",
}  # fmt: skip
_HEADING = re.compile(
    r"[\s>*_#\-–•\d.)(\[\"]*\b(?P<severity>minor|major|critical)\b"
    r"(?:\s+(?:errors?|issues?))?[\s*_\]\")]*(?:[:：]|[-–—](?=\s)|$)[\s*_]*(?P<rest>.*)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^[\s>*_#•\-–]*(?:\d{1,3}[.)]\s+)?")
# What stands below a heading and is no talk: an item of a list, or a category.
_ITEM = re.compile(
    r"\s*(?:[*•\-–]|\d{1,3}[.)])\s|\W*(?:accuracy|fluency|terminology|style|locale|other|"
    r"non-translation|source|audience|design|verity|no.error|none)\b",
    re.IGNORECASE,
)
_MARKS = "`*_\"'()[]"
_QUOTED = re.compile(r"\"(.+)\"|“(.+)”|«\s?(.+?)\s?»|„(.+)[“”]|`(.+)`|'(.+)'|‘(.+)’")
_SEPARATOR = re.compile(r"\s+[-–—]+\s+|\s*[:：]\s+|\s+\(")


def listed_errors(text: str) -> list[JudgedError] | None:
    """Gives the errors of lines such as `major: accuracy/omission - "word"`; None without any.

    Severities may also be headings with lines below them. Other lines are talk.
    """
    found: list[JudgedError] = []
    severity = ""
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line.rstrip())
        if heading:
            severity, rest = heading["severity"].lower(), heading["rest"].strip()
        elif severity and _ITEM.match(line):
            rest = line
        else:
            continue
        rest = _BULLET.sub("", rest, count=1).strip()
        if not is_none(rest.strip(_MARKS)):
            found.append(_labelled(severity, rest))
    if severity:
        return found
    alone = text.strip().strip(_MARKS).strip()
    return [] if alone and is_none(alone) else None


def _labelled(severity: str, rest: str) -> JudgedError:
    """Gives the error in what follows a severity: category and words, where either may lack."""
    quoted = _QUOTED.search(rest)
    if quoted:
        span = next(group for group in quoted.groups() if group is not None)
        category = rest[: quoted.start()]
    else:
        parts = _SEPARATOR.split(rest, maxsplit=1)
        category, span = parts[0], parts[1] if len(parts) > 1 else ""
    category = category.strip(" \t-–—:：(*_`")
    return JudgedError(
        cast(Severity, severity), category[:MAX_CATEGORY].strip(), span.strip()[:MAX_TEXT]
    )


def is_none(value: object) -> bool:
    """Whether a value says that there is no error."""
    if isinstance(value, str):
        return value.strip().lower().rstrip(".!") in _NONE
    return value is None or value is False or value == [] or value == {}
