"""What the votes of the arena say: ratings with intervals, a win matrix, quality against cost."""

from __future__ import annotations

import html
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.text import shortened
from core.languages import language_name
from core.storage.vote_records import Vote
from core.storage.workspace import Workspace
from core.systems.arena.duels import Standing, comparisons, standings
from core.systems.arena.ratings import win_matrix

HOVER_NAME = 60
COLUMNS = {
    "#": st.column_config.NumberColumn(width=30, pinned=True),
    "System": st.column_config.TextColumn(width=160, pinned=True),
    "Rating": st.column_config.NumberColumn(width=55),
    "95 % interval": st.column_config.TextColumn(width=96),
    "Rank": st.column_config.TextColumn(width=55),
    "Votes": st.column_config.NumberColumn(width=48),
    **{name: st.column_config.NumberColumn(width=44) for name in ("Won", "Lost", "Ties")},
    "Unacceptable": st.column_config.TextColumn(
        width=92, help="Of its votes, those where both answers were unacceptable."
    ),
    "Seconds": st.column_config.NumberColumn(
        width=66, format="%.2f", help="The median time of an answer."
    ),
    "USD": st.column_config.NumberColumn(width=75, help="The mean cost of an answer."),
}


def standings_view(workspace: Workspace) -> None:
    """Shows the ratings of one direction."""
    st.subheader("Ratings", anchor=False)
    directions = workspace.votes.directions()
    if not directions:
        st.info("No votes yet. The ratings appear with the first one.")
        return
    direction = directions[0]
    if len(directions) > 1:
        direction = st.selectbox(
            "Direction",
            directions,
            format_func=lambda pair: f"{language_name(pair[0])} → {language_name(pair[1])}",
            key="arena.direction",
        )
    votes = workspace.votes.of_direction(*direction)
    found = standings(workspace, votes)
    st.dataframe(
        _table(found),
        hide_index=True,
        width="stretch",
        column_config=COLUMNS,
        placeholder="–",
        key="arena.ratings",
    )
    st.caption(
        "Bradley–Terry ratings on the Elo scale (400 more mean ten wins for each loss), with 95 % "
        "bootstrap intervals; systems of different groups, where there are any, were never "
        "compared and cannot be."
    )
    if len(found) > 1:
        left, right = st.columns(2)
        with left:
            _matrix(found, votes)
        with right:
            _scatter(found)


def _matrix(found: Sequence[Standing], votes: Sequence[Vote]) -> None:
    matrix = win_matrix(comparisons(votes), order=[each.rating.system for each in found])
    names = {each.rating.system: each.name for each in found}
    rows = [f"{number} · {names[each]}" for number, each in enumerate(matrix.systems, 1)]
    columns = [str(number) for number in range(1, len(rows) + 1)]
    st.caption("Share of wins of the row against the column; ties count half.")
    st.dataframe(
        pd.DataFrame(matrix.shares, index=rows, columns=columns),
        column_config={
            "_index": st.column_config.TextColumn("", width=130),
            **{each: st.column_config.NumberColumn(format="percent", width=50) for each in columns},
        },
        placeholder="–",
        key="arena.matrix",
    )


def _table(found: Sequence[Standing]) -> pd.DataFrame:
    has_groups = len({each.rating.group for each in found}) > 1
    return pd.DataFrame(
        [
            {
                "#": number,
                "System": each.name,
                "Rating": round(each.rating.rating),
                "95 % interval": f"{each.rating.low:.0f} to {each.rating.high:.0f}",
                "Rank": _ranks(each),
                "Votes": each.rating.num_votes,
                "Won": each.rating.num_wins,
                "Lost": each.rating.num_losses,
                "Ties": each.rating.num_ties,
                "Unacceptable": f"{each.unacceptable_share:.0%}",
                "Seconds": each.seconds,
                "USD": each.cost_usd or None,
                **({"Group": each.rating.group} if has_groups else {}),
            }
            for number, each in enumerate(found, 1)
        ]
    )


def _ranks(each: Standing) -> str:
    low, high = each.rating.rank_low, each.rating.rank_high
    return str(low) if low == high else f"{low} to {high}"


def _scatter(found: Sequence[Standing]) -> None:
    against = "time"
    if any(each.cost_usd for each in found):
        against = st.segmented_control(
            "Quality against", ["time", "cost"], default="time", required=True, key="arena.against"
        )
    title = "USD an answer" if against == "cost" else "median seconds an answer"
    points = [
        (number, each.cost_usd if against == "cost" else each.seconds, each)
        for number, each in enumerate(found, 1)
    ]
    figure = go.Figure(_trace([(n, x, each) for n, x, each in points if x is not None]))
    figure.update_layout(
        xaxis_title=title,
        yaxis_title="rating",
        height=320,
        margin={"t": 16, "r": 24, "b": 48, "l": 56},
        dragmode=False,  # without its buttons, nothing would lead back from a zoom
    )
    st.caption("Rating with interval; the numbers are those of the table.")
    st.plotly_chart(
        figure,
        key="arena.scatter",
        width="stretch",
        config={"displayModeBar": False},
        alt=f"Ratings of the systems against {title}, as in the table.",
    )


def _trace(points: Sequence[tuple[int, float, Standing]]) -> go.Scatter:
    """Gives the points with numbers: names would lie on each other, and across error bars."""
    ratings = [each.rating for _, _, each in points]
    return go.Scatter(
        x=[x for _, x, _ in points],
        y=[each.rating for each in ratings],
        error_y={
            "array": [each.high - each.rating for each in ratings],
            "arrayminus": [each.rating - each.low for each in ratings],
            "thickness": 1,
            "width": 4,
        },
        text=[str(number) for number, _, _ in points],
        customdata=[_as_label(shortened(each.name, HOVER_NAME)) for _, _, each in points],
        hovertemplate="%{customdata}<br>%{y:.0f} · %{x:.4~g}<extra></extra>",
        mode="markers+text",
        marker={"size": 9},
        # Neighbours on different sides, for those that are equal.
        textposition=["middle left" if n % 2 else "middle right" for n, _, _ in points],
        cliponaxis=False,
    )


def _as_label(name: str) -> str:
    """Gives a name as Plotly shows it literally: its texts may have tags, and entities."""
    return html.escape(name, quote=False)
