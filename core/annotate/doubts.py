"""What an answer still lacks, and what in it looks like a slip: said gently, and logged."""

from __future__ import annotations

from collections.abc import Sequence

from core.annotate.annotation import Annotation
from core.annotate.arriving import Question

# Below it an ESA score says that something is wrong, and Appraise asks where.
ESA_LOW = 66
ESA_HIGH = 90
SQM_PERFECT = 6
SQM_LOW = 2
GRAVE = ("major", "critical")
NUM_SAME_SCORES = 15
FAST_S = 2.0


def missing(question: Question, annotation: Annotation) -> list[str]:
    """Gives codes of what the answer lacks before one can go on: score, ranks, severity, category.

    A segment without errors lacks nothing: going on says that there are none.
    """
    found = []
    if question.protocol == "ranking" and any(rank is None for rank in annotation.ranks):
        found.append("ranks")
    if question.asks_score and question.protocol != "ranking" and annotation.score is None:
        found.append("score")
    if any(not mark.severity for mark in annotation.marks):
        found.append("severity")
    if question.protocol == "mqm" and any(not mark.category for mark in annotation.marks):
        found.append("category")
    return found


def contradictions(
    question: Question,
    annotation: Annotation,
    *,
    active_s: float,
    scores_before: Sequence[float | None] = (),
) -> list[str]:
    """Gives codes of what looks like a slip; the rater may mean it all the same.

    Args:
        question: What was asked.
        annotation: A whole answer.
        active_s: Seconds of work on it.
        scores_before: The rater's scores of the finished items, the newest last.
    """
    found = []
    score = annotation.score
    is_grave = annotation.is_non_translation or any(
        mark.severity in GRAVE for mark in annotation.marks
    )
    if score is not None and question.typology is not None:
        is_perfect, is_poor = _extremes(question, score)
        if is_perfect and is_grave:
            found.append("high_score_with_grave_error")
        if is_poor and not annotation.marks and not annotation.is_non_translation:
            found.append("low_score_without_error")
    if annotation.is_non_translation and annotation.marks:
        found.append("marks_beside_non_translation")
    last = [score, *reversed(scores_before)][:NUM_SAME_SCORES]
    if score is not None and len(last) == NUM_SAME_SCORES and len(set(last)) == 1:
        found.append("same_score_again")
    if active_s < FAST_S:
        found.append("very_fast")
    return found


def _extremes(question: Question, score: float) -> tuple[bool, bool]:
    """Tells whether a score says that all is well, and whether it says that much is wrong."""
    if question.protocol == "esa":
        return score >= ESA_HIGH, score < ESA_LOW
    return score >= SQM_PERFECT, score <= SQM_LOW
