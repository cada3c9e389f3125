"""An evaluation: the systems of one test set scored, compared with a baseline, and ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.evaluate.leaks import with_leaks
from core.evaluate.measuring import MeasuredMetric, Progress, measure_metrics
from core.evaluate.result_cache import result_key, store_result, stored_result
from core.evaluate.results import EvaluationResult
from core.evaluate.settings import EvaluationSettings
from core.evaluate.summary import summarize
from core.evaluate.texts import EvaluationTexts, load_texts
from core.evaluate.workload import workload_of
from core.metrics.comparison import Comparison, Measured
from core.metrics.measures import Rows
from core.metrics.progress import part_of, shifted
from core.metrics.significance import NUM_SAMPLES, approximate_randomisation, paired_bootstrap
from core.storage.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A result with what it was made from, for looking further into it.

    Attributes:
        result: What was found.
        texts: Sources, references and hypotheses.
        metrics: Statistics of all segments.
        positions: `(num_scored,)`: the segments that count.
        key: The name of all that decided the result, for what else is kept of it.
    """

    result: EvaluationResult
    texts: EvaluationTexts
    metrics: tuple[MeasuredMetric, ...]
    positions: NDArray[np.int64]
    key: str


def evaluate(
    workspace: Workspace,
    settings: EvaluationSettings,
    *,
    name: str = "",
    key: str = "",
    texts: EvaluationTexts | None = None,
    on_progress: Progress | None = None,
) -> Evaluated:
    """Scores and compares the systems of one test set.

    Args:
        workspace: Where translations and statistics are.
        settings: What is compared and how.
        name: Of the evaluation, if it has one.
        key: What `result_key` gives for these settings, where it is known already.
        texts: What `load_texts` gives for these settings, where they were read already.
        on_progress: Told how much of the work is done where something is computed, in milliseconds
            of the estimate; to cancel, it raises, and statistics that are finished stay stored.

    Raises:
        DataError: A translation set is gone or of another test set, a reference is missing, or
            no segment can be scored.
    """
    texts = texts or load_texts(workspace, settings.test_set, settings.systems)
    excluded = excluded_systems(texts, settings)
    positions = _positions(texts, settings, excluded)
    chosen = scored_settings(texts, settings)
    key = key or result_key(workspace, settings)
    result = stored_result(workspace, key)
    counting, comparing = _parts(workspace, texts, chosen, result is not None, on_progress)
    metrics = measure_metrics(workspace, texts, chosen, on_progress=counting)
    if result is None:
        compared = compare(metrics, positions, chosen, on_progress=comparing)
        result = summarize(
            workspace, chosen, texts, metrics, compared, excluded, asked_for=settings.baseline_id
        )
        store_result(workspace, key, result)
    result = with_leaks(workspace, replace(result, name=name), texts)
    return Evaluated(result, texts, tuple(metrics), positions, key)


def _positions(
    texts: EvaluationTexts, settings: EvaluationSettings, excluded: Mapping[str, str]
) -> NDArray[np.int64]:
    """Gives the segments that count.

    Raises:
        DataError: There are none.
    """
    scored = [set_id for set_id in settings.systems if set_id not in excluded]
    positions = texts.common_positions(scored) if scored else np.arange(0)
    if not len(positions):
        reasons = " ".join(dict.fromkeys(excluded.values()))
        raise DataError(
            f"No segment can be scored. {reasons}".strip(),
            hint="Resume the batches in the Playground, or score only the segments that all have.",
        )
    return positions


def _parts(
    workspace: Workspace,
    texts: EvaluationTexts,
    settings: EvaluationSettings,
    has_result: bool,
    on_progress: Progress | None,
) -> tuple[Progress | None, Progress | None]:
    """Gives the progress of the statistics and that of the test, each as a part of the whole."""
    if on_progress is None:
        return None, None
    work = workload_of(workspace, texts, settings, has_result=has_result)
    first, total = work.statistics_ms, work.total_ms
    return (
        part_of(on_progress, 0, first, total),
        part_of(on_progress, first, work.resamples_ms, total),
    )


def excluded_systems(texts: EvaluationTexts, settings: EvaluationSettings) -> dict[str, str]:
    """Gives why some systems are not scored, in one sentence by translation set."""
    found = {}
    for set_id in settings.systems:
        num_missing = int((~texts.is_translated[set_id]).sum())
        if num_missing == texts.num_segments:
            found[set_id] = "It has no translations."
        elif num_missing and not settings.only_common:
            found[set_id] = f"{num_missing} of {texts.num_segments} segments have no translation."
    return found


def scored_settings(texts: EvaluationTexts, settings: EvaluationSettings) -> EvaluationSettings:
    """Gives the settings of the systems that are scored; all of them where none can be."""
    excluded = excluded_systems(texts, settings)
    scored = [set_id for set_id in settings.systems if set_id not in excluded]
    if not scored:
        return settings
    baseline = settings.baseline_id if settings.baseline_id in scored else scored[0]
    return settings.changed(systems=tuple(scored), baseline=baseline)


def compare(
    metrics: Sequence[MeasuredMetric],
    positions: NDArray[np.int64],
    settings: EvaluationSettings,
    *,
    on_progress: Progress | None = None,
) -> dict[str, Comparison]:
    """Compares the systems on a selection of segments, by each metric that knows any of them.

    Args:
        metrics: With statistics of all segments.
        positions: The segments that count.
        settings: Baseline, test and level of significance.
        on_progress: Told how many resamples of how many are done; to cancel, it raises.
    """
    found: dict[str, Comparison] = {}
    groups = _groups(metrics, positions)
    num_draws = settings.samples + (NUM_SAMPLES if settings.test == "ar" else 0)
    for number, (places, group) in enumerate(groups):
        progress = shifted(on_progress, number * num_draws, len(groups) * num_draws)
        sliced: dict[int, Rows] = {}
        measured = [Measured(each.measure, _sliced(each.rows, places, sliced)) for each in group]
        names = measured[0].rows
        baseline = settings.baseline_id if settings.baseline_id in names else next(iter(names))
        compared = _tested(measured, baseline, settings, progress)
        found |= dict(zip((each.key for each in group), compared, strict=True))
    return {each.key: found[each.key] for each in metrics if each.key in found}


def _tested(
    measured: Sequence[Measured],
    baseline: str,
    settings: EvaluationSettings,
    progress: Progress | None,
) -> list[Comparison]:
    num, seed, level = settings.samples, settings.seed, settings.alpha
    if settings.test == "ar":
        return approximate_randomisation(
            measured,
            baseline=baseline,
            num_trials=num,
            seed=seed,
            level=level,
            on_progress=progress,
        )
    return paired_bootstrap(
        measured, baseline=baseline, num_samples=num, seed=seed, level=level, on_progress=progress
    )


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
