"""What a judge said of one translation: its score, and the errors that it marked."""

from __future__ import annotations

from dataclasses import dataclass

from core.evaluate.scorers.judge.spans import JudgedError
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class JudgedSegment:
    """The verdict of a judge on one translation of one segment.

    Attributes:
        value: The score; None where the answer could not be read.
        failure: Why there is none, in one sentence; else empty.
        errors: What was marked; None of a judge that gives scores only.
    """

    value: float | None
    failure: str
    errors: tuple[JudgedError, ...] | None


def judged_segment(
    workspace: Workspace, scoring_id: str, set_id: str, position: int
) -> JudgedSegment | None:
    """Gives the verdict on a segment, counted from 0; None where it was not judged."""
    found = workspace.scorings.scores_at(scoring_id, set_id, position)
    if not found:
        return None
    (score,) = found
    errors = score.details.get("errors") if score.value is not None else None
    marked = None if errors is None else tuple(JudgedError(**error) for error in errors)
    return JudgedSegment(score.value, score.failure, marked)
