"""Plots of intervals as places on a strip, in percent of its width, for any width of page."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.evaluate.report.figures import decimals_of, is_finite, number, p_value
from core.evaluate.results import EvaluationResult, MetricResult

_MOST_TICKS = 5
_EMPTY_EDGE = 0.06  # of the width, so that labels of ticks have room


@dataclass(frozen=True)
class Mark:
    """A system's line of a plot.

    Attributes:
        name: Of the system.
        text: Its value and interval, as people read them.
        x: Place of the value, in percent.
        low_x, high_x: Places of the interval's bounds; None without an interval.
        is_full: Whether the point is filled.
    """

    name: str
    text: str
    x: float
    low_x: float | None
    high_x: float | None
    is_full: bool


@dataclass(frozen=True)
class Plot:
    """Values with intervals by one metric.

    Attributes:
        title: The metric.
        marks: One a system, in the order chosen.
        ticks: Place, in percent, and label of each tick.
        line_x: Place of the line to compare with; None without one.
    """

    title: str
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    line_x: float | None


@dataclass(frozen=True)
class _Row:
    name: str
    text: str
    value: float
    low: float | None
    high: float | None
    is_full: bool


def score_plot(result: EvaluationResult, metric: MetricResult) -> Plot | None:
    """Gives the scores by a metric, with the baseline's as the line; None if there are none."""
    decimals = decimals_of(result, metric)
    rows = []
    for system in result.scored:
        score = result.score(system.set_id, metric.key)
        if score is None or not is_finite(score.value):
            continue
        text = _interval_text(score.value, score.low, score.high, decimals)
        is_baseline = system.set_id == result.baseline_id
        rows.append(_Row(system.name, text, score.value, score.low, score.high, is_baseline))
    baseline = result.score(result.baseline_id, metric.key)
    line = baseline.value if baseline and is_finite(baseline.value) else None
    return _plot(metric.name, rows, line)


def difference_plot(result: EvaluationResult, metric: MetricResult) -> Plot | None:
    """Gives the differences from the baseline by a metric, significant ones filled; None if none.

    The line is at 0.
    """
    decimals = decimals_of(result, metric)
    rows = []
    for system in result.scored:
        each = result.difference(system.set_id, metric.key)
        if each is None or not is_finite(each.delta):
            continue
        text = _interval_text(each.delta, each.low, each.high, decimals, is_signed=True)
        text += f", p = {p_value(each.p_corrected)}".replace("= <", "< ")
        rows.append(_Row(system.name, text, each.delta, each.low, each.high, each.is_significant))
    return _plot(metric.name, rows, 0.0)


def ticks_between(low: float, high: float) -> list[float]:
    """Gives at most five round numbers from `low` to `high`: 1, 2 or 5 of a power of ten apart."""
    power = 10.0 ** math.floor(math.log10((high - low) / _MOST_TICKS))
    steps = (step * power for step in (1, 2, 5, 10, 20))
    step = next(step for step in steps if _num_ticks(low, high, step) <= _MOST_TICKS)
    first = math.ceil(low / step)
    return [(first + number) * step for number in range(_num_ticks(low, high, step))]


def _num_ticks(low: float, high: float, step: float) -> int:
    return max(0, math.floor(high / step) - math.ceil(low / step) + 1)


def _plot(title: str, rows: list[_Row], line: float | None) -> Plot | None:
    if not rows:
        return None
    places = [row.value for row in rows] + ([] if line is None else [line])
    places += [each for row in rows for each in (row.low, row.high) if is_finite(each)]
    low, high = min(places), max(places)
    if high - low <= 1e-9 * max(1.0, abs(high)):
        low, high = low - 1, high + 1
    margin = (high - low) * _EMPTY_EDGE
    low, high = low - margin, high + margin

    def percent(value: float | None) -> float | None:
        return round(100 * (value - low) / (high - low), 3) if is_finite(value) else None

    ticks = ticks_between(low, high)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return Plot(
        title=title,
        marks=tuple(
            Mark(
                row.name,
                row.text,
                percent(row.value) or 0.0,
                percent(row.low),
                percent(row.high),
                row.is_full,
            )
            for row in rows
        ),
        ticks=tuple((percent(tick) or 0.0, number(tick, digits)) for tick in ticks),
        line_x=percent(line),
    )


def _interval_text(
    value: float, low: float | None, high: float | None, decimals: int, *, is_signed: bool = False
) -> str:
    text = number(value, decimals, is_signed=is_signed)
    if is_finite(low) and is_finite(high):
        bounds = (number(each, decimals, is_signed=is_signed) for each in (low, high))
        text += f" [{', '.join(bounds)}]"
    return text
