"""The errors that a judge marked in the translations of one system, segment by segment."""

from __future__ import annotations

from core.evaluate.scorers.judge.spans import JudgedError
from core.storage.workspace import Workspace


def marked_errors(
    workspace: Workspace, scoring_id: str, set_id: str
) -> dict[int, tuple[JudgedError, ...]]:
    """Gives the errors by segment number, from 0; a segment without errors has an empty tuple.

    Segments that were not judged, or in vain, are left out, and so are all of a judge that gives
    scores only.

    Raises:
        DataError: There is no such scoring.
    """
    scoring = workspace.scorings.get(scoring_id)
    return {
        score.position: tuple(JudgedError(**error) for error in score.details["errors"])
        for score in workspace.scorings.scores(scoring.id, set_id)
        if score.value is not None and "errors" in score.details
    }
