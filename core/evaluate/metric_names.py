"""The names of metrics: no two metrics of a test set have the same one."""

from __future__ import annotations

from core.evaluate.combining import unused_name
from core.evaluate.settings import SCORING
from core.metrics.lexical import SPECS
from core.storage.workspace import Workspace


def metric_names(workspace: Workspace, test_set: str) -> dict[str, str]:
    """Gives the names of all metrics by key: sacreBLEU's, then those of scorers, oldest first.

    A scorer whose name is taken already gets a number after it: two runs of one judge, or ratings
    that somebody called BLEU, stay two columns of every table.

    Args:
        workspace: Where the scorings are.
        test_set: SHA-256 of the test set whose scorers are named.
    """
    names = {key: spec.name for key, spec in SPECS.items()}
    taken = set(names.values())
    scorings = workspace.scorings.of_test_set(test_set)
    for each in sorted(scorings, key=lambda each: (each.created_at, each.id)):
        name = unused_name(each.name, taken)
        names[f"{SCORING}{each.id}"] = name
        taken.add(name)
    return names
