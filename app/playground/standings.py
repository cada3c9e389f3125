"""What the votes of the arena say: ratings with intervals, a win matrix, quality against cost."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.languages import language_name
from core.storage.workspace import Workspace
from core.systems.arena.duels import Standing, comparisons, standings
from core.systems.arena.ratings import win_matrix


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
    st.dataframe(_table(found), hide_index=True, width="stretch", key="arena.ratings")
    st.caption(
        "Bradley–Terry ratings on the Elo scale (400 more mean ten wins for each loss), with 95 % "
        "bootstrap intervals; systems of different groups were never compared and cannot be."
    )
    if len(found) > 1:
        left, right = st.columns(2)
        with left:
            names = {each.rating.system: each.name for each in found}
            matrix = win_matrix(comparisons(votes), order=[each.rating.system for each in found])
            labels = [names[each] for each in matrix.systems]
            st.caption("Share of wins of the row against the column (ties count half)")
            st.dataframe(
                pd.DataFrame(matrix.shares, index=labels, columns=labels), key="arena.matrix"
            )
        with right:
            _scatter(found)


def _table(found: Sequence[Standing]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "System": each.name,
                "Rating": round(each.rating.rating),
                "95 % interval": f"{each.rating.low:.0f} to {each.rating.high:.0f}",
                "Rank": _ranks(each),
                "Votes": each.rating.num_votes,
                "Won": each.rating.num_wins,
                "Lost": each.rating.num_losses,
                "Ties": each.rating.num_ties,
                "Both unacceptable": f"{each.unacceptable_share:.0%}",
                "Seconds": each.seconds,
                "USD an answer": each.cost_usd,
                "Group": each.rating.group,
            }
            for each in found
        ]
    )


def _ranks(each: Standing) -> str:
    low, high = each.rating.rank_low, each.rating.rank_high
    return str(low) if low == high else f"{low} to {high}"


def _scatter(found: Sequence[Standing]) -> None:
    has_costs = any(each.cost_usd for each in found)
    kinds = ["time", "cost"] if has_costs else ["time"]
    against = st.segmented_control(
        "Quality against", kinds, default="time", required=True, key="arena.against"
    )
    x = [each.cost_usd if against == "cost" else each.seconds for each in found]
    ratings = [each.rating for each in found]
    figure = go.Figure(
        go.Scatter(
            x=x,
            y=[each.rating for each in ratings],
            error_y={
                "array": [each.high - each.rating for each in ratings],
                "arrayminus": [each.rating - each.low for each in ratings],
            },
            text=[each.name for each in found],
            mode="markers+text",
            textposition="top center",
        )
    )
    title = "USD an answer" if against == "cost" else "median seconds an answer"
    figure.update_layout(xaxis_title=title, yaxis_title="rating", height=320, margin_t=10)
    st.plotly_chart(figure, key="arena.scatter", width="stretch")
