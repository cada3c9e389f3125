"""The charts of a campaign's results."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from app.text import shortened
from core.annotate.results.error_profile import ErrorCount
from core.annotate.results.intervals import Bounds
from core.annotate.results.ranking import SystemRanking

SHOWN_NAME = 28
ROW_PX = 42
_APART = 0.14  # how far the two intervals of a system stand from each other


def ranking_chart(ranking: SystemRanking) -> Any:
    """Gives each system's mean with both intervals; lines part the clusters."""
    import plotly.graph_objects as go

    rated = [each for each in ranking.systems if each.score.mean is not None]
    means = [each.score.mean or 0.0 for each in rated]
    names = [_literal(each.score.system) for each in rated]
    figure = go.Figure()
    intervals = {
        "by segment": ("circle", [each.by_segment for each in rated]),
        "by document": ("diamond", [each.by_document for each in rated]),
    }
    is_double = any(intervals["by document"][1])
    for label, (symbol, bounds) in intervals.items():
        if label == "by segment" or is_double:
            shift = (-_APART if label == "by segment" else _APART) if is_double else 0.0
            figure.add_trace(_means(label, means, shift, symbol, bounds, names))
    for at, (above, below) in enumerate(zip(rated, rated[1:], strict=False)):
        if above.cluster != below.cluster:
            figure.add_hline(y=at + 0.5, line_dash="dash", line_width=1, line_color="gray")
    figure.update_layout(
        height=110 + ROW_PX * len(rated),
        margin={"l": 10, "r": 10, "t": 30, "b": 30},
        title={"text": "Means with 95 % intervals", "font": {"size": 14}},
        xaxis_title=_literal(ranking.scale),
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    ticks = _named_ticks([each.score.system for each in rated])
    figure.update_yaxes(**ticks, range=[len(rated) - 0.5, -0.5])
    return figure


def error_chart(
    counts: Sequence[ErrorCount], systems: Sequence[str], values: Sequence[float]
) -> Any:
    """Gives a heat table: categories down, systems across.

    Args:
        counts: One for each kind of error and system that occurs.
        systems: Names, in the order shown.
        values: What is shown of each count, parallel to `counts`.
    """
    import plotly.graph_objects as go

    categories = list(dict.fromkeys(each.category for each in counts))
    cells = [[0.0] * len(systems) for _ in categories]
    for each, value in zip(counts, values, strict=True):
        cells[categories.index(each.category)][systems.index(each.system)] = value
    heat = go.Heatmap(
        z=cells,
        x=list(range(len(systems))),
        y=list(range(len(categories))),
        text=[[f"{value:.3g}" for value in row] for row in cells],
        texttemplate="%{text}",
        colorscale="Blues",
        zmin=0,
        zmax=max([1e-9, *values]),  # without it Plotly ignores zmin
        showscale=False,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
    )
    figure = go.Figure(heat)
    figure.update_layout(
        height=90 + 34 * len(categories), margin={"l": 10, "r": 10, "t": 10, "b": 30}
    )
    figure.update_xaxes(**_named_ticks(systems), side="top")
    figure.update_yaxes(**_named_ticks(categories), autorange="reversed")
    return figure


def _means(
    label: str,
    means: Sequence[float],
    shift: float,
    symbol: str,
    bounds: Sequence[Bounds | None],
    names: Sequence[str],
) -> Any:
    import plotly.graph_objects as go

    ends = [(each.low, each.high) if each else (mean, mean)
            for each, mean in zip(bounds, means, strict=True)]  # fmt: skip
    pairs = list(zip(means, ends, strict=True))
    return go.Scatter(
        name=label,
        x=list(means),
        y=[at + shift for at in range(len(means))],
        mode="markers",
        marker={"size": 9, "symbol": symbol},
        customdata=[
            [name, f"{low:.3f}", f"{high:.3f}"]
            for name, (low, high) in zip(names, ends, strict=True)
        ],
        hovertemplate="%{customdata[0]}: %{x:.3f} [%{customdata[1]}, %{customdata[2]}]",
        error_x={
            "type": "data",
            "symmetric": False,
            # The mean of draws may lie beside the mean; no bar is shorter than nothing.
            "array": [max(high - mean, 0) for mean, (_, high) in pairs],
            "arrayminus": [max(mean - low, 0) for mean, (low, _) in pairs],
        },
    )


def _named_ticks(names: Sequence[str]) -> dict[str, Any]:
    """Gives the settings of an axis with a name at each of its places, from 0."""
    texts = [_literal(shortened(name, SHOWN_NAME)) for name in names]
    return {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": texts}


def _literal(text: str) -> str:
    """Gives a text that Plotly, which reads tags, shows as it is."""
    return escape(text, quote=False)
