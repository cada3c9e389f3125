"""Optuna's charts in the colours and words of the pages, readable on light and on dark."""

from __future__ import annotations

from typing import Any

from core.search import charts
from core.search.trials import STATES

# From early or low to late or high; neither end drowns in a white or a black background.
SCALE = [[0.0, "#7aa7ff"], [0.5, "#2f9e77"], [1.0, "#f97316"]]
AXIS = "#7f8a86"
_STATE_COLOURS = {
    "finished": "#2f9e77",
    "pruned": "#f97316",
    "failed": "#e11d48",
    "running": "#3b82f6",
    "waiting": "#8a9590",
}


def dressed(figure: Any, name: str) -> Any:
    """Gives the chart with the theme of the pages, its states named as they are elsewhere.

    Args:
        figure: What Optuna drew; it is changed.
        name: Which of `core.search.charts` it is.
    """
    figure.update_layout(template="streamlit")
    figure.update_xaxes(exponentformat="e")
    figure.update_yaxes(exponentformat="e")
    words = {state.name: word for state, word in STATES.items()}
    for trace in figure.data:
        if trace.type == "scatter" and trace.marker.colorscale is not None:
            trace.marker.update(colorscale=SCALE, reversescale=False, size=9)
        elif trace.type == "bar" and trace.name in words:
            word = words[trace.name]
            trace.update(name=word, marker_color=_STATE_COLOURS[word])
    if name == charts.PARALLEL:
        _colour_lines(figure)
    return figure


def _colour_lines(figure: Any) -> None:
    """Colours each trial's line by the objective, which is its first value, from 0 to 1."""
    from plotly.colors import sample_colorscale

    figure.update_layout(plot_bgcolor="rgba(0,0,0,0)")
    figure.update_annotations(font_color=AXIS, bgcolor="rgba(0,0,0,0)")
    figure.update_shapes(line_color=AXIS)
    for trace in figure.data:
        if trace.mode == "lines" and trace.customdata is not None:
            colour = sample_colorscale(SCALE, [min(1.0, max(0.0, float(trace.y[0])))])[0]
            trace.update(line={"color": colour, "width": 2}, opacity=0.8)
