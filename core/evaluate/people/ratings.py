"""Human ratings beside metrics: stored from a file, compared with every metric."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import IntegrityError

from core.evaluate.evaluating import Evaluated
from core.evaluate.measuring import MeasuredMetric, segment_scores
from core.evaluate.people.rating_join import JoinedRatings, join_ratings
from core.evaluate.people.wmt_ratings import Ratings as FileRatings
from core.evaluate.people.wmt_ratings import read_ratings
from core.evaluate.texts import EvaluationTexts
from core.metrics.agreement.disagreement import Disagreement, find_disagreements
from core.metrics.agreement.meta_evaluation import MetaEvaluation, evaluate_metric
from core.metrics.agreement.rater_agreement import (
    RaterAgreement,
    compare_raters,
    compare_with_others,
)
from core.storage.files import utc_now
from core.storage.scoring_records import Scoring, SegmentScore
from core.storage.workspace import Workspace

HUMAN: Literal["human"] = "human"
NUM_DISAGREEMENTS = 50

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class AddedRatings:
    """What was stored of a file of ratings.

    Attributes:
        scoring: The new scoring.
        joined: Which ratings were matched, and what was left out.
    """

    scoring: Scoring
    joined: JoinedRatings


def add_ratings(
    workspace: Workspace,
    data: bytes,
    file_name: str,
    texts: EvaluationTexts,
    *,
    name: str = "",
    preset: str = "",
    system_names: Mapping[str, str] | None = None,
    scoring_id: str = "",
) -> AddedRatings:
    """Stores the ratings of a file for the translation sets that they are about.

    Args:
        workspace: Where they are stored.
        data: The file.
        file_name: What its owner calls it.
        texts: Of the translation sets that may have been rated.
        name: What stands above the column; empty: the kind of rating and its preset.
        preset: Weights of MQM errors; empty: those of the file's time.
        system_names: The id of a translation set for a system of the file, where names differ.
        scoring_id: Of the new scoring; one that is stored already is given back. May be empty.

    Raises:
        AdaptMLLMError: The file cannot be read, or none of its ratings is about these texts;
            nothing was stored.
    """
    ratings = read_ratings(data, file_name, preset=preset)
    joined = _joined(ratings, texts, system_names or {})
    scoring = Scoring(
        id=scoring_id or str(uuid.uuid4()),
        kind=HUMAN,
        name=name or _usual_name(ratings),
        test_set_hash=next(iter(texts.sets.values())).test_set_hash,
        created_at=utc_now(),
        settings=_origin(file_name, ratings, joined),
    )
    scores = _scores(scoring.id, joined, list(texts.sets))
    return AddedRatings(_stored(workspace, scoring, scores), joined)


def _origin(file_name: str, ratings: FileRatings, joined: JoinedRatings) -> dict[str, Any]:
    return {
        "file": file_name,
        "preset": ratings.preset,
        "notes": list(joined.notes),
        "matched_by": joined.matched_by,
    }


def _joined(
    ratings: FileRatings, texts: EvaluationTexts, system_names: Mapping[str, str]
) -> JoinedRatings:
    names = texts.names
    chosen = _usual_names(ratings, texts)
    chosen |= {theirs: names[set_id] for theirs, set_id in system_names.items()}
    hypotheses = {names[set_id]: own for set_id, own in texts.hypotheses.items()}
    return join_ratings(ratings, hypotheses, texts.sources, system_names=chosen)


def _stored(workspace: Workspace, scoring: Scoring, scores: Sequence[SegmentScore]) -> Scoring:
    """Stores a scoring, unless it was stored before, or is at this moment by a second click."""
    try:
        workspace.scorings.add(scoring, scores)
    except IntegrityError:
        of_test_set = workspace.scorings.of_test_set(scoring.test_set_hash)
        known = next((each for each in of_test_set if each.id == scoring.id), None)
        if known is None:
            raise
        return known
    return scoring


def _usual_names(ratings: FileRatings, texts: EvaluationTexts) -> dict[str, str]:
    """Gives our names for systems that the file calls as they are called without a number.

    Only one of the texts may be meant: another one of the name is not among them.
    """
    rated = {row.system for row in ratings.rows}
    counts = Counter(each.system_name for each in texts.sets.values())
    ours = set(texts.names.values())
    return {
        each.system_name: texts.names[set_id]
        for set_id, each in texts.sets.items()
        if counts[each.system_name] == 1
        and each.system_name in rated - ours
        and texts.names[set_id] not in rated
    }


def _usual_name(ratings: FileRatings) -> str:
    kind = "Human score" if ratings.kind == "score" else ratings.kind.upper()
    return f"{kind} {ratings.preset}".strip()


def _scores(scoring_id: str, joined: JoinedRatings, set_ids: Sequence[str]) -> list[SegmentScore]:
    return [
        SegmentScore(scoring_id, set_ids[column], int(at), float(scores[at, column]), rater=rater)
        for rater, scores in joined.by_rater.items()
        for at, column in zip(*np.nonzero(np.isfinite(scores)), strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Ratings:
    """The stored ratings of some systems.

    Attributes:
        set_ids: The columns.
        human: Means over raters, `(num_segments, num_systems)`, NaN where nobody rated.
        by_rater: The same for each rater.
    """

    set_ids: tuple[str, ...]
    human: Matrix
    by_rater: dict[str, Matrix]


def stored_ratings(
    workspace: Workspace, scoring: Scoring, set_ids: Sequence[str], num_segments: int
) -> Ratings:
    """Gives the ratings of a scoring for the systems that were rated."""
    counted = workspace.scorings.counts(scoring.id)
    rated = [set_id for set_id in set_ids if set_id in counted]
    shape = (num_segments, len(rated))
    by_rater: dict[str, Matrix] = {}
    for column, set_id in enumerate(rated):
        for score in workspace.scorings.scores(scoring.id, set_id):
            own = by_rater.setdefault(score.rater, np.full(shape, np.nan))
            if score.value is not None:
                own[score.position, column] = score.value
    counts = sum((np.isfinite(own) for own in by_rater.values()), start=np.zeros(shape))
    sums = sum((np.nan_to_num(own) for own in by_rater.values()), start=np.zeros(shape))
    # Rounded, so that the same ratings in another order are a tie.
    means = np.round(sums / np.maximum(counts, 1), 6)
    return Ratings(tuple(rated), np.where(counts > 0, means, np.nan), by_rater)


@dataclass(frozen=True)
class MetricAgreement:
    """One metric beside people.

    Attributes:
        key: The metric's.
        found: Correlations and accuracies with intervals.
    """

    key: str
    found: MetaEvaluation


@dataclass(frozen=True)
class PeopleResult:
    """Metrics beside people, and people beside each other.

    Attributes:
        metrics: One a metric.
        raters: Each two raters; None where no two rated the same.
        raters_and_others: Each rater and the mean of the others; None with fewer than three.
        num_rated: Segments that somebody rated.
        unrelated: Names of metrics that have no value of any hypothesis that people rated.
    """

    metrics: tuple[MetricAgreement, ...]
    raters: RaterAgreement | None
    raters_and_others: RaterAgreement | None
    num_rated: int
    unrelated: tuple[str, ...] = ()


def compare_with_people(found: Evaluated, ratings: Ratings, *, seed: int) -> PeopleResult:
    """Compares every metric of an evaluation with stored ratings, and the raters with each other.

    Args:
        found: The evaluation.
        ratings: Of its systems.
        seed: Of the draws of segments for the intervals.
    """
    metrics, unrelated = [], []
    for metric in found.metrics:
        if metric.kind == HUMAN:
            continue
        scores = metric_matrix(metric, ratings.set_ids, found.texts.num_segments)
        if not (np.isfinite(scores) & np.isfinite(ratings.human)).any():
            unrelated.append(metric.measure.name)
            continue
        agreement = evaluate_metric(
            scores,
            ratings.human,
            name=metric.measure.name,
            is_lower_better=metric.measure.is_lower_better,
            seed=seed,
        )
        metrics.append(MetricAgreement(metric.key, agreement))
    return PeopleResult(
        tuple(metrics),
        compare_raters(ratings.by_rater),
        compare_with_others(ratings.by_rater),
        int(np.isfinite(ratings.human).any(axis=1).sum()),
        tuple(unrelated),
    )


def metric_matrix(metric: MeasuredMetric, set_ids: Sequence[str], num_segments: int) -> Matrix:
    """Gives a metric's segment scores, `(num_segments, num_systems)`, NaN where there are none."""
    by_set = segment_scores(metric)
    missing = np.full(num_segments, np.nan)
    if not set_ids:
        return np.empty((num_segments, 0))
    return np.stack([by_set.get(set_id, missing) for set_id in set_ids], axis=1)


def disagreements(found: Evaluated, metric: MeasuredMetric, ratings: Ratings) -> list[Disagreement]:
    """Gives the hypotheses that a metric and people judge most differently."""
    scores = metric_matrix(metric, ratings.set_ids, found.texts.num_segments)
    is_lower_better = metric.measure.is_lower_better
    return list(
        find_disagreements(
            scores, ratings.human, is_lower_better=is_lower_better, limit=NUM_DISAGREEMENTS
        )
    )
