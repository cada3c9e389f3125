"""Scores of segments and systems out of what raters marked, in the averaging order of WMT.

The order is that of `score_mqm.py` in google-research/mt-metrics-eval. It matters: pooling all
ratings gives other system means where segments have different numbers of raters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from core.annotate.annotation import Annotation, standing
from core.annotate.campaign_data import CampaignData, JudgedItem, Protocol
from core.annotate.mqm_weights import PRESETS, Preset, penalty_of, score_errors
from core.annotate.results.judgements import Judgement, judgements
from core.errors import ConfigError

Floats: TypeAlias = npt.NDArray[np.float64]

AVERAGING = (
    "Each rater gives a segment one score, in MQM the sum of its errors' points; the segment's "
    "score is the mean over its raters, and a system's the plain mean over its segments that have "
    "a rating."
)
# What stands in place of a preset where raters gave the score themselves.
SCALES: dict[Protocol, str] = {
    "sqm": "SQM, 0 to 6",
    "esa": "ESA, 0 to 100",
    "ranking": "share of the other outputs ranked behind, 0 to 1",
}
_UNDECIDED = ("", "undecided")


@dataclass(frozen=True, eq=False)
class SegmentScores:
    """The scores of a campaign's outputs; higher is better, NaN is unrated.

    Attributes:
        systems: Names, one a column.
        values: Means over raters, (segments, systems).
        by_rater: Each rater's scores, (segments, systems); adjudicated ones are in none of them.
        num_ratings: Raters of each output, or 1 where it was adjudicated, (segments, systems).
        scale: Name of the preset, or the scale on which raters scored.
        num_adjudicated: Outputs whose score is that of the adjudication.
        averaging: How they came about, in words.
    """

    systems: tuple[str, ...]
    values: Floats
    by_rater: Mapping[str, Floats]
    num_ratings: npt.NDArray[np.int64]
    scale: str
    num_adjudicated: int = 0
    averaging: str = AVERAGING


@dataclass(frozen=True)
class SystemScore:
    """One system's mean.

    Attributes:
        system: Its name.
        mean: Over segments that have a rating; None where there are none.
        num_segments: Segments with a rating.
        num_ratings: Ratings in them.
        scale: As for `SegmentScores`.
    """

    system: str
    mean: float | None
    num_segments: int
    num_ratings: int
    scale: str


def segment_scores(data: CampaignData, preset: Preset, *, uses_gold: bool = False) -> SegmentScores:
    """Gives the score of each output: the mean over its raters.

    Args:
        data: The campaign.
        preset: What errors cost; used for MQM only.
        uses_gold: The adjudicated annotation counts instead of all raters' where there is one.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    scale = SCALES.get(data.protocol, preset.name)
    return _averaged(data, uses_gold, scale, lambda each: _score(data.protocol, each, preset))


def span_scores(data: CampaignData, preset: Preset, *, uses_gold: bool = False) -> SegmentScores:
    """Gives ESA's scores by the marked spans: a diagnosis beside the score that raters gave.

    Args:
        data: The campaign.
        preset: What spans cost by severity.
        uses_gold: As for `segment_scores`.

    Raises:
        ConfigError: As for `segment_scores`.
    """
    scale = f"spans by {preset.name}"
    return _averaged(data, uses_gold, scale, lambda each: _score("mqm", each, preset))


def system_scores(scores: SegmentScores) -> tuple[SystemScore, ...]:
    """Gives each system's plain mean over the segments that have a rating, in column order."""
    found = []
    for column, name in enumerate(scores.systems):
        values = scores.values[:, column]
        rated = values[np.isfinite(values)].tolist()
        mean = math.fsum(rated) / len(rated) if rated else None
        num_ratings = int(scores.num_ratings[:, column].sum())
        found.append(SystemScore(name, mean, len(rated), num_ratings, scores.scale))
    return tuple(found)


def item_score(data: CampaignData, item: JudgedItem, output: int, preset: Preset) -> float | None:
    """Gives what one rater's item says of one of its outputs, higher is better.

    Args:
        data: The campaign.
        item: Of any kind.
        output: Which of the item's outputs, from 0.
        preset: What errors cost; used for MQM only.

    Returns:
        MQM: by the preset's scale. SQM and ESA: the score given. Ranking: the share of the other
        outputs that it was ranked before. None where the rater gave none.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    text = data.shown_text(item, output)
    judgement = Judgement(
        item.rater, item.segment, item.systems[output], item.annotation, output, text
    )
    return _score(data.protocol, judgement, preset)


def error_points(
    annotation: Annotation, output: int, preset: Preset
) -> list[tuple[str, str, float]]:
    """Gives (severity, category, points) of each error; an undecided severity costs nothing.

    Raises:
        ConfigError: An error has a severity that the preset does not weigh.
    """
    return [
        (severity, category, _points(preset, severity, category))
        for severity, category in annotation.errors(output)
    ]


def _score(protocol: Protocol, judgement: Judgement, preset: Preset) -> float | None:
    annotation, output = judgement.annotation, judgement.output
    if protocol == "mqm":
        penalties = [points for _, _, points in error_points(annotation, output, preset)]
        return score_errors(preset, penalties, judgement.text)
    if protocol == "ranking":
        return standing(annotation.ranks, output)
    return annotation.score


def _points(preset: Preset, severity: str, category: str) -> float:
    if severity.strip().lower() in _UNDECIDED:
        return 0.0
    points = penalty_of(preset, severity, category)
    if points is None:
        others = [
            name
            for name, each in PRESETS.items()
            if penalty_of(each, severity, category) is not None
        ]
        advice = f"The presets {', '.join(others)} do" if others else "No preset does"
        raise ConfigError(
            f"The preset {preset.name} does not weigh the severity {severity[:40]!r} of the "
            f"category {category[:80]!r}.",
            hint=f"{advice}; or add a row for it to weights of your own.",
        )
    return points


def _averaged(
    data: CampaignData,
    uses_gold: bool,
    scale: str,
    score: Callable[[Judgement], float | None],
) -> SegmentScores:
    shape = (len(data.segments), len(data.systems))
    by_rater = {rater: np.full(shape, np.nan) for rater in data.raters}
    by_output: dict[tuple[int, int], list[float]] = {}
    num_adjudicated = 0
    for each in judgements(data, uses_gold=uses_gold):
        found = score(each)
        if found is None:
            continue
        by_output.setdefault((each.segment, each.system), []).append(found)
        if each.rater is None:
            num_adjudicated += 1
        else:
            by_rater[each.rater][each.segment, each.system] = found
    values, num_ratings = np.full(shape, np.nan), np.zeros(shape, np.int64)
    for place, ratings in by_output.items():
        values[place] = _mean(ratings)
        num_ratings[place] = len(ratings)
    names = tuple(system.name for system in data.systems)
    return SegmentScores(names, values, by_rater, num_ratings, scale, num_adjudicated)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
