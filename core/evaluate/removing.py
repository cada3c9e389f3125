"""Taking translations away, unless somebody is at work on them."""

from __future__ import annotations

from core.evaluate.scorers.scoring_jobs import check_not_needed
from core.storage.workspace import Workspace
from core.systems.batch.batches import delete_set


def delete_translations(workspace: Workspace, set_id: str) -> None:
    """Deletes a translation set with its segments and their scores.

    Raises:
        ConfigError: Its batch, or a scorer, is still at work on it.
        DataError: There is none.
    """
    check_not_needed(workspace, set_id)
    delete_set(workspace, set_id)
