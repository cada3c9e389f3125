"""Reading human ratings: MQM, SQM and plain scores as WMT and Google publish them, or ours.

Four forms are known by their header, all UTF-8 and tab-separated; quotes are ordinary characters:

    system doc doc_id seg_id rater source target category severity          MQM of 2020 and 2021
    system doc docSegId globalSegId rater … category severity metadata      MQM of 2023 on
    system seg_id rater score  |  system segment rater score                SQM  |  any score
    system mqm_avg_score seg_id                                             published means
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal, TypeAlias

from core.annotate.mqm_weights import (
    HANDS_ON_WHEEL,
    NOT_ERRORS,
    PRESETS,
    Preset,
    find_preset,
    normalised_severity,
    penalty_of,
    score_errors,
)
from core.annotate.rating_table import RatingTable, line_error, lines_of_ratings
from core.errors import DataError

# System, document, its segment, segment and rater.
_Key: TypeAlias = tuple[str, str, str, str, str]

_MQM_COLUMNS = ("system", "segment", "rater", "source", "target", "category", "severity")
_SCORE_COLUMNS = ("system", "segment", "rater", "score")
_MEANS_HEADER = ["system", "mqm_avg_score", "seg_id"]
_UNRATED = "none"
_TAG = re.compile("</?v>")
# Published means have six decimals, so that equal ratings are equal whatever the order of adding.
_DECIMALS = 6


@dataclass(frozen=True)
class Rating:
    """What one rater thinks of one system's translation of one segment.

    Attributes:
        system: As the file calls it.
        segment: The file's id of the segment in the test set; empty ids are refused.
        rater: As the file calls them; empty for published means.
        score: Higher is better.
        num_errors: Errors that were marked, neutral ones too; None where scores were given.
        document: Its name, or "".
        document_segment: The segment's id within the document, or "".
        source: The text without marks, or None where the file holds none.
        target: The text without marks, or None where the file holds none.
    """

    system: str
    segment: str
    rater: str
    score: float
    num_errors: int | None = None
    document: str = ""
    document_segment: str = ""
    source: str | None = None
    target: str | None = None


@dataclass(frozen=True)
class Ratings:
    """The ratings of one file.

    Attributes:
        kind: `mqm` for errors that were weighted, `sqm` for WMT's scalar ratings, else `score`.
        rows: One for each system, segment and rater.
        preset: Name of the weights, or "".
        notes: One sentence each on what was left out or looks odd, with its number.
        is_lower_better: Never here: penalties are negated.
    """

    kind: Literal["mqm", "sqm", "score"]
    rows: tuple[Rating, ...]
    preset: str = ""
    notes: tuple[str, ...] = ()
    is_lower_better: bool = False


def read_ratings(data: bytes | str, name: str, *, preset: str = "") -> Ratings:
    """Reads a file of ratings; its header says which form it has.

    Args:
        data: The file.
        name: What its owner calls it; shown in messages.
        preset: Weights of MQM errors; "" takes those of the file's time, wmt21 or wmt23.

    Raises:
        DataError: The sentence names file, line and cause.
        ConfigError: There is no such preset.
    """
    lines = lines_of_ratings(data, name)
    if lines[0].split() == _MEANS_HEADER:
        return _read_means(lines, name)
    header = [cell.strip().lower() for cell in lines[0].split("\t")]
    if any(known in header for known in ("category", "severity")):
        is_later = "globalsegid" in header
        chosen = find_preset(preset or ("wmt23" if is_later else "wmt21"))
        return _read_mqm(RatingTable(name, lines, _MQM_COLUMNS), chosen)
    kind: Literal["sqm", "score"] = "sqm" if "seg_id" in header else "score"
    return _read_scores(RatingTable(name, lines, _SCORE_COLUMNS), kind)


def segment_scores(rows: Sequence[Rating]) -> dict[tuple[str, str, str, str], float]:
    """Gives the mean over raters by (system, document, document segment, segment)."""
    by_segment: dict[tuple[str, str, str, str], list[float]] = {}
    for row in rows:
        key = (row.system, row.document, row.document_segment, row.segment)
        by_segment.setdefault(key, []).append(row.score)
    return {key: round(fmean(scores), _DECIMALS) for key, scores in by_segment.items()}


def system_scores(rows: Sequence[Rating]) -> dict[str, float]:
    """Gives each system's mean over its rated segments of the mean over their raters."""
    by_system: dict[str, list[float]] = {}
    for key, score in segment_scores(rows).items():
        by_system.setdefault(key[0], []).append(score)
    return {system: fmean(scores) for system, scores in by_system.items()}


