"""The effects of an ablation: what each value of each factor does, with intervals over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.searching.standing import Standing
from app.searching.wording import field_title, value_words
from app.text import counted
from core.search.effects import Effect, effects_of

ROW_PX = 40
MARGIN = {"l": 10, "r": 20, "t": 20, "b": 40}


def effect_views(standing: Standing) -> None:
    """Shows a plot and a table of the effects."""
    objective = standing.plan.study.objective_names[0]
    found = effects_of(standing.trials, standing.plan)
    known = [each for each in found if each.difference is not None]
    st.subheader("Effect of each factor", anchor=False)
    if known:
        st.plotly_chart(
            effect_chart(found, objective),
            width="stretch",
            key="study.effects.chart",
            alt=f"{counted(len(known), 'effect')} on {objective}, with intervals",
        )
    st.caption(_how_sure(standing, found, objective))
    st.dataframe(
        pd.DataFrame([_row(each) for each in found]),
        hide_index=True,
        width="stretch",
        placeholder="–",
        key="study.effects.table",
        column_config={
            name: st.column_config.NumberColumn(format="%+.2f")
            for name in ("Difference", "Low", "High")
        },
    )


def effect_chart(found: Sequence[Effect], objective: str) -> Any:
    """Gives a row for each value: the mean with its interval, and each seed as a faint point."""
    import plotly.graph_objects as go

    rows = list(range(len(found)))
    known = [(row, each) for row, each in zip(rows, found, strict=True) if each.differences]
    seeds = go.Scatter(
        name="one seed",
        x=[value for _, each in known for value in each.differences],
        y=[row for row, each in known for _ in each.differences],
        mode="markers",
        marker={"size": 7, "opacity": 0.4},
        hovertemplate="%{x:+.2f}<extra>one seed</extra>",
    )
    means = go.Scatter(
        name="mean, with 95 % interval",
        x=[each.difference for _, each in known],
        y=[row for row, _ in known],
        mode="markers",
        marker={"size": 11, "symbol": "diamond"},
        error_x={"type": "data", "array": [_half(each) for _, each in known], "thickness": 2},
        hovertemplate="%{x:+.2f}<extra>mean</extra>",
    )
    figure = go.Figure([means, seeds])
    figure.add_vline(x=0, line_width=1, line_dash="dash")
    figure.update_layout(
        height=130 + ROW_PX * max(2, len(found)),
        margin=MARGIN,
        xaxis_title=f"{objective}: with the value minus the run as it was",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left"},
    )
    figure.update_yaxes(
        tickmode="array",
        tickvals=rows,
        ticktext=[f"{field_title(each.factor)} {value_words(each.value)}" for each in found],
        range=[len(found) - 0.5, -0.5],
        automargin=True,
        zeroline=False,
    )
    return figure


def _half(effect: Effect) -> float:
    if effect.high is None or effect.difference is None:
        return 0.0
    return effect.high - effect.difference


def _row(effect: Effect) -> dict[str, object]:
    return {
        "Factor": field_title(effect.factor),
        "Value": value_words(effect.value),
        "In the run": value_words(effect.centre),
        "Difference": effect.difference,
        "Low": effect.low,
        "High": effect.high,
        "Seeds": effect.num_seeds,
        "Clear": None if effect.low is None else "yes" if effect.is_clear else "no",
    }


def _how_sure(standing: Standing, found: Sequence[Effect], objective: str) -> str:
    is_lower_better = standing.plan.study.objective == "loss"
    said = f"Above 0 the value makes {objective} higher, which is "
    said += "worse. " if is_lower_better else "better. "
    seeds = max((each.num_seeds for each in found), default=0)
    if seeds == 0:
        return "An effect appears as soon as a trial and its like without the change have finished."
    if seeds == 1:
        return f"{said}With a single seed there is no interval: chance may have done all of it."
    return (
        f"{said}Differences are between runs of the same seed; the 95 % intervals of their mean "
        "are Student's t, and with two seeds they are wide, as they should be. A clear one leaves "
        "out 0."
    )
