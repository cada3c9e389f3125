"""The best trial becomes a full run: launched at once, or edited on the Fine-tune page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.access.visiting import visitor_name
from app.forms import group_fields
from app.navigation import page_path
from app.problem_views import shown_in_place
from app.searching.standing import Standing
from app.searching.wording import field_title, value_words
from app.state import session
from app.text import plain
from core.finetune.settings import FineTuneSettings
from core.search import promoting
from core.search.trials import Trial
from core.storage.workspace import Workspace

LONGER = ["num_epochs", "max_steps", "eval_segments"]


def promote_menu(workspace: Workspace, standing: Standing) -> None:
    """Offers to train fully with the values of a trial, the best one unless another is chosen."""
    offered = _offered(standing)
    with st.popover(
        "Promote …",
        icon=":material/upgrade:",
        disabled=not offered,
        help="A full run with the best trial's values."
        if offered
        else "No trial has finished yet, so none is the best.",
        key="study.promote",
    ):
        if offered:
            _form(workspace, standing, offered)


def _offered(standing: Standing) -> dict[int, Trial]:
    """Gives the trials that can be promoted by number, the best one first."""
    if standing.best is None:
        return {}
    others = [each for each in standing.trials if each.state in ("finished", "pruned")]
    return {each.number: each for each in [standing.best, *others]}


def _form(workspace: Workspace, standing: Standing, offered: dict[int, Trial]) -> None:
    name = standing.plan.study.objective_names[0]
    number = st.selectbox(
        "Trial",
        list(offered),
        format_func=lambda each: _label(offered[each], name),
        key="study.promote.trial",
    )
    trial = offered[number]
    for setting, value in trial.params.items():
        st.text(f"{field_title(setting)}: {value_words(value)}")
    changes = _changes(standing, trial)
    with st.container(horizontal=True):
        is_launched = st.button("Launch", type="primary", key="study.promote.launch")
        is_edited = st.button("Edit on the Fine-tune page", key="study.promote.edit")
    if not (is_launched or is_edited):
        return
    tab = session()
    with shown_in_place("The trial was not promoted"):
        if is_edited:
            settings = promoting.promoted_settings(standing.study, trial, changes)
            tab.replace_draft(settings.model_dump())
            st.switch_page(page_path("finetune"))
        run = promoting.promote(
            workspace,
            standing.study,
            number,
            changes=changes,
            run_id=tab.launch_id,
            by=visitor_name(),
        )
        tab.renew_launch_id()
        tab.notice = f"Launched {run.name}."
        st.switch_page(page_path("run"), query_params={"id": run.id})


def _changes(standing: Standing, trial: Trial) -> dict[str, Any]:
    """Shows name and length of the full run, and gives what was chosen."""
    values: dict[str, Any] = {**standing.plan.base.model_dump(), **trial.params}
    key = f"study.promote.{trial.number}"
    changes: dict[str, Any] = {
        "name": st.text_input(
            "Name of the run",
            value=f"{standing.study.name} best"[:200],
            key=f"{key}.name",
            max_chars=200,
        )
    }
    shown = [each for each in LONGER if each not in trial.params]
    return changes | group_fields(FineTuneSettings, shown, values, key=key)


def _label(trial: Trial, name: str) -> str:
    value = "" if trial.value is None else f" · {name} {trial.value:.4g}"
    return f"Trial {trial.number}{value}{' · pruned' if trial.state == 'pruned' else ''}"


def best_card(standing: Standing) -> None:
    """Shows the best trial: its values, what came out, and its run."""
    best = standing.best
    if best is None:
        return
    with st.container(border=True, key="study.best"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Best: trial {best.number}**")
            for name, value in zip(standing.plan.study.objective_names, best.values, strict=True):
                st.badge(plain(f"{name} {value:.4g}"), color="green")
            if best.run_id:
                st.page_link(
                    page_path("run"),
                    label="Its run",
                    icon=":material/monitoring:",
                    query_params={"id": best.run_id},
                )
        words = [f"{field_title(each)} {value_words(value)}" for each, value in best.params.items()]
        st.text(" · ".join(words))
        if standing.plan.study.second_objective != "none":
            st.caption("By the first objective alone; the Pareto front shows the others.")
