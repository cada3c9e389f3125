"""Charts of finished runs, as values for ``st.plotly_chart``."""

import math
from html import escape
from typing import TYPE_CHECKING, Any, Final

from app.components.live_charts import (
    SERIES_DASHES,
    SERIES_SYMBOLS,
    Chart,
    Series,
    down_sampled,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

MAX_FINISHED_POINTS: Final = 2000


def finished_chart(chart: Chart) -> "go.Figure":
    """The chart of a finished run, looking like its live twin but with ten times the points.

    Show it with ``st.plotly_chart(figure, theme="streamlit")``, which gives it its colours.
    """
    # plotly takes 0.3 s to import: only pages that draw a figure wait for it.
    import plotly.graph_objects as go

    figure = go.Figure([_trace(series, index) for index, series in enumerate(chart.series)])
    figure.update_layout(
        title={"text": _plain(chart.title), "font": {"size": 14, "weight": 600}},
        height=320,
        margin={"l": 48, "r": 12, "t": 44, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="x unified",
        showlegend=len(chart.series) > 1,
        legend={"orientation": "h", "x": 0, "yref": "container", "y": 0, "yanchor": "bottom"},
    )
    figure.update_xaxes(**_x_axis(chart))
    figure.update_yaxes(**_y_axis(chart))
    if all(value is None for series in chart.series for value in series.y):
        _say_no_data(figure)
    else:
        _add_baseline(figure, chart)
    return figure


def _trace(series: Series, index: int) -> dict[str, Any]:
    short = down_sampled(series, MAX_FINISHED_POINTS)
    return {
        "type": "scatter",
        "name": _plain(series.name),
        "x": list(short.x),
        "y": list(short.y),
        "mode": "lines+markers" if series.markers else "lines",
        "line": {"width": 2, "dash": SERIES_DASHES[index % len(SERIES_DASHES)]},
        "marker": {"size": 7, "symbol": SERIES_SYMBOLS[index % len(SERIES_SYMBOLS)]},
        "cliponaxis": False,
    }


def _x_axis(chart: Chart) -> dict[str, Any]:
    lowest = min((min(series.x) for series in chart.series if len(series.x)), default=0.0)
    return {
        "title": {"text": _plain(chart.x_title), "standoff": 14},
        "automargin": True,
        "rangemode": "nonnegative" if lowest >= 0 else "normal",
        "exponentformat": "none",
        "separatethousands": True,
        "hoverformat": ",.7~g",
        "showgrid": True,
        "unifiedhovertitle": {"text": f"{_plain(chart.x_title)} %{{x}}"},
        "zeroline": False,
    }


def _y_axis(chart: Chart) -> dict[str, Any]:
    values = (value for series in chart.series for value in series.y if value is not None)
    axis = {
        "title": {"text": _plain(chart.y_title), "standoff": 14},
        "automargin": True,
        "exponentformat": "e" if all(abs(value) < 1e-3 for value in values) else "B",
        "hoverformat": ".5~g",
        "zeroline": False,
    }
    return {**axis, "type": "log", "nticks": 5} if chart.log_y else {**axis, "type": "linear"}


def _add_baseline(figure: "go.Figure", chart: Chart) -> None:
    value = chart.baseline
    if value is None or not math.isfinite(value) or (chart.log_y and value <= 0):
        return
    line = {"color": "gray", "width": 1.5, "dash": "dash"}
    figure.add_shape(
        type="line", layer="below", xref="x domain", x0=0, x1=1, y0=value, y1=value, line=line
    )
    # Unlike shapes, annotations on a logarithmic axis are placed by exponent.
    figure.add_annotation(
        text=_plain(f"{chart.baseline_name} {value:.5g}".strip()),
        showarrow=False,
        xref="x domain",
        x=1,
        xanchor="right",
        y=math.log10(value) if chart.log_y else value,
        yanchor="bottom",
        font={"size": 11},
    )


def _say_no_data(figure: "go.Figure") -> None:
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        text="No data yet", showarrow=False, xref="x domain", x=0.5, yref="y domain", y=0.5
    )


def _plain(text: str) -> str:
    """The text as plotly.js shows it literally; it reads ``<b>`` and ``&amp;`` in texts."""
    return escape(text, quote=False)