def _read_mqm(table: RatingTable, preset: Preset) -> Ratings:
    """Adds up each rater's errors in each segment; texts are those of the first row."""
    first: dict[_Key, dict[str, str]] = {}
    penalties: dict[_Key, list[float]] = {}
    num_errors: Counter[_Key] = Counter()
    num_checks = num_unmarked = 0
    for number, row in table.rows():
        penalty = penalty_of(preset, row["severity"], row["category"])
        if penalty is None:
            raise _unknown_severity(table, number, row["severity"], preset)
        key = _key(row)
        first.setdefault(key, row)
        penalties.setdefault(key, []).append(penalty)
        severity = normalised_severity(row["severity"])
        num_checks += severity == HANDS_ON_WHEEL
        if severity not in NOT_ERRORS:
            num_errors[key] += 1
            marks = sorted(_TAG.findall(row["source"] + row["target"]))
            num_unmarked += marks != ["</v>", "<v>"]
    rows = tuple(
        _rating(row, score_errors(preset, penalties[key], _plain(row["target"])), num_errors[key])
        for key, row in first.items()
    )
    notes = _notes(
        (num_checks, "rows are checks with an injected error (HOTW-test); they cost nothing."),
        (num_unmarked, "errors lack one <v> and one </v>; they count, but cannot be shown."),
    )
    return Ratings("mqm", rows, preset.name, notes)


def _read_scores(table: RatingTable, kind: Literal["sqm", "score"]) -> Ratings:
    """Takes one score a row; a rater's later score of the same segment replaces the earlier."""
    found: dict[_Key, Rating] = {}
    num_unrated = num_repeated = 0
    for number, row in table.rows():
        if row["score"].strip().lower() == _UNRATED:
            num_unrated += 1
            continue
        key = _key(row)
        num_repeated += key in found
        found[key] = _rating(row, _number(row["score"], table.name, number))
    notes = _notes(
        (num_unrated, "rows hold None instead of a score; they were left out."),
        (num_repeated, "scores repeat a rater's score of a segment; the last one counts."),
    )
    return Ratings(kind, _some(found, table.name), notes=notes)


def _read_means(lines: list[str], name: str) -> Ratings:
    """Reads published means, whose cells are parted by blanks and tabs at will."""
    found: dict[_Key, Rating] = {}
    num_unrated = 0
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split()
        if not cells:
            continue
        if len(cells) != 3:
            raise line_error(
                name, number, f"has {len(cells)} cells, not 3", "Each is: system score seg_id."
            )
        system, score, segment = cells
        key = (system, "", "", segment, "")
        if key in found:
            raise line_error(
                name, number, f"scores segment {segment} of {system} again", "Keep one of them."
            )
        if score.lower() == _UNRATED:
            num_unrated += 1
        else:
            found[key] = Rating(system, segment, "", _number(score, name, number))
    notes = _notes((num_unrated, "segments hold None instead of a score; they were left out."))
    return Ratings("score", _some(found, name), notes=notes)


def _key(row: dict[str, str]) -> _Key:
    """Gives what one rating is about and by whom; ids may be the same in two documents."""
    document, place = (row.get(each, "").strip() for each in ("document", "document_segment"))
    return row["system"], document, place, row["segment"], row["rater"]


def _rating(row: dict[str, str], score: float, num_errors: int | None = None) -> Rating:
    system, document, document_segment, segment, rater = _key(row)
    return Rating(
        system=system,
        segment=segment,
        rater=rater,
        score=score,
        num_errors=num_errors,
        document=document,
        document_segment=document_segment,
        source=_plain(row["source"]) if "source" in row else None,
        target=_plain(row["target"]) if "target" in row else None,
    )


def _plain(text: str) -> str:
    """Gives a text without the marks around an error."""
    return _TAG.sub("", text)


def _number(text: str, name: str, number: int) -> float:
    """Gives a score, 0 for -0."""
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise line_error(
            name,
            number,
            f"has the score {text.strip()[:40]!r}, which is not a number",
            "Write a number with a decimal point, or None for a segment that was not rated.",
        )
    return score + 0.0


def _some(found: dict[_Key, Rating], name: str) -> tuple[Rating, ...]:
    if not found:
        raise DataError(
            f"{name!r} holds no scores: every row says None.", hint="Give the rated segments."
        )
    return tuple(found.values())


def _unknown_severity(table: RatingTable, number: int, severity: str, preset: Preset) -> DataError:
    known = dict.fromkeys(each.severity for each in preset.weights if each.severity != "*")
    others = [
        each.name
        for each in PRESETS.values()
        if any(weight.severity == normalised_severity(severity) for weight in each.weights)
    ]
    advice = f" The presets {', '.join(others)} weigh it." if others else ""
    return line_error(
        table.name,
        number,
        f"has the severity {severity.strip()[:40]!r}, which the preset {preset.name} does not know",
        f"It knows {', '.join(known)} and {', '.join(NOT_ERRORS)}.{advice}",
    )


def _notes(*counted: tuple[int, str]) -> tuple[str, ...]:
    return tuple(f"{num:,} {sentence}" for num, sentence in counted if num)
