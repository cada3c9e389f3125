"""The charts of Evaluate, out of its results."""

from __future__ import annotations

from typing import Any

from app.text import shortened
from core.evaluate.results import EvaluationResult, MetricResult, ScoreResult

SHOWN_NAME = 28
ROW_PX = 34


def interval_chart(result: EvaluationResult, metric: MetricResult) -> Any:
    """Gives each system's score with its 95 % interval, the baseline as a line."""
    import plotly.graph_objects as go

    rows = [
        (system.name, score)
        for system in result.scored
        if (score := result.score(system.set_id, metric.key)) is not None
    ]
    figure = go.Figure(_interval_markers(rows))
    base = result.score(result.baseline_id, metric.key)
    if base is not None:
        figure.add_vline(x=base.value, line_dash="dot", line_width=1, line_color="gray")
    figure.update_layout(
        height=90 + ROW_PX * len(rows),
        margin={"l": 10, "r": 10, "t": 30, "b": 30},
        title={"text": f"{_literal(metric.name)} with 95 % intervals", "font": {"size": 14}},
        showlegend=False,
    )
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(rows))),
        # Plotly reads tags in a text; a name is shown as it is.
        ticktext=[_literal(shortened(name, SHOWN_NAME)) for name, _ in rows],
        autorange="reversed",
    )
    return figure


def _interval_markers(rows: list[tuple[str, ScoreResult]]) -> Any:
    """Gives a mark for each system, in the order of the rows, with its interval as a bar."""
    import plotly.graph_objects as go

    return go.Scatter(
        x=[score.value for _, score in rows],
        y=list(range(len(rows))),
        mode="markers",
        marker={"size": 10},
        customdata=[_literal(name) for name, _ in rows],
        hovertemplate="%{customdata}: %{x:.2f}<extra></extra>",
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [_distance(score.value, score.high) for _, score in rows],
            "arrayminus": [_distance(score.low, score.value) for _, score in rows],
        },
    )


def _distance(low: float | None, high: float | None) -> float:
    return 0.0 if low is None or high is None else high - low


def bar_chart(
    labels: list[str], series: dict[str, list[float | None]], *, title: str, unit: str
) -> Any:
    """Gives grouped bars: one group a label, one bar a system."""
    import plotly.graph_objects as go

    places = list(range(len(labels)))  # two labels may be cut alike
    figure = go.Figure(
        [
            go.Bar(name=_literal(shortened(name, SHOWN_NAME)), x=places, y=values)
            for name, values in series.items()
        ]
    )
    figure.update_layout(
        height=340,
        margin={"l": 10, "r": 10, "t": 40, "b": 30},
        title={"text": _literal(title), "font": {"size": 14}},
        yaxis_title=_literal(unit),
        barmode="group",
        legend={"orientation": "h", "y": -0.25},
    )
    ticks = [_literal(shortened(label, SHOWN_NAME)) for label in labels]
    figure.update_xaxes(tickmode="array", tickvals=places, ticktext=ticks)
    return figure


def _literal(text: str) -> str:
    """Gives a text that Plotly shows as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
