"""The marks of Appraise: JSON with places in the output as its page shows it, without outer space.

The page counts what `text.trim().split("")` of JavaScript gives: halves of characters outside the
Basic Multilingual Plane count one each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.annotate.annotation import NON_TRANSLATION, Annotation, Mark, Side
from core.annotate.campaign_data import Protocol
from core.annotate.formats.appraise_rows import ResultRow
from core.annotate.formats.json_values import dict_of, list_of, parse_json
from core.annotate.formats.offsets import Span, utf16_units
from core.annotate.formats.span_places import read_mark, written_place

MISSING = "missing"
UNDECIDED = "undecided"

# A score from 0 to 6 is one from 0 to 100 times this.
SQM_SHARE = 6 / 100

# What `trim` takes away (ECMAScript's WhiteSpace and LineTerminator).
_OUTER_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
# Appraise's words for a dimension or a subtype that MQM-core calls otherwise.
_NAMES = {
    "Locale convention": "Locale conventions",
    "Organization style": "Organizational style",
    "Truncation/text espansion": "Truncation or text expansion",
    "Link/cross-reference": "Link or cross-reference",
}
_APPRAISE_NAMES = {name: theirs for theirs, name in _NAMES.items()}


def read_marks(
    mqm: str | list[Any], texts: Mapping[Side, str] | None, where: str
) -> tuple[tuple[Mark, ...], bool]:
    """Gives the marks of a result, and whether the output was said to be no translation.

    A severity that was left undecided is empty; so is the category in ESA.

    Args:
        mqm: JSON, or its value.
        texts: Source and the output that was shown; None where no file holds them.
        where: What to name in a message.

    Raises:
        DataError: It is not such JSON, or a mark lies outside the output.
    """
    value = parse_json(mqm or "[]", where) if isinstance(mqm, str) else mqm
    if isinstance(value, str):  # JSON within JSON
        value = parse_json(value, where)
    if isinstance(value, dict):
        value = value.get("payload", [])
    units = shown_units(texts["target"]) if texts is not None else []
    marks = []
    is_non_translation = False
    for number, span in enumerate(list_of(value, where), start=1):
        span = dict_of(span, where)
        if span.get("error_type") == [NON_TRANSLATION]:
            is_non_translation = True
            continue
        is_missing = span.get("start_i") == MISSING
        mark = read_mark(span, str(number), units, texts, is_missing=is_missing, where=where)
        marks.append(_classified(mark, span, where))
    return tuple(marks), is_non_translation


def read_annotation(
    protocol: Protocol, row: ResultRow, texts: Mapping[Side, str] | None, where: str
) -> Annotation:
    """Gives what a rater made of an item; MQM has no score, where Appraise writes 0.

    Raises:
        DataError: A mark lies outside the output.
    """
    marks, is_non_translation = read_marks(row.mqm or "[]", texts, where)
    score: float | None = row.score
    if protocol == "mqm":
        score = None
    elif protocol == "sqm":
        score = round(row.score * SQM_SHARE, 9)
    return Annotation(marks, score, is_non_translation=is_non_translation, is_done=True)


def written_marks(
    marks: tuple[Mark, ...], target: str, *, is_non_translation: bool, has_categories: bool
) -> str:
    """Gives the JSON that `read_marks` reads, spelt as JavaScript spells it.

    Args:
        marks: Of one output.
        target: The output that was shown.
        is_non_translation: Written as a missing major of that name, which Appraise does not know.
        has_categories: MQM, not ESA.
    """
    units = shown_units(target)
    spans = [
        written_place(mark, units, MISSING)
        | {
            "severity": mark.severity or UNDECIDED,
            "error_type": _error_type(mark) if has_categories or mark.category else None,
        }
        for mark in marks
    ]
    if is_non_translation:
        place = {"start_i": MISSING, "end_i": MISSING}
        spans.append(place | {"severity": "major", "error_type": [NON_TRANSLATION]})
    order = ("start_i", "end_i", "severity", "error_type")
    spans = [{key: span[key] for key in (*order, *(set(span) - set(order)))} for span in spans]
    return json.dumps(spans, ensure_ascii=False, separators=(",", ":"))


def shown_units(target: str) -> list[Span]:
    """Gives what Appraise counts in an output."""
    before = len(target) - len(target.lstrip(_OUTER_SPACE))
    units = utf16_units(target.strip(_OUTER_SPACE))
    return [(start + before, end + before) for start, end in units] if before else units


def _classified(mark: Mark, span: dict[str, Any], where: str) -> Mark:
    severity = str(span.get("severity") or "").strip().lower()
    words = [str(word) for word in list_of(span.get("error_type") or [], where)]
    category = "/".join(_NAMES.get(word, word) for word in words)
    origin = dict(mark.origin)
    if words:
        origin["error_type"] = words
    return replace(
        mark,
        severity="" if severity == UNDECIDED else severity,
        category=category,
        origin=origin,
    )


def _error_type(mark: Mark) -> list[str] | None:
    words = mark.origin.get("error_type")
    if words and "/".join(_NAMES.get(word, word) for word in words) == mark.category:
        return list(words)
    if not mark.category:
        return None
    dimension, slash, subtype = mark.category.partition("/")
    return [_APPRAISE_NAMES.get(word, word) for word in ([dimension, subtype] if slash else
                                                         [dimension])]  # fmt: skip
