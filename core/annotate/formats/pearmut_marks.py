"""What Pearmut holds of one output: spans, score and text, and back.

Its page makes an element of each unit of UTF-16 but line feeds, which it does not count; behind
them stand its special tokens, the first of which is `[missing]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.annotate.annotation import NON_TRANSLATION, Annotation, Side
from core.annotate.campaign_data import Protocol
from core.annotate.formats.json_values import dict_of, list_of, number_of, text_of
from core.annotate.formats.offsets import utf16_units
from core.annotate.formats.span_places import read_mark, written_place
from core.errors import DataError

MAX_SQM = 6
SQM_SLIDER = {"name": "SQM", "min": 0, "max": MAX_SQM, "step": 1}

_UNCOUNTED = "\n"
_MAX_SCORE = 100


def read_output(
    made: Mapping[str, Any],
    texts: Mapping[Side, str],
    protocol: Protocol,
    tokens: Sequence[str],
    where: str,
) -> Annotation:
    """Gives what a user made of one output; a severity that was left open is empty.

    Args:
        made: With `score`, `error_spans`, `sliders` and `textfield`.
        texts: Source and output.
        protocol: What the score is.
        tokens: The special tokens of the campaign.
        where: What to name in a message.

    Raises:
        DataError: A score or a span is out of range.
    """
    units = utf16_units(texts["target"], hidden=_UNCOUNTED)
    marks, is_non_translation = [], False
    for number, value in enumerate(list_of(made.get("error_spans") or [], where), start=1):
        span = dict_of(value, where)
        category = text_of(span, "category", where, "")
        if category == NON_TRANSLATION:
            is_non_translation = True
            continue
        token = _token(span.get("start_i"), len(units), tokens, where)
        mark = read_mark(span, str(number), units, texts, is_missing=token is not None, where=where)
        origin = mark.origin | ({"token": token} if token and token != tokens[0] else {})
        severity = text_of(span, "severity", where, "").strip().lower()
        marks.append(replace(mark, severity=severity, category=category, origin=origin))
    comment = text_of(made, "textfield", where, "")
    return Annotation(
        marks=tuple(marks),
        score=_score(made, protocol, where),
        comment="" if comment == texts["target"] else comment,
        is_non_translation=is_non_translation,
        is_done=True,
    )


def written_output(
    annotation: Annotation, target: str, output: int, protocol: Protocol, tokens: Sequence[str]
) -> dict[str, Any]:
    """Gives what `read_output` reads, for one of an item's outputs."""
    units = utf16_units(target, hidden=_UNCOUNTED)
    spans = []
    for mark in annotation.marks:
        if mark.output != output:
            continue
        token = mark.origin.get("token")
        missing = len(units) + (tokens.index(token) if token in tokens else 0)
        classes = {"category": mark.category or None, "severity": mark.severity or None}
        spans.append(written_place(mark, units, missing) | classes)
    if annotation.is_non_translation:
        place = {"start_i": len(units), "end_i": len(units)}
        spans.append(place | {"category": NON_TRANSLATION, "severity": "major"})
    made: dict[str, Any] = {
        "score": annotation.score,
        "error_spans": spans,
        "textfield": annotation.comment or None,
    }
    if protocol == "sqm":
        made |= {"score": None, "sliders": {SQM_SLIDER["name"]: annotation.score}}
    return made


def is_sqm(sliders: Any) -> bool:
    """Whether the sliders of a campaign are one from 0 to 6."""
    if not isinstance(sliders, list) or len(sliders) != 1 or not isinstance(sliders[0], dict):
        return False
    return (sliders[0].get("min"), sliders[0].get("max")) == (0, MAX_SQM)


def _score(made: Mapping[str, Any], protocol: Protocol, where: str) -> float | None:
    high = MAX_SQM if protocol == "sqm" else _MAX_SCORE
    value = made.get("score")
    sliders = made.get("sliders")
    if protocol == "sqm" and isinstance(sliders, dict) and len(sliders) == 1:
        value = next(iter(sliders.values()))
    return number_of(value, f"{where}, 'score',", low=0, high=high)


def _token(first: Any, num_units: int, tokens: Sequence[str], where: str) -> str | None:
    """Gives the special token that a span stands on, None for one in the text."""
    if not isinstance(first, int) or first < num_units:
        return None
    if first - num_units >= len(tokens):
        raise DataError(
            f"{where}: the mark at {first} does not lie in the text, whose characters are counted "
            f"from 0 to {num_units - 1}.",
            hint="Give the campaign that was judged.",
        )
    return tokens[first - num_units]
