"""What one can do with a study as a whole: pause, stop, resume, delete."""

from __future__ import annotations

import streamlit as st

from app.errors import shown_to_user
from app.navigation import page_path
from app.problem_views import shown_in_place
from app.searching.exporting import export_menu
from app.searching.further_trials import add_menu, try_menu
from app.searching.promoting import promote_menu
from app.searching.standing import Standing
from app.state import session
from app.text import counted
from core.search import studies
from core.storage.workspace import Workspace


def action_bar(workspace: Workspace, standing: Standing) -> None:
    """Shows the buttons that make sense in this state; those that cannot be used say why."""
    with shown_in_place(), st.container(horizontal=True):
        if standing.is_at_work:
            _pause_and_stop(workspace, standing)
        elif standing.state.state != "finished" or num_to_do(standing):
            _resume_button(workspace, standing)
        if not standing.is_ablation:
            add_menu(workspace, standing)
            try_menu(workspace, standing)
        promote_menu(workspace, standing)
        export_menu(workspace, standing)
        if st.button(
            "Delete …",
            icon=":material/delete:",
            key="study.delete",
            disabled=standing.is_at_work,
            help="It is at work; stop it first." if standing.is_at_work else None,
        ):
            _confirm_deletion(workspace, standing)


def _pause_and_stop(workspace: Workspace, standing: Standing) -> None:
    wanted = standing.study.wanted
    is_pausing = wanted == "paused"
    is_stopping = wanted == "stopped"
    if st.button(
        "Pause",
        icon=":material/pause:",
        key="study.pause",
        disabled=is_pausing or is_stopping,
        help=f"It is {'pausing' if is_pausing else 'stopping'} already."
        if is_pausing or is_stopping
        else "Saves a checkpoint of the running trial; Resume goes on with it.",
    ):
        studies.pause(workspace, standing.study.id)
        st.rerun()
    if st.button(
        "Stop …",
        icon=":material/stop:",
        key="study.stop",
        disabled=is_stopping,
        help="It is stopping already." if is_stopping else "Gives the running trial up.",
    ):
        _confirm_stop(workspace, standing)


@st.dialog("Stop this study?")
def _confirm_stop(workspace: Workspace, standing: Standing) -> None:
    with shown_to_user():
        st.text(standing.study.name)
        st.write(
            "The running trial is given up and its work is lost; trials that have ended stay. "
            "Pause keeps the running trial, too."
        )
        with st.container(horizontal=True):
            if st.button("Stop now", type="primary", key="study.stop.yes"):
                studies.stop(workspace, standing.study.id)
                st.rerun()
            if st.button("Let it go on", key="study.stop.no"):
                st.rerun()


def num_to_do(standing: Standing) -> int:
    """Gives the trials that Resume would do; an ablation tries again what failed, too."""
    left = standing.num_trials - standing.num_done
    if standing.is_ablation:
        kept = [each.params for each in standing.trials if each.state not in ("failed", "pruned")]
        given_up = [each for each in standing.trials if each.state in ("failed", "pruned")]
        left += sum(each.params not in kept for each in given_up)
    return max(0, left)


def _resume_button(workspace: Workspace, standing: Standing) -> None:
    left = num_to_do(standing)
    if st.button(
        "Resume",
        icon=":material/play_arrow:",
        type="primary",
        key="study.resume",
        disabled=left < 1,
        help=f"Goes on with the {counted(left, 'trial')} that are left."
        if left > 0
        else "All trials are done; add some.",
    ):
        studies.resume(workspace, standing.study.id)
        st.rerun()


@st.dialog("Delete this study?")
def _confirm_deletion(workspace: Workspace, standing: Standing) -> None:
    with shown_to_user():
        own = sum(bool(each.run_id) and not each.is_earlier for each in standing.trials)
        st.text(standing.study.name)
        st.write(
            "What was tried and what came out is deleted for good. What it took stays counted in "
            "Emissions."
        )
        with_runs = own > 0 and st.toggle(
            f"Delete its {counted(own, 'run')}, too",
            key="study.delete.runs",
            help="Their settings, scores, logs and models. Else they stay on the Runs page.",
        )
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="study.delete.yes"):
                studies.delete(workspace, standing.study.id, with_runs=with_runs)
                session().notice = f"Deleted the study {standing.study.name}."
                st.switch_page(page_path("search"))
            if st.button("Keep it", key="study.delete.no"):
                st.rerun()
