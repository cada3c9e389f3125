"""Scores, differences and ranks of systems in files, as rows for JSON and tables.

The fields are named as in an evaluation's own JSON; in place of a translation set stands a system.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from core.commands.text_files import FileTexts
from core.metrics.comparison import Comparison, Interval, Measured
from core.metrics.lexical import MetricSpec
from core.metrics.measures import Rows, lexical_measure, score_of
from core.metrics.progress import Progress, shifted
from core.metrics.statistics import extract_statistics, kind_of, num_references

Row: TypeAlias = dict[str, Any]


def measure_files(
    specs: Sequence[MetricSpec], texts: FileTexts, *, on_progress: Progress | None = None
) -> list[Measured]:
    """Gives each metric with the statistics of every system; metrics share what they can.

    Raises:
        DataError: A segment has no reference.
    """
    references = list(texts.references.values())
    count = num_references(references)
    kinds = {spec: kind_of(spec, references) for spec in specs}
    step = texts.num_segments * len(texts.systems)
    every = step * len(set(kinds.values()))
    known: dict[Any, dict[str, Rows]] = {}
    for kind in dict.fromkeys(kinds.values()):
        progress = shifted(on_progress, step * len(known), every)
        systems = list(texts.systems.values())
        found = extract_statistics(kind, systems, references, on_progress=progress)
        known[kind] = dict(zip(texts.systems, found, strict=True))
    return [
        Measured(lexical_measure(spec, num_references=count), known[kind])
        for spec, kind in kinds.items()
    ]


def score_rows(
    specs: Sequence[MetricSpec], measured: Sequence[Measured], compared: Sequence[Comparison]
) -> list[Row]:
    """Gives a row for each metric and system, the value not rounded.

    Args:
        specs: The metrics.
        measured: Parallel to `specs`.
        compared: Parallel to `specs`, for the intervals; empty where nothing was resampled.
    """
    rows = []
    for at, (spec, each) in enumerate(zip(specs, measured, strict=True)):
        found = compared[at] if compared else None
        intervals = {system.system: system.interval for system in found.systems} if found else {}
        for system, statistics in each.rows.items():
            score = score_of(each.measure, statistics)
            row = {
                "system": system,
                "metric": spec.key,
                "name": score.name,
                "value": score.value,
                **_bounds(intervals.get(system)),
                "num_segments": score.num_segments,
                "signature": score.signature,
                "test_signature": found.signature if found else "",
                "beta": score.beta,
                "is_lower_better": spec.is_lower_better,
            }
            rows.append(row)
    return rows


def difference_rows(specs: Sequence[MetricSpec], compared: Sequence[Comparison]) -> list[Row]:
    """Gives a row for each metric and system that is compared with the baseline."""
    return [
        {
            "system": pair.system,
            "baseline": pair.other,
            "metric": spec.key,
            "delta": pair.delta,
            **_bounds(pair.interval),
            "p_value": pair.p,
            "p_corrected": pair.p_corrected,
            "is_significant": pair.is_significant(),
            "is_better": bool(pair.is_better),
        }
        for spec, found in zip(specs, compared, strict=True)
        for pair in found.against_baseline
    ]


def rank_rows(specs: Sequence[MetricSpec], compared: Sequence[Comparison]) -> list[Row]:
    """Gives a row for each metric and system with its cluster and the ranks left open."""
    return [
        {
            "system": each.system,
            "metric": spec.key,
            "cluster": each.cluster,
            "best_rank": each.ranks[0],
            "worst_rank": each.ranks[1],
        }
        for spec, found in zip(specs, compared, strict=True)
        for each in found.systems
    ]


def _bounds(interval: Interval | None) -> Row:
    names = ("low", "high", "mean", "half_width")
    return {name: getattr(interval, name, None) for name in names}
