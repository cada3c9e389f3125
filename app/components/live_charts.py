"""Charts that keep the reader's zoom while new points arrive."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import streamlit as st

from app.assets import PLOTLY_URL

MAX_POINTS: Final = 200
"""Points sent per series and refresh; eight charts of two series stay under 60 KB."""

SERIES_DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SERIES_SYMBOLS: Final = ("circle", "square", "diamond", "triangle-up", "x", "cross")

_HERE: Final = Path(__file__).parent
# isolate_styles=False: the stylesheet that plotly.js adds to the page stops at a shadow root, and
# titles, legend and toolbar end up beside their charts.
_COMPONENT: Final = st.components.v2.component(
    "adaptmllm_live_charts",
    html='<div class="live-charts">\n</div>',
    css=(_HERE / "live_charts.css").read_text(encoding="utf-8"),
    js=(_HERE / "live_charts.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Attributes:
        name: What the legend calls it; unique within the chart.
        x: Positions, usually ascending.
        y: Values, parallel to ``x``; ``None`` and not-a-number leave a gap.
        markers: Whether each point is marked, as fits a few values far apart.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    markers: bool = False


@dataclass(frozen=True)
class Band:
    """A stretch of ``x`` that is tinted, such as a phase of the work.

    Attributes:
        x0: Where it begins.
        x1: Where it ends.
        label: What it is; the legend names each label once.
        shade: Which colour of the theme it has, counted from the last one, so that it seldom meets
            those of the lines; equal labels have equal shades.
    """

    x0: float
    x1: float
    label: str
    shade: int = 0


@dataclass(frozen=True)
class Chart:
    """One chart of the grid.

    Attributes:
        key: Unique within the grid and the same at every refresh; the zoom is kept by it.
        title: Heading of the chart.
        x_title: What ``x`` counts, with unit.
        y_title: What ``y`` measures, with unit.
        series: The lines, in the order of the legend.
        baseline: A value to compare with, e.g. the score of the base model.
        baseline_name: What the baseline is called.
        log_y: Whether the y axis is logarithmic; values of 0 and below are then not drawn.
        from_zero: Whether the y axis begins at 0, as fits amounts.
        stacked: Whether the series are areas on top of each other: parts of a sum.
        bands: Tinted stretches behind the lines.
    """

    key: str
    title: str
    x_title: str
    y_title: str
    series: tuple[Series, ...]
    baseline: float | None = None
    baseline_name: str = ""
    log_y: bool = False
    from_zero: bool = False
    stacked: bool = False
    bands: Sequence[Band] = ()


def live_charts(charts: Sequence[Chart], *, key: str, max_points: int = MAX_POINTS) -> None:
    """Draw the charts in a grid of two columns, or one where there is less than 700 px.

    Called again with the same chart keys, as a fragment does, only the data changes: zoom, hidden
    lines and the tool chosen in the toolbar stay. Needs the routes of ``app.assets``.

    Args:
        charts: The charts in reading order, each with its own ``key``.
        key: Streamlit key of the grid, unique within the page.
        max_points: Most points sent per series, at least 4; more suit a run that has ended.
    """
    _COMPONENT(key=key, data=payload(charts, max_points))


def payload(charts: Sequence[Chart], max_points: int = MAX_POINTS) -> dict[str, Any]:
    """What one refresh sends to the browser, ready for JSON.

    Args:
        charts: The charts in reading order.
        max_points: Most points per series, at least 4.
    """
    return {"plotly_url": PLOTLY_URL, "charts": [_chart_data(c, max_points) for c in charts]}


def down_sampled(series: Series, max_points: int) -> Series:
    """The series with at most ``max_points`` points that still show its shape.

    Between the first and the last point, which stay, the points are cut into stretches of equal
    number, and each stretch gives its smallest and its largest value. No peak is lost, and the
    points keep their order. A series that is short enough is returned as it is.

    Args:
        series: The series.
        max_points: Most points of the result, at least 4.

    Raises:
        ValueError: If ``x`` and ``y`` differ in length or ``max_points`` is below 4.
    """
    if len(series.x) != len(series.y):
        raise ValueError(f"{len(series.x)} x values do not fit {len(series.y)} y values.")
    if max_points < 4:
        raise ValueError(f"A series needs at least 4 points, not {max_points}.")
    if len(series.x) <= max_points:
        return series
    x, y = np.asarray(series.x), np.asarray(series.y, dtype=np.float64)
    chosen = _extremes(y, (max_points - 2) // 2)
    kept = [None if math.isnan(value) else value for value in y[chosen].tolist()]
    return Series(series.name, x[chosen].tolist(), kept, series.markers)


def rounded(values: Iterable[float | None], digits: int = 5) -> list[float | None]:
    """The numbers with ``digits`` significant digits, whole ones as ``int``.

    ``None``, infinity and not-a-number become ``None``, because JSON has no word for them.
    """
    return [_rounded(value, digits) for value in values]


def _extremes(y: npt.NDArray[np.float64], num_stretches: int) -> npt.NDArray[np.intp]:
    """Indices of the first, the last and each stretch's smallest and largest value, ascending."""
    last = len(y) - 1
    edges = np.linspace(1, last, num_stretches + 1).astype(np.intp)
    finite = np.isfinite(y)
    low, high = np.where(finite, y, np.inf), np.where(finite, y, -np.inf)
    chosen = {0, last}
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        chosen.add(start + int(low[start:end].argmin()))
        chosen.add(start + int(high[start:end].argmax()))
    return np.array(sorted(chosen), dtype=np.intp)


def _rounded(value: float | None, digits: int) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def _rounded_x(values: Sequence[float]) -> list[float]:
    """Positions to a hundred-thousandth of their span; whole numbers, such as steps, exactly.

    Significant digits would not do: steps 1000001 and 1000002 would fall on each other.
    """
    span = max(values) - min(values) if len(values) else 0.0
    decimals = max(0, 5 - math.floor(math.log10(span))) if span > 0 else 5
    return [int(v) if float(v).is_integer() else round(float(v), decimals) for v in values]


def _chart_data(chart: Chart, max_points: int) -> dict[str, Any]:
    return {
        "key": chart.key,
        "title": chart.title,
        "x_title": chart.x_title,
        "y_title": chart.y_title,
        "log_y": chart.log_y,
        "from_zero": chart.from_zero,
        "stacked": chart.stacked,
        "bands": [_band_data(band) for band in chart.bands],
        "baseline": None if chart.baseline is None else _rounded(chart.baseline, 5),
        "baseline_name": chart.baseline_name,
        "series": [_series_data(s, i, max_points) for i, s in enumerate(chart.series)],
    }


def _band_data(band: Band) -> dict[str, Any]:
    x0, x1 = rounded((band.x0, band.x1), 6)
    return {"x0": x0, "x1": x1, "label": band.label, "shade": band.shade}


def _series_data(series: Series, index: int, max_points: int) -> dict[str, Any]:
    short = down_sampled(series, max_points)
    return {
        "name": series.name,
        "x": _rounded_x(short.x),
        "y": rounded(short.y),
        "dash": SERIES_DASHES[index % len(SERIES_DASHES)],
        "symbol": SERIES_SYMBOLS[index % len(SERIES_SYMBOLS)] if series.markers else "",
    }
