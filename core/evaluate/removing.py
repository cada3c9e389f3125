"""Taking translations and references away, unless somebody is at work on them."""

from __future__ import annotations

from core.errors import DataError
from core.evaluate.scorers import scoring_jobs
from core.storage.workspace import Workspace
from core.systems.batch.batches import delete_set


def delete_translations(workspace: Workspace, set_id: str) -> None:
    """Deletes a translation set with its segments and their scores.

    With the last one of a test set its scorers and ratings go, which have scored nothing else;
    further references stay, for the test set may be translated again.

    Raises:
        ConfigError: Its batch, or a scorer, is still at work on it.
        DataError: There is none.
    """
    test_set_hash = workspace.translation_sets.get(set_id).test_set_hash
    scoring_jobs.check_not_needed(workspace, set_id)
    delete_set(workspace, set_id)
    if not workspace.translation_sets.of_test_set(test_set_hash):
        for scoring in workspace.scorings.of_test_set(test_set_hash):
            scoring_jobs.delete(workspace, scoring.id)


def delete_reference(workspace: Workspace, test_set_hash: str, name: str) -> None:
    """Deletes a further reference of a test set.

    Raises:
        DataError: It has none of this name.
    """
    if name not in workspace.test_set_texts.names(test_set_hash, "reference"):
        raise DataError(f"The test set has no further reference {name!r}.")
    workspace.test_set_texts.delete(test_set_hash, "reference", name)
