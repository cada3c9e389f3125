"""The score from 0 to 100 in a judge's answer, in whichever of many shapes."""

from __future__ import annotations

import math
import re
from typing import Any

from core.evaluate.scorers.judge.answers import AnswerError, said, shown
from core.evaluate.scorers.judge.loose_json import values_in

MAX_DEPTH = 6

_SCORE_KEYS = ("score", "overall_score", "final_score", "quality_score", "rating", "quality")
_SCALE = re.compile(r"\(?\b0\s*(?:-|–|—|to|and)\s*100\)?")
# 87, 87.5, 87,5, 87/100, 87 %, 87 out of 100; what stands before may not be part of the number.
_NUMBER = r"(?<![\w.,])(?P<number>[-−]?\d{1,9}(?:[.,]\d{1,2})?)(?![\d.,]*\d)"
_SHARE = r"(?:\s*(?:/|out of|of)\s*(?P<scale>\d{1,6}))?"
_WHOLE = re.compile(rf"\W{{0,6}}?{_NUMBER}{_SHARE}(?!\s?[-–—]\s?\d)", re.IGNORECASE)
_LABEL = re.compile(
    r"\b(?:score|rating)\b[\"'*_`”]{0,4}\s*(?:is|of|as|would be|should be)?"
    rf"[\s:：=*_`\"'“(\[]{{0,8}}(?:[-–—]\s+)?{_NUMBER}{_SHARE}(?!\s?[-–—]\s?\d)",
    re.IGNORECASE,
)
# Nothing but a number, with at most one label, in any language, before it.
_ALONE = re.compile(
    rf"(?:[^\d\n:：]{{1,30}}[:：])?[\s*_`\"'(]{{0,8}}{_NUMBER}{_SHARE}[^\d\n]{{0,8}}",
    re.IGNORECASE,
)


def read_score(answer: str) -> float:
    """Gives the score in an answer, from 0 to 100.

    JSON counts before labelled lines (`Score: 87`), the last one before those above it; a number
    that stands alone will do.

    Raises:
        AnswerError: There is none, or it is out of range or on another scale.
    """
    text = said(answer)
    for value in reversed(list(values_in(text))):
        found = _in_json(value, 0)
        if found is not None:
            return _checked(found)
    plain = _SCALE.sub(" ", text)
    labelled = list(_LABEL.finditer(plain))
    match = labelled[-1] if labelled else _ALONE.fullmatch(plain.strip())
    if match is None:
        raise AnswerError("The answer holds no score from 0 to 100.")
    return _checked(_from_match(match))


def _in_json(value: Any, depth: int) -> float | None:
    """Gives the score in a value of JSON; None if it holds none."""
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, list):
        inner: list[Any] = value[-1:]
    elif isinstance(value, dict):
        named = {str(key).strip().lower().replace(" ", "_"): each for key, each in value.items()}
        for key in _SCORE_KEYS:
            if key in named and not isinstance(named[key], dict | list):
                return _number(named[key])
        inner = list(named.values())
    else:
        return None
    found = (_in_json(each, depth + 1) for each in inner if isinstance(each, dict | list))
    return next((each for each in found if each is not None), None)


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    match = _WHOLE.match(_SCALE.sub(" ", value).strip()) if isinstance(value, str) else None
    if match is None:
        raise AnswerError(f"The score {shown(value)} is no number.")
    return _from_match(match)


def _from_match(match: re.Match[str]) -> float:
    """Gives the number that one of the patterns found; digits may be of any script."""
    scale = match["scale"]
    if scale is not None and float(scale) != 100:
        raise AnswerError(f"The score {shown(match[0].strip())} is not on the scale from 0 to 100.")
    return float(match["number"].replace(",", ".").replace("−", "-"))


def _checked(score: float) -> float:
    if not 0 <= score <= 100:  # NaN neither
        raise AnswerError(f"The score {score:g} is not between 0 and 100.")
    return score
