"""The charts of a corpus, out of what `core` measured; each with a name for its download."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.corpora.histogram import Histogram

HEIGHT_PX = 300
MARGIN = {"l": 10, "r": 20, "t": 40, "b": 30}
LIMIT_COLOUR = "#e5484d"  # stands out from a white and from a black background
LINE_COLOUR = "#8a9590"
MAX_RATIO_LOG2 = 4  # sixteen times as long
LEAST_TICKS = 3  # fewer tell nothing of the places between them


def chart(figure: Any, *, key: str, name: str, alt: str) -> None:
    """Shows a figure in the theme of the page; its toolbar saves it as an SVG image.

    Args:
        figure: What to show.
        key: Unique on the page.
        name: Of the file, without its ending.
        alt: What it shows, for those who cannot see it.
    """
    options = {"format": "svg", "filename": name}
    config = {"displaylogo": False, "toImageButtonOptions": options}
    st.plotly_chart(figure, width="stretch", key=key, alt=alt, config=config)


def length_chart(lengths: Histogram, *, title: str, unit: str, limit: int | None = None) -> Any:
    """Gives the histogram of lengths; where the trainer cuts stands a line.

    Args:
        lengths: Of segments.
        title: What they are the lengths of.
        unit: `characters` or `tokens`.
        limit: What is longer is cut; None for no line.
    """
    import plotly.graph_objects as go

    figure = go.Figure(_bars(lengths, hover=f"%{{customdata}} {unit}: %{{y:,}} segments"))
    if limit is not None:
        # Added to the range, or else a line beyond the bars would not be seen.
        end = max(lengths.edges[-1], 1.1 * limit)
        figure.update_xaxes(range=[0, end])
        figure.add_vline(x=limit, line={"dash": "dash", "width": 2, "color": LIMIT_COLOUR})
        figure.add_annotation(  # above the bars, which may be of any height there
            x=limit,
            y=1,
            yref="paper",
            yanchor="bottom",
            showarrow=False,
            text=f"cut at {limit:,}",
        )
    _lay_out(figure, title, f"length ({unit})", "segments")
    return figure


def _bars(found: Histogram, *, hover: str) -> Any:
    import plotly.graph_objects as go

    edges = found.edges
    pairs = list(zip(edges, edges[1:], strict=False))
    return go.Bar(
        x=[(low + high) / 2 for low, high in pairs],
        y=list(found.counts),
        width=[high - low for low, high in pairs],
        marker={"line": {"width": 0}},
        customdata=[_whole_numbers(low, high) for low, high in pairs],
        hovertemplate=hover + "<extra></extra>",
    )


def _whole_numbers(low: float, high: float) -> str:
    """Gives a bin of whole numbers, as `10 to 19`; it does not hold its upper edge."""
    return f"{low:,.0f}" if high - low <= 1 else f"{low:,.0f} to {high - 1:,.0f}"


def ratio_chart(ratios: Histogram, *, title: str) -> Any:
    """Gives the histogram of length ratios on a scale where half and twice are equally far."""
    import plotly.graph_objects as go

    edges = ratios.edges
    pairs = list(zip(edges, edges[1:], strict=False))
    figure = go.Figure(
        go.Bar(
            x=[(low + high) / 2 for low, high in pairs],
            y=list(ratios.counts),
            width=[high - low for low, high in pairs],
            customdata=[f"{2**low:.2g} to {2**high:.2g}" for low, high in pairs],
            hovertemplate="%{customdata} times as long: %{y:,} pairs<extra></extra>",
        )
    )
    powers = range(-MAX_RATIO_LOG2, MAX_RATIO_LOG2 + 1)
    shown = [power for power in powers if edges[0] <= power <= edges[-1]]
    figure.update_xaxes(
        tickmode="array",
        tickvals=shown,
        ticktext=[f"{2**power}" if power >= 0 else f"1/{2**-power}" for power in shown],
    )
    figure.add_vline(x=0, line={"dash": "dot", "width": 1, "color": LINE_COLOUR})
    _lay_out(figure, title, "target length / source length (characters)", "pairs")
    return figure


def scatter_chart(
    points: Sequence[tuple[int, int]], ratio: float | None, *, title: str, names: tuple[str, str]
) -> Any:
    """Gives pairs in the plane of their lengths, and the line on which the median ratio lies.

    Args:
        points: (source length, target length) in characters; empty sides are left out.
        ratio: The median of target length / source length; None for no line.
        title: What they are.
        names: Of the languages.
    """
    import plotly.graph_objects as go

    there = [(source, target) for source, target in points if source and target]
    figure = go.Figure(
        go.Scatter(
            x=[source for source, _ in there],
            y=[target for _, target in there],
            mode="markers",
            marker={"size": 5, "opacity": 0.45},
            hovertemplate=f"{names[0]} %{{x:,}}, {names[1]} %{{y:,}} characters<extra></extra>",
        )
    )
    if ratio and there:
        least, most = min(there)[0], max(there)[0]
        figure.add_trace(
            go.Scatter(
                x=[least, most],
                y=[least * ratio, most * ratio],
                mode="lines",
                line={"dash": "dash", "width": 2, "color": LINE_COLOUR},
                hoverinfo="skip",
            )
        )
    _lay_out(figure, title, f"{names[0]} (characters)", f"{names[1]} (characters)")
    figure.update_xaxes(type="log", **_ticks([source for source, _ in there]))
    figure.update_yaxes(type="log", **_ticks([target for _, target in there]))
    return figure


def _ticks(lengths: Sequence[int]) -> dict[str, Any]:
    """Gives ticks of a logarithmic axis: powers of ten, or finer where these are too few."""
    ticks = [10**power for power in range(6)]
    if lengths and sum(min(lengths) <= tick <= max(lengths) for tick in ticks) < LEAST_TICKS:
        ticks = [tick * step for tick in ticks for step in (1, 2, 5)]
    return {"tickvals": ticks, "tickformat": ","}


def _lay_out(figure: Any, title: str, x_title: str, y_title: str) -> None:
    figure.update_layout(
        height=HEIGHT_PX,
        margin=MARGIN,
        title={"text": title, "font": {"size": 14}},
        xaxis_title=x_title,
        yaxis_title=y_title,
        showlegend=False,
        bargap=0,
    )
