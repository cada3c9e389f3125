"""What comes from a rater's browser, checked before anything of it is believed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.annotate.annotation import SIDES, Annotation, Mark
from core.annotate.campaign_data import Protocol
from core.annotate.typologies import Typology
from core.errors import DataError

MAX_MARKS = 200
MAX_PLACE = 1_000_000
MAX_NOTE_LENGTH = 2_000
MAX_COMMENT_LENGTH = 10_000
SCORE_RANGES: dict[Protocol, tuple[int, int]] = {"sqm": (0, 6), "mqm": (0, 6), "esa": (0, 100)}

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SAVE_ID = re.compile(r"[0-9A-Za-z-]{8,48}")
_HINT = "Reload the page and try again; what was saved before is kept."


@dataclass(frozen=True)
class Question:
    """What a rater was shown, against which an answer is checked.

    Attributes:
        item_id: The item.
        protocol: What is asked.
        source: The text.
        outputs: The texts as they were shown.
        typology: Categories and severities; None where nothing is marked.
        asks_score: Whether a score belongs to the answer.
    """

    item_id: str
    protocol: Protocol
    source: str
    outputs: tuple[str, ...]
    typology: Typology | None = None
    asks_score: bool = True


@dataclass(frozen=True)
class Arrived:
    """A save as it came, checked.

    Attributes:
        save_id: The browser's id of this save: the same when it is sent again.
        annotation: What the rater made of the item until now; never done.
        confirmed: Codes of contradictions that the rater has seen and meant.
        goes_to: `next`, `previous` or a place; "" for a save alone.
    """

    save_id: str
    annotation: Annotation
    confirmed: tuple[str, ...] = ()
    goes_to: str | int = ""


def read_arrived(payload: Any, question: Question) -> Arrived:
    """Checks what a browser sent.

    Raises:
        DataError: It is not about this item, marks other words than it says, or holds a value
            that the form cannot give.
    """
    if not isinstance(payload, Mapping) or payload.get("item") != question.item_id:
        raise _refused("is not about this segment")
    save_id = payload.get("save_id")
    if not isinstance(save_id, str) or not _SAVE_ID.fullmatch(save_id):
        raise _refused("has no valid id")
    value = payload.get("annotation")
    if not isinstance(value, Mapping):
        raise _refused("holds no annotation")
    annotation = Annotation(
        marks=_marks(value.get("marks", []), question),
        score=_score(value.get("score"), question),
        ranks=_ranks(value.get("ranks", []), question),
        comment=_text(value.get("comment", ""), MAX_COMMENT_LENGTH, "comment"),
        is_non_translation=_is_non_translation(value, question),
    )
    return Arrived(save_id, annotation, _codes(payload.get("confirmed", [])), _goal(payload))


def _marks(value: Any, question: Question) -> tuple[Mark, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MAX_MARKS:
        raise _refused(f"does not hold a list of at most {MAX_MARKS} marks")
    if value and question.typology is None:
        raise _refused("marks errors where none are asked for")
    marks = tuple(_mark(each, question) for each in value)
    if len({mark.id for mark in marks}) != len(marks):
        raise _refused("holds two marks with the same id")
    return marks


def _mark(value: Any, question: Question) -> Mark:
    if not isinstance(value, Mapping) or question.typology is None:
        raise _refused("holds a mark that is none")
    mark_id, side, output = value.get("id"), value.get("side"), value.get("output", 0)
    if not isinstance(mark_id, str) or not _ID.fullmatch(mark_id) or side not in SIDES:
        raise _refused("holds a mark without id or side")
    if type(output) is not int or not 0 <= output < len(question.outputs):
        raise _refused("marks a translation that was not shown")
    text = question.source if side == "source" else question.outputs[output]
    start, end = value.get("start"), value.get("end")
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        raise _refused(f"marks the characters {start!r} to {end!r} of {len(text)}")
    if value.get("quote") != text[start:end]:
        raise _refused(f"quotes other words than stand at the characters {start} to {end}")
    known = {category.name for category in question.typology.categories}
    category = _one_of(value.get("category", ""), known, "category")
    return Mark(
        id=mark_id,
        side=side,
        start=start,
        end=end,
        quote=text[start:end],
        severity=_one_of(value.get("severity", ""), set(question.typology.severities), "severity"),
        category="" if question.protocol == "esa" else category,
        output=output,
        note=_text(value.get("note", ""), MAX_NOTE_LENGTH, "note"),
    )


def _one_of(value: Any, known: set[str], noun: str) -> str:
    if value != "" and value not in known:
        raise _refused(f"names the {noun} {str(value)[:60]!r}, which was not offered")
    return str(value)


def _score(value: Any, question: Question) -> float | None:
    if value is None:
        return None
    bounds = SCORE_RANGES.get(question.protocol)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not question.asks_score or bounds is None or not is_number or not math.isfinite(value):
        raise _refused(f"holds the score {str(value)[:40]!r}, which was not asked for")
    if not bounds[0] <= value <= bounds[1] or value != int(value):
        raise _refused(f"holds the score {value}; it is a whole number {bounds[0]} to {bounds[1]}")
    return float(value)


def _ranks(value: Any, question: Question) -> tuple[int | None, ...]:
    if question.protocol != "ranking":
        return ()
    num = len(question.outputs)
    if not value:
        return (None,) * num
    is_list = isinstance(value, Sequence) and not isinstance(value, str) and len(value) == num
    if not is_list or any(
        rank is not None and (type(rank) is not int or not 1 <= rank <= num) for rank in value
    ):
        raise _refused(f"does not hold a rank from 1 to {num} for each translation")
    return tuple(value)


def _is_non_translation(value: Mapping[str, Any], question: Question) -> bool:
    is_offered = question.protocol == "mqm" and (
        question.typology is not None and question.typology.has_non_translation
    )
    return is_offered and value.get("is_non_translation") is True


def _text(value: Any, limit: int, noun: str) -> str:
    if not isinstance(value, str):
        raise _refused(f"holds a {noun} that is no text")
    if len(value) > limit:
        raise DataError(
            f"The {noun} has {len(value):,} characters; at most {limit:,} are kept.",
            hint="Shorten it.",
        )
    # Halves of a pair that a browser cut, and zero bytes, can be stored nowhere.
    return value.encode("utf-8", errors="replace").decode("utf-8").replace("\0", "")


def _codes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return ()
    return tuple(code for code in value[:20] if isinstance(code, str) and _ID.fullmatch(code))


def _goal(payload: Mapping[str, Any]) -> str | int:
    goal = payload.get("to", "")
    if isinstance(goal, Mapping):
        goal = goal.get("place", "")
    is_place = type(goal) is int and 0 <= goal < MAX_PLACE
    return goal if is_place or goal in ("next", "previous") else ""


def _refused(fault: str) -> DataError:
    return DataError(f"What the page sent {fault}; it was not saved.", hint=_HINT)
