"""The charts of a study: its course, live; and Optuna's own charts of what mattered."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.live_charts import Chart, Series, live_charts
from app.searching.kept import figure
from app.searching.standing import Standing
from app.searching.wording import field_title
from app.text import plain
from core.errors import DataError
from core.search import charts
from core.search.trials import Trial

MANY_POINTS = 1500
WITH_PARAMS = (charts.PARALLEL, charts.SLICES, charts.CONTOUR)
_ABOUT = {
    charts.HISTORY: "Each finished trial, and the best until then. Drag to zoom, double-click to "
    "zoom out.",
    charts.IMPORTANCE: "How much of the differences between finished trials each setting explains: "
    "fANOVA, a random forest's decomposition of variance. With few trials it is a hint.",
    charts.SLICES: "Each finished trial by one setting at a time; the colour tells when it was.",
    charts.PARALLEL: "Each line is a finished trial, in the colour of its objective.",
    charts.CONTOUR: "The objective over two settings, interpolated between the trials.",
    charts.EVALUATIONS: "The objective of each trial from evaluation to evaluation; where a line "
    "ends early, the trial was pruned.",
    charts.PARETO: "Trials that no other one beats in both objectives stand out.",
    charts.TIMELINE: "When each trial worked, and how it ended.",
}


def study_charts(standing: Standing) -> None:
    """Shows one chart of those that make sense for the study."""
    st.subheader("Charts", anchor=False)
    names = charts.charts_for(standing.plan)
    if standing.is_ablation:
        names = [charts.EVALUATIONS, charts.TIMELINE]
    chosen = st.segmented_control(
        "Chart",
        names,
        default=names[0],
        required=True,
        key=f"study.chart.{len(names)}",
        persist_state="session",
        label_visibility="collapsed",
    )
    name = chosen or names[0]
    if name == charts.HISTORY:
        live_charts(
            [history_chart(standing)], key=f"history-{standing.study.id}", max_points=MANY_POINTS
        )
    elif not _drawn(standing, name):
        return
    st.caption(_ABOUT[name])


def history_chart(standing: Standing) -> Chart:
    """Gives the objective of each finished trial, and the best until then."""
    name = standing.plan.study.objective_names[0]
    finished = [each for each in standing.trials if each.state == "finished"]
    pick = min if standing.plan.study.objective == "loss" else max
    x: list[float] = []
    best: list[float | None] = []
    for trial in finished:
        before = best[-1] if best else None
        now = trial.values[0] if before is None else pick(before, trial.values[0])
        x += [float(trial.number)] * (1 if before is None else 2)
        best += [now] if before is None else [before, now]  # a step: it changes with this trial
    return Chart(
        "history",
        "Course of the study",
        "trial",
        name,
        (Series("best so far", x, best), _marks("finished trial", finished)),
    )


def _marks(name: str, trials: Sequence[Trial]) -> Series:
    """Gives marks that no line joins: between two of them there is a gap."""
    x: list[float] = []
    y: list[float | None] = []
    for trial in trials:
        x += [float(trial.number), trial.number + 0.5]
        y += [trial.values[0], None]
    return Series(name, x[:-1], y[:-1], markers=True)


def _drawn(standing: Standing, name: str) -> bool:
    """Draws one of Optuna's charts; says why where there is nothing to draw."""
    params = _params(standing, name) if name in WITH_PARAMS else []
    if name == charts.CONTOUR and len(params) == 1:
        st.caption("A contour takes two settings; choose another one, or none for the telling two.")
        return False
    states = "".join(each.state[0] for each in standing.trials)
    told = sum(len(each.evaluations) for each in standing.trials)
    if name == charts.EVALUATIONS and not told:
        st.caption("No trial has been evaluated yet.")
        return False
    live = name in (charts.EVALUATIONS, charts.TIMELINE)
    stamp = f"{states} {told}" if live else f"{standing.num_done}"
    try:
        drawn = figure(standing.study, name, params, stamp)
    except DataError as error:
        st.caption(plain(str(error)))
        return False
    key = f"study.figure.{name}.{'.'.join(params)}"
    st.plotly_chart(drawn, width="stretch", key=key, alt=f"{name} of the study")
    return True


def _params(standing: Standing, name: str) -> list[str]:
    is_contour = name == charts.CONTOUR
    if len(standing.plan.space) < (3 if is_contour else 2):
        return []
    return st.multiselect(
        "Settings",
        list(standing.plan.space),
        format_func=field_title,
        key=f"study.params.{name}",
        max_selections=2 if is_contour else None,
        placeholder="The two that mattered most" if is_contour else "All",
        wrap=True,
    )
