"""The trials of a study, one a row; a click on one opens its run."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import pandas as pd
import streamlit as st

from app.navigation import page_path
from app.searching.standing import Standing
from app.searching.wording import field_title
from app.text import duration
from core.errors import TrainingError
from core.finetune.settings import FineTuneSettings
from core.search.trials import Trial
from core.storage.workspace import Workspace

SMALL = 1e-3  # below it a number is easier to read with an exponent
NEWEST, BEST = "Newest first", "Best first"


def trial_table(workspace: Workspace, standing: Standing) -> None:
    """Shows the trials in the order that people choose."""
    st.subheader("Trials", anchor=False)
    if not standing.trials:
        st.caption("No trial has begun yet; the first does when its worker has started.")
        return
    order = st.segmented_control(
        "Order",
        [NEWEST, BEST],
        default=NEWEST,
        required=True,
        key="study.order",
        persist_state="session",
        label_visibility="collapsed",
    )
    found = _ordered(standing, order or NEWEST)
    # A selection is a row number: in a table that changed it would be another trial.
    numbers = " ".join(str(each.number) for each in found)
    shown = hashlib.sha256(f"{standing.study.id} {numbers}".encode()).hexdigest()[:12]
    chosen = st.dataframe(
        pd.DataFrame([_row(each, standing) for each in found]),
        hide_index=True,
        key=f"study.trials.{shown}",
        on_select="rerun",
        selection_mode="single-row",
        width="stretch",
        placeholder="–",
        alt="Trials of the study",
        column_config=_columns(standing),
    )
    if chosen.selection.rows:
        _open(workspace, found[chosen.selection.rows[0]])


def _ordered(standing: Standing, order: str) -> list[Trial]:
    if order == NEWEST:
        return sorted(standing.trials, key=lambda each: -each.number)
    sign = 1 if standing.plan.study.objective == "loss" else -1

    def rank(trial: Trial) -> tuple[bool, float, int]:
        value = trial.value if trial.state == "finished" else None
        is_last = value is None or math.isnan(value)
        return is_last, 0.0 if is_last or value is None else sign * value, trial.number

    return sorted(standing.trials, key=rank)


def _row(trial: Trial, standing: Standing) -> dict[str, object]:
    names = standing.plan.study.objective_names
    best = standing.best
    values: list[float | None] = [*trial.values] or [trial.value]
    values += [None] * (len(names) - len(values))
    return {
        "Trial": trial.number,
        "Best": "★" if best and best.number == trial.number else "",
        "State": standing.state_of(trial),
        **dict(zip(names, values, strict=False)),
        **{field_title(name): trial.params.get(name) for name in standing.plan.space},
        "Evaluations": list(trial.evaluations.values()),
        "Time": None if trial.seconds is None else duration(trial.seconds),
        "kWh": trial.kwh,
        "Why": trial.reason or None,
        "By hand": trial.by or ("an earlier run" if trial.is_earlier else None),
    }


def _columns(standing: Standing) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    config: dict[str, Any] = {
        "Trial": number(width=60, pinned=True),
        "Best": text(width=50, help="The finished trial with the best first objective"),
        "State": text(width=80),
        "Evaluations": st.column_config.LineChartColumn(
            width=120, help=f"{standing.plan.study.objective_names[0]} after each evaluation"
        ),
        "kWh": number(format="%.3g", help="Without PUE"),
        "Why": text(width=260, help="Why it failed, was pruned or stopped"),
        "By hand": text(help="Who chose its values; empty where the sampler did"),
    }
    for name in standing.plan.study.objective_names:
        config[name] = number(
            format="%.4g",
            help="Of the weights that it keeps; where it was ended, at its last evaluation",
        )
    for name, parameter in standing.plan.space.items():
        if FineTuneSettings.model_fields[name].annotation is float:
            least = min((abs(float(each)) for each in parameter.extremes if each), default=1.0)
            config[field_title(name)] = number(format="%.2e" if least < SMALL else "%.3g")
    return config


def _open(workspace: Workspace, trial: Trial) -> None:
    """Opens the run of a trial, or says why there is none."""
    if not trial.run_id:
        st.caption(f"Trial {trial.number} is {trial.state}: it has no run yet.")
        return
    try:
        workspace.runs.get(trial.run_id)
    except TrainingError:
        begun = trial.state == "running"
        what = "is about to be launched" if begun else "was deleted, or never launched"
        st.caption(f"The run of trial {trial.number} {what}.")
        return
    st.switch_page(page_path("run"), query_params={"id": trial.run_id})
