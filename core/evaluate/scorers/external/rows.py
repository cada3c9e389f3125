"""The JSON lines between this program and a scorer: written with care, read with more."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from core.errors import DataError
from core.evaluate.scorers.scoring_inputs import Translated
from core.storage.scoring_records import SegmentScore

MAX_LINE_BYTES = 1_000_000
MAX_DETAILS = 4000  # characters of the further fields of a row
MAX_SHOWN = 80  # characters of a wrong line that a message repeats
_OURS = ("id", "system", "segment", "source", "hypothesis", "references", "score")
_HINT = "Nothing was stored. Correct the scorer, then resume."

_NOT_FINITE = ("NaN", "Infinity", "-Infinity")

Place = tuple[str, int]


def write_rows(path: Path, segments: Iterable[Translated]) -> list[Place]:
    """Writes one line a segment; gives for each id, which counts from 0, set and position."""
    places: list[Place] = []
    with path.open("wb") as file:
        for segment in segments:
            row = {
                "id": len(places),
                "system": segment.set_id,
                "segment": segment.position,
                "source": segment.source,
                "hypothesis": segment.hypothesis,
                "references": list(segment.references),
            }
            # Half a character, which JSON may hold, cannot be written as UTF-8.
            line = json.dumps(row, ensure_ascii=False).encode("utf-8", errors="replace")
            file.write(line + b"\n")
            places.append((segment.set_id, segment.position))
    return places


def read_scores(path: Path, places: Sequence[Place], scoring_id: str) -> list[SegmentScore]:
    """Reads what a scorer wrote, checked as a whole: every id once, with a finite number.

    Args:
        path: The file.
        places: Set and position by id, as `write_rows` gave them.
        scoring_id: The scoring that the scores belong to.

    Raises:
        DataError: One sentence on the first thing that is wrong, with how often it is.
    """
    found: list[SegmentScore | None] = [None] * len(places)
    unknown: list[int] = []
    twice: list[int] = []
    for number, row in _rows(path):
        identity = row.get("id")
        if isinstance(identity, bool) or not isinstance(identity, int):
            raise _wrong(f"Line {number} of the scorer's output has no id that is a whole number")
        if not 0 <= identity < len(places):
            unknown.append(identity)
        elif found[identity] is not None:
            twice.append(identity)
        else:
            value = _score(row, number)
            set_id, position = places[identity]
            found[identity] = SegmentScore(
                scoring_id, set_id, position, value, details=_details(row)
            )
    _check_ids(unknown, twice)
    missing = [identity for identity, score in enumerate(found) if score is None]
    if missing:
        raise _wrong(
            f"{len(missing)} of {len(places)} segments came back without a score; the first is "
            f"that with the id {missing[0]}"
        )
    return [score for score in found if score is not None]


def _check_ids(unknown: Sequence[int], twice: Sequence[int]) -> None:
    if unknown:
        raise _wrong(
            f"Ids in the scorer's output that were never sent: {len(unknown):,}; the first is "
            f"{_shown(unknown[0])}"
        )
    if twice:
        raise _wrong(
            f"Ids that the scorer's output repeats: {len(twice):,}; the first is {twice[0]}"
        )


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Gives the objects with their line numbers, from 1; empty lines are passed over."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise _wrong(f"The scorer wrote no file {path.name}") from None
    with file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise _wrong(
                    f"Line {number} of the scorer's output is longer than {MAX_LINE_BYTES:,} bytes"
                )
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield number, _parsed(line, number)


def _parsed(line: bytes, number: int) -> dict[str, Any]:
    try:
        # A name in the place of NaN and Infinity, which are no JSON, but which Python writes.
        row = json.loads(line, parse_constant=str)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        text = line.decode("utf-8", errors="replace").strip()
        raise _wrong(f"Line {number} of the scorer's output is no JSON object: {_shown(text)}")
    return row


def _score(row: dict[str, Any], number: int) -> float:
    if "score" not in row:
        raise _wrong(f"Line {number} of the scorer's output has no score")
    value = row["score"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        score = float(value) if is_number else math.nan
    except OverflowError:
        score = math.inf
    if not math.isfinite(score):
        what = "not finite" if is_number or value in _NOT_FINITE else "no number"
        where = f"The score in line {number} of the scorer's output"
        raise _wrong(f"{where} is {what}: {_shown(value)}")
    return score


def _details(row: dict[str, Any]) -> dict[str, Any]:
    """Gives the further fields as far as there is room for them, as any database can hold them."""
    kept: dict[str, Any] = {}
    room = MAX_DETAILS
    for name, value in row.items():
        if name in _OURS:
            continue
        try:
            text = json.dumps({name: value}, ensure_ascii=False, allow_nan=False)
        except ValueError:
            continue
        room -= len(text)
        if room < 0:
            break
        plain = text.encode("utf-8", errors="replace").decode().replace("\\u0000", "\\ufffd")
        kept |= json.loads(plain)
    return kept


def _shown(value: Any) -> str:
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except ValueError:  # a number with too many digits to be written
        text = "a number beyond all bounds"
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _wrong(sentence: str) -> DataError:
    return DataError(f"{sentence}.", hint=_HINT)
