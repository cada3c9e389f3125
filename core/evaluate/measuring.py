"""The statistics of an evaluation: those of metrics from the cache, those of scorers as stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.evaluate.metric_names import metric_names
from core.evaluate.scorers.scorer_signatures import scorer_signature
from core.evaluate.scorers.scoring_results import set_scores
from core.evaluate.settings import SCORING, EvaluationSettings
from core.evaluate.texts import EvaluationTexts, normalized
from core.metrics.lexical import Family, find_specs
from core.metrics.measures import (
    Measure,
    Rows,
    corpus_value,
    lexical_measure,
    mean_measure,
    segment_values,
)
from core.metrics.statistics import (
    References,
    StatisticsKind,
    kind_of,
    num_references,
)
from core.metrics.statistics_cache import StatisticsCache
from core.storage.workspace import Workspace

Progress = Callable[[int, int], None]

# Of one segment on one core, from `make bench`; only for what a page may wait for, and progress.
_MICROSECONDS_A_SEGMENT: dict[Family, int] = {"bleu": 50, "chrf": 200, "ter": 3000}


@dataclass(frozen=True, eq=False)
class MeasuredMetric:
    """A metric with the statistics of every system, all segments of the test set in them.

    Attributes:
        key: As the settings name it.
        measure: The metric.
        rows: `(num_segments, k)` by translation set; systems that it does not know are absent.
        is_known: `(num_segments,)` by translation set: where a scorer gave no value it is False.
        kind: `lexical`, `external`, `judge` or `human`.
    """

    key: str
    measure: Measure
    rows: Mapping[str, Rows]
    is_known: Mapping[str, NDArray[np.bool_]]
    kind: str = "lexical"


def chosen_references(texts: EvaluationTexts, settings: EvaluationSettings) -> References:
    """Gives the references that count, normalised where the settings ask for it.

    Raises:
        DataError: One of them is not there.
    """
    found: list[Sequence[str | None]] = []
    for name in settings.references:
        if name not in texts.references:
            raise DataError(
                f"The test set has no reference {name!r}.",
                hint=f"There are {', '.join(texts.references)}.",
            )
        found.append(texts.references[name])
    if settings.is_normalized:
        return [normalized(each) for each in found]
    return found


def chosen_hypotheses(
    texts: EvaluationTexts, settings: EvaluationSettings, set_id: str
) -> list[str]:
    """Gives a system's hypotheses as they are scored."""
    hypotheses = texts.hypotheses[set_id]
    return normalized(hypotheses) if settings.is_normalized else hypotheses


def measure_metrics(
    workspace: Workspace,
    texts: EvaluationTexts,
    settings: EvaluationSettings,
    *,
    on_progress: Progress | None = None,
) -> list[MeasuredMetric]:
    """Gives every metric of the settings with the statistics of every system.

    Args:
        workspace: Where the cache and the scorings are.
        texts: Of all systems of the settings.
        settings: Which metrics and references.
        on_progress: Told how much of the work is done where something is computed, in hypotheses
            that count by the time that their metric takes.

    Raises:
        DataError: A reference is missing, or a scoring is gone.
    """
    references = chosen_references(texts, settings)
    systems = {each: chosen_hypotheses(texts, settings, each) for each in settings.systems}
    cache = StatisticsCache(workspace.statistics_folder)
    kinds = needed_kinds(settings, references)
    by_kind = cache.ensure(
        kinds, systems, references, weights=_MICROSECONDS_A_SEGMENT, on_progress=on_progress
    )
    everywhere = np.ones(texts.num_segments, dtype=bool)
    names = metric_names(workspace, settings.test_set)
    found = []
    for key in settings.metrics:
        if key.startswith(SCORING):
            found.append(_of_scoring(workspace, settings, key, names))
            continue
        (spec,) = find_specs([key], tokenizer=settings.tokenizer)
        measure = lexical_measure(spec, num_references=num_references(references))
        rows = by_kind[kind_of(spec, references)]
        found.append(MeasuredMetric(key, measure, rows, dict.fromkeys(rows, everywhere)))
    return found


def needed_kinds(settings: EvaluationSettings, references: References) -> list[StatisticsKind]:
    """Gives the statistics that the settings' metrics are made from, each once."""
    keys = [key for key in settings.metrics if not key.startswith(SCORING)]
    specs = find_specs(keys, tokenizer=settings.tokenizer) if keys else []
    return list(dict.fromkeys(kind_of(spec, references) for spec in specs))


def seconds_missing(
    workspace: Workspace, texts: EvaluationTexts, settings: EvaluationSettings
) -> float:
    """Estimates the processor seconds for what is not in the cache; 0 if nothing is missing."""
    references = chosen_references(texts, settings)
    systems = {each: chosen_hypotheses(texts, settings, each) for each in settings.systems}
    cache = StatisticsCache(workspace.statistics_folder)
    missing = cache.missing(needed_kinds(settings, references), systems, references)
    microseconds = sum(_MICROSECONDS_A_SEGMENT[kind.family] for kind, _ in missing)
    return microseconds * texts.num_segments * len(references) / 1e6


def segment_scores(metric: MeasuredMetric) -> dict[str, NDArray[np.float64]]:
    """Gives each system's score of every segment, NaN where there is none, `(num_segments,)`."""
    return {
        set_id: np.where(metric.is_known[set_id], segment_values(metric.measure, rows), np.nan)
        for set_id, rows in metric.rows.items()
    }


def subset_scores(metric: MeasuredMetric, positions: NDArray[np.intp]) -> dict[str, float]:
    """Gives each system's score of some segments together; of none that it has no value for."""
    found = {}
    for set_id, rows in metric.rows.items():
        known = positions[metric.is_known[set_id][positions]]
        if len(known):
            found[set_id] = corpus_value(metric.measure, rows[known])
    return found


def _of_scoring(
    workspace: Workspace, settings: EvaluationSettings, key: str, names: Mapping[str, str]
) -> MeasuredMetric:
    scoring = workspace.scorings.get(key.removeprefix(SCORING))
    rows, is_known = {}, {}
    for set_id in settings.systems:
        values = set_scores(workspace, scoring.id, set_id).values
        known = np.isfinite(values)
        if known.any():
            rows[set_id] = np.where(known, values, 0.0).reshape(-1, 1)
            is_known[set_id] = known
    measure = mean_measure(
        names.get(key, scoring.name),  # one of another test set has no name here
        scorer_signature(scoring),
        is_lower_better=scoring.is_lower_better,
    )
    return MeasuredMetric(key, measure, rows, is_known, scoring.kind)
