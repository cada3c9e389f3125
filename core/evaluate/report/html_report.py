"""An evaluation as one HTML page that needs no network, no script and no other file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from core.evaluate.report import charts, figures
from core.evaluate.report.table import Supplement
from core.evaluate.results import EvaluationResult, MetricResult

if TYPE_CHECKING:
    import jinja2

MAX_SEGMENTS = 200

# A true difference of 1.96 standard errors is found in half of all samples, one of 1.96 + 0.84 in
# four of five (Cohen 1988, "Statistical Power Analysis for the Behavioral Sciences").
_FOUR_OF_FIVE = (1.96 + 0.84) / 1.96


@dataclass(frozen=True)
class Power:
    """What a test set can show by one metric.

    Attributes:
        metric: Its name.
        score: Median half-width of the scores' intervals; None without intervals.
        difference: The same of the differences from the baseline.
        mostly_found: A true difference that four of five such test sets would find.
        decimals: With which these are printed.
    """

    metric: str
    score: float | None
    difference: float | None
    mostly_found: float | None
    decimals: int


def html_report(
    result: EvaluationResult,
    supplement: Supplement | None = None,
    *,
    has_all_segments: bool = False,
) -> str:
    """Gives the page.

    Args:
        result: What was found.
        supplement: Tables and published scores to be shown with it.
        has_all_segments: Whether `segments.csv` lies beside the page.
    """
    template = _environment().get_template("report.html")
    decimals = {metric.key: figures.decimals_of(result, metric) for metric in result.metrics}
    return template.render(
        result=result,
        supplement=supplement or Supplement(),
        has_all_segments=has_all_segments,
        max_segments=MAX_SEGMENTS,
        title=result.name or f"{result.test_set_name}: {figures.direction(result)}",
        direction=figures.direction(result),
        baseline=figures.system_name(result, result.baseline_id),
        test=figures.test_words(result),
        segments=figures.segments_words(result),
        interval=figures.interval_words(result),
        metric_notes=figures.metric_notes(result),
        metrics={metric.key: metric for metric in result.metrics},
        decimals=decimals,
        best={
            metric.key: figures.best_sets(result, metric, decimals[metric.key])
            for metric in result.metrics
        },
        score_plots=_plots(result, charts.score_plot),
        difference_plots=_plots(result, charts.difference_plot),
        power=[_power(result, metric) for metric in result.metrics],
    )


def provenance_rows(provenance: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Gives what is known of a system's origin line by line: `parameters.beam`, `5`."""
    for key, value in provenance.items():
        if value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            for name, text in provenance_rows(value):
                yield f"{key}.{name}", text
        elif isinstance(value, str):
            yield str(key), value
        else:
            yield str(key), json.dumps(value, ensure_ascii=False, default=str)


def _plots(
    result: EvaluationResult,
    draw: Callable[[EvaluationResult, MetricResult], charts.Plot | None],
) -> list[tuple[MetricResult, charts.Plot]]:
    found = ((metric, draw(result, metric)) for metric in result.metrics)
    return [(metric, plot) for metric, plot in found if plot]


def _power(result: EvaluationResult, metric: MetricResult) -> Power:
    scores = [each.half_width for each in result.scores if each.metric == metric.key]
    intervals = [(each.low, each.high) for each in result.differences if each.metric == metric.key]
    differences = [
        (high - low) / 2
        for low, high in intervals
        if figures.is_finite(low) and figures.is_finite(high)
    ]
    difference = _median(differences)
    return Power(
        metric=metric.name,
        score=_median([each for each in scores if figures.is_finite(each)]),
        difference=difference,
        mostly_found=None if difference is None else difference * _FOUR_OF_FIVE,
        decimals=figures.decimals_of(result, metric),
    )


def _median(values: list[float]) -> float | None:
    return median(values) if values else None


@cache
def _environment() -> jinja2.Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": figures.number,
        "p_value": figures.p_value,
        "sentence": figures.sentence,
        "cell": _cell,
        "provenance_rows": provenance_rows,
    }
    environment.tests["figure"] = _is_figure
    return environment


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return value if isinstance(value, str) else figures.number(value)


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
