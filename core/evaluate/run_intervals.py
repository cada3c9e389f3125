"""Intervals of runs' final scores, for runs whose translations stand in Evaluate."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import DataError
from core.evaluate.evaluating import evaluate
from core.evaluate.evaluation_jobs import seconds_needed
from core.evaluate.result_cache import result_key
from core.evaluate.run_sets import fine_tuned_set_id
from core.evaluate.settings import EvaluationSettings
from core.evaluate.texts import load_texts
from core.metrics.lexical import METRICS, SPECS
from core.storage.workspace import Workspace

PATIENCE_S = 2.0  # what a page waits for; more takes Evaluate, as a job

Interval = tuple[float, float]


def run_intervals(workspace: Workspace, run_ids: Sequence[str]) -> dict[str, dict[str, Interval]]:
    """Gives 95 % intervals (low, high) of final scores by run and by the score's name.

    Runs whose translations were not added to Evaluate are left out, and so is what would take
    longer to resample than a page can wait. All runs of a test set share the resamples.

    Args:
        workspace: Where translation sets and statistics are.
        run_ids: Of the runs.
    """
    by_id = {fine_tuned_set_id(each): each for each in run_ids}
    sets = [each for each in workspace.translation_sets.all() if each.id in by_id]
    found: dict[str, dict[str, Interval]] = {}
    for test_set in dict.fromkeys(each.test_set_hash for each in sets):
        ids = [each.id for each in sets if each.test_set_hash == test_set]
        for set_id, intervals in _of_test_set(workspace, test_set, ids).items():
            found[by_id[set_id]] = intervals
    return found


def _of_test_set(
    workspace: Workspace, test_set: str, set_ids: Sequence[str]
) -> dict[str, dict[str, Interval]]:
    keys = tuple(key for key, spec in SPECS.items() if spec.name in METRICS)
    values = {"test_set": test_set, "systems": tuple(set_ids), "metrics": keys}
    settings = EvaluationSettings.parse(values)
    try:
        texts = load_texts(workspace, test_set, set_ids)
        key = result_key(workspace, settings)
        if seconds_needed(workspace, texts, settings, key=key) > PATIENCE_S:
            return {}
        result = evaluate(workspace, settings, key=key, texts=texts).result
    except DataError:  # a set was deleted meanwhile, or nothing of it can be scored
        return {}
    intervals: dict[str, dict[str, Interval]] = {}
    for score in result.scores:
        if score.low is not None and score.high is not None:
            name = SPECS[score.metric].name
            intervals.setdefault(score.set_id, {})[name] = (score.low, score.high)
    return intervals
