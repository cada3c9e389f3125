"""Optuna's own charts of a study, as Plotly figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna import visualization
from optuna.trial import TrialState

from core.errors import DataError
from core.search.importance import importances_of
from core.search.optuna_storage import opened_storage
from core.search.plan import Plan
from core.search.trial_store import stored_id
from core.storage.study_records import Study
from core.storage.workspace import Workspace

Figure = Any  # plotly has no types

HISTORY = "History"
EVALUATIONS = "Evaluations"
PARALLEL = "Parallel coordinates"
SLICES = "Slices"
CONTOUR = "Contour"
IMPORTANCE = "Importance"
PARETO = "Pareto front"
TIMELINE = "Timeline"

Chart = Callable[[optuna.Study, Plan, Sequence[str]], Figure]


def figure(workspace: Workspace, study: Study, name: str, *, params: Sequence[str] = ()) -> Figure:
    """Gives a chart of a study.

    Args:
        workspace: Where the study is.
        study: The study.
        name: One of CHARTS.
        params: The parameters to show, where the chart shows some; empty = all, or the two that
            mattered most for a contour.

    Raises:
        DataError: There is nothing to show yet; one sentence.
    """
    plan = Plan.of(study)
    with opened_storage(workspace) as storage:
        stored_id(storage, study.name)
        found = optuna.load_study(study_name=study.name, storage=storage)
        _check_finished(found, name)
        chart = CHARTS[name](found, plan, params)
    chart.update_layout(title=None, margin={"t": 30, "b": 40, "l": 50, "r": 20}, template=None)
    return chart


def charts_for(plan: Plan) -> list[str]:
    """Gives the names of the charts that make sense for a study."""
    if plan.study.second_objective == "none":
        return [name for name in CHARTS if name != PARETO]
    return list(CHARTS)


def _check_finished(found: optuna.Study, name: str) -> None:
    if name in (TIMELINE, EVALUATIONS):
        has_any = any(each.datetime_start for each in found.get_trials(deepcopy=False))
        if not has_any:
            raise DataError("No trial has begun yet.", hint="The first begins in a moment.")
    elif not found.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise DataError("No trial has finished yet.", hint="The chart appears with the first.")


def _history(found: optuna.Study, plan: Plan, _: Sequence[str]) -> Figure:
    return visualization.plot_optimization_history(
        found, target=_target(plan), target_name=_name(plan)
    )


def _evaluations(found: optuna.Study, plan: Plan, _: Sequence[str]) -> Figure:
    chart = visualization.plot_intermediate_values(found)
    return chart.update_layout(
        xaxis_title="evaluation", yaxis_title=_name(plan), showlegend=len(found.trials) <= 30
    )


def _parallel(found: optuna.Study, plan: Plan, params: Sequence[str]) -> Figure:
    return visualization.plot_parallel_coordinate(
        found, params=list(params) or None, target=_target(plan), target_name=_name(plan)
    )


def _slices(found: optuna.Study, plan: Plan, params: Sequence[str]) -> Figure:
    return visualization.plot_slice(
        found, params=list(params) or None, target=_target(plan), target_name=_name(plan)
    )


def _contour(found: optuna.Study, plan: Plan, params: Sequence[str]) -> Figure:
    chosen = list(params)[:2]
    if len(plan.space) < 2:
        raise DataError(
            "A contour needs two parameters, and this study has one.",
            hint="Slices show what one parameter does.",
        )
    if len(chosen) < 2:
        try:
            chosen = list(importances_of(found, plan))[:2]
        except DataError:
            chosen = list(plan.space)[:2]
    return visualization.plot_contour(
        found, params=chosen, target=_target(plan), target_name=_name(plan)
    )


def _importance(found: optuna.Study, plan: Plan, _: Sequence[str]) -> Figure:
    import plotly.graph_objects as go

    shares = importances_of(found, plan)
    names = list(shares)[::-1]
    bars = go.Bar(
        x=[shares[name] for name in names],
        y=names,
        orientation="h",
        text=[f"{shares[name]:.0%}" for name in names],
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    title = f"share of the variance of {_name(plan)} (fANOVA)"
    return go.Figure(bars, {"xaxis": {"title": title, "tickformat": ".0%", "rangemode": "tozero"}})


def _pareto(found: optuna.Study, plan: Plan, _: Sequence[str]) -> Figure:
    return visualization.plot_pareto_front(found, target_names=plan.study.objective_names)


def _timeline(found: optuna.Study, _plan: Plan, _: Sequence[str]) -> Figure:
    return visualization.plot_timeline(found)


def _target(plan: Plan) -> Callable[[optuna.trial.FrozenTrial], float] | None:
    """Gives the first objective; Optuna draws the best so far only where it is not told."""
    if plan.study.second_objective == "none":
        return None
    return lambda trial: float(trial.values[0])


def _name(plan: Plan) -> str:
    return plan.study.objective_names[0]


CHARTS: dict[str, Chart] = {
    HISTORY: _history,
    IMPORTANCE: _importance,
    SLICES: _slices,
    PARALLEL: _parallel,
    CONTOUR: _contour,
    EVALUATIONS: _evaluations,
    PARETO: _pareto,
    TIMELINE: _timeline,
}
"""What can be drawn of a study, in the order in which it is offered."""
