"""An evaluation: the systems of one test set scored, compared with a baseline, and ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.evaluate.measuring import MeasuredMetric, Progress, measure_metrics
from core.evaluate.result_cache import result_key, store_result, stored_result
from core.evaluate.results import EvaluationResult
from core.evaluate.settings import EvaluationSettings
from core.evaluate.summary import summarize
from core.evaluate.texts import EvaluationTexts, load_texts
from core.metrics.comparison import Comparison, Measured
from core.metrics.measures import Rows
from core.metrics.significance import approximate_randomisation, paired_bootstrap
from core.storage.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A result with what it was made from, for looking further into it.

    Attributes:
        result: What was found.
        texts: Sources, references and hypotheses.
        metrics: Statistics of all segments.
        positions: `(num_scored,)`: the segments that count.
    """

    result: EvaluationResult
    texts: EvaluationTexts
    metrics: tuple[MeasuredMetric, ...]
    positions: NDArray[np.int64]


def evaluate(
    workspace: Workspace,
    settings: EvaluationSettings,
    *,
    name: str = "",
    on_progress: Progress | None = None,
) -> Evaluated:
    """Scores and compares the systems of one test set.

    Args:
        workspace: Where translations and statistics are.
        settings: What is compared and how.
        name: Of the evaluation, if it has one.
        on_progress: Told how many hypotheses of how many are done where something is computed.

    Raises:
        DataError: A translation set is gone or of another test set, a reference is missing, or
            no segment can be scored.
    """
    texts = load_texts(workspace, settings.test_set, settings.systems)
    excluded = _excluded(texts, settings)
    scored = [set_id for set_id in settings.systems if set_id not in excluded]
    positions = texts.common_positions(scored) if scored else np.arange(0)
    if not len(positions):
        reasons = " ".join(dict.fromkeys(excluded.values()))
        raise DataError(
            f"No segment can be scored. {reasons}".strip(),
            hint="Resume the batches in the Playground, or score only the segments that all have.",
        )
    chosen = _of_scored(settings, scored)
    metrics = measure_metrics(workspace, texts, chosen, on_progress=on_progress)
    key = result_key(workspace, settings)
    result = stored_result(workspace, key)
    if result is None:
        compared = compare(metrics, positions, chosen)
        result = summarize(workspace, chosen, texts, metrics, compared, excluded)
        store_result(workspace, key, result)
    return Evaluated(replace(result, name=name), texts, tuple(metrics), positions)


def _excluded(texts: EvaluationTexts, settings: EvaluationSettings) -> dict[str, str]:
    """Gives why some systems are not scored."""
    found = {}
    for set_id in settings.systems:
        num_missing = int((~texts.is_translated[set_id]).sum())
        if num_missing == texts.num_segments:
            found[set_id] = "It has no translations."
        elif num_missing and not settings.only_common:
            found[set_id] = f"{num_missing} of {texts.num_segments} segments have no translation."
    return found


def _of_scored(settings: EvaluationSettings, scored: Sequence[str]) -> EvaluationSettings:
    baseline = settings.baseline_id if settings.baseline_id in scored else scored[0]
    return settings.changed(systems=tuple(scored), baseline=baseline)


def compare(
    metrics: Sequence[MeasuredMetric],
    positions: NDArray[np.int64],
    settings: EvaluationSettings,
) -> dict[str, Comparison]:
    """Compares the systems on a selection of segments, by each metric that knows any of them.

    Args:
        metrics: With statistics of all segments.
        positions: The segments that count.
        settings: Baseline and test.
    """
    found: dict[str, Comparison] = {}
    for places, group in _groups(metrics, positions):
        sliced: dict[int, Rows] = {}
        measured = [Measured(each.measure, _sliced(each.rows, places, sliced)) for each in group]
        names = measured[0].rows
        baseline = settings.baseline_id if settings.baseline_id in names else next(iter(names))
        if settings.test == "ar":
            compared = approximate_randomisation(
                measured, baseline=baseline, num_trials=settings.samples, seed=settings.seed
            )
        else:
            compared = paired_bootstrap(
                measured, baseline=baseline, num_samples=settings.samples, seed=settings.seed
            )
        found |= dict(zip((each.key for each in group), compared, strict=True))
    return {each.key: found[each.key] for each in metrics if each.key in found}


def _groups(
    metrics: Sequence[MeasuredMetric], positions: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], list[MeasuredMetric]]]:
    """Gives metrics that know the same segments of the same systems together: one draw for all."""
    groups: dict[tuple[bytes, tuple[str, ...]], tuple[NDArray[np.int64], list[MeasuredMetric]]] = {}
    for metric in metrics:
        places = positions
        for known in metric.is_known.values():
            places = places[known[places]]
        if metric.rows and len(places):
            key = (places.tobytes(), tuple(metric.rows))
            groups.setdefault(key, (places, []))[1].append(metric)
    return list(groups.values())


def _sliced(
    rows: Mapping[str, Rows], places: NDArray[np.int64], sliced: dict[int, Rows]
) -> dict[str, Rows]:
    """Gives the rows of the segments that count; metrics that share rows share these as well."""
    for each in rows.values():
        if id(each) not in sliced:
            sliced[id(each)] = each if len(places) == len(each) else each[places]
    return {set_id: sliced[id(each)] for set_id, each in rows.items()}
