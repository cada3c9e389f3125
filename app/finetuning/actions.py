"""What one can do with a run: stop, resume, duplicate, delete, download."""

from __future__ import annotations

import streamlit as st

from app.downloads import download_url
from app.errors import shown_to_user
from app.finetuning.compare_choice import compare_button
from app.navigation import page_path
from app.problem_views import shown_in_place
from app.state import session
from app.text import size
from core.evaluate.run_sets import add_run, has_outputs
from core.finetune import runs
from core.finetune.run_folder import RunFolder
from core.jobs import ordering
from core.jobs.folder import JobState
from core.storage.run_records import Run
from core.storage.workspace import Workspace


def action_bar(workspace: Workspace, run: Run, state: JobState) -> None:
    """Shows the buttons that make sense in this state."""
    with st.container(horizontal=True):
        if state.is_active:
            _stop_buttons(workspace, run, state)
        elif state.state == "queued":
            if st.button("Take out of the queue", icon=":material/close:", key="run.unqueue"):
                with shown_in_place("It was not taken out"):
                    ordering.take_out(workspace, run.id)
                    st.rerun()
        elif state.state != "finished":
            _resume_button(workspace, run)
        elif has_outputs(workspace, run) and st.button(
            "Compare in Evaluate",
            icon=":material/leaderboard:",
            type="primary",
            key="run.evaluate",
            help="Intervals, significance and segments, beside other systems.",
        ):
            sets = add_run(workspace, run.id)
            st.switch_page(page_path("evaluate"), query_params={"set": sets[0].id})
        if state.state == "finished" and st.button(
            "Ablate …",
            icon=":material/science:",
            key="run.ablate",
            help="Vary one setting at a time around this run, and see what each does.",
        ):
            from app.searching.ablating import ablate  # imports Optuna, which other pages spare

            ablate(workspace, run)
        if st.button("Duplicate", icon=":material/content_copy:", key="run.duplicate"):
            session().replace_draft({**run.settings, "name": ""})
            st.switch_page(page_path("finetune"))
        compare_button([run.id], key="run.compare")
        _downloads(workspace, run)
        if state.has_ended and st.button("Delete …", icon=":material/delete:", key="run.delete"):
            _confirm_deletion(workspace, run)


def _stop_buttons(workspace: Workspace, run: Run, state: JobState) -> None:
    is_stopping = state.state == "stopping"
    save = st.button(
        "Stop and save",
        icon=":material/pause:",
        key="run.stop_save",
        disabled=is_stopping,
        help="Already stopping." if is_stopping else "Finishes the step and saves a checkpoint.",
    )
    now = st.button(
        "Stop now",
        icon=":material/stop:",
        key="run.stop_now",
        help="Ends at once; work since the last checkpoint is lost.",
    )
    if save or now:
        with shown_in_place("It was not stopped"):
            runs.stop(workspace, run.id, "save" if save else "now")
            st.rerun()


def _resume_button(workspace: Workspace, run: Run) -> None:
    step = runs.resume_step(workspace, run)
    note = f"Continues after step {step}." if step else "Starts again; there is no checkpoint."
    if st.button(
        "Resume", icon=":material/play_arrow:", type="primary", key="run.resume", help=note
    ):
        with shown_in_place("It was not resumed"):
            runs.resume(workspace, run.id)
            st.rerun()


def _downloads(workspace: Workspace, run: Run) -> None:
    folder = RunFolder(workspace.run_folder(run.id))
    with st.popover("Download", icon=":material/download:"):
        if folder.model_folder.exists():
            st.link_button("Model", download_url(run.id, "model"), icon=":material/deployed_code:")
        else:
            st.caption("The model comes when the run has finished.")
        st.link_button("Logs and metrics", download_url(run.id, "logs"), icon=":material/article:")
        st.link_button("Settings", download_url(run.id, "settings"), icon=":material/settings:")
        st.link_button(
            "All it takes to do it again",
            download_url(run.id, "again"),
            icon=":material/replay:",
            help="Settings, versions and corpora; on another machine: `python -m core finetune "
            "--settings settings.json` in the unpacked folder's place.",
        )


@st.dialog("Delete this run?")
def _confirm_deletion(workspace: Workspace, run: Run) -> None:
    with shown_to_user():
        folder = RunFolder(workspace.run_folder(run.id))
        st.text(run.name)
        st.write(
            f"Settings, scores, logs, checkpoints and the model ({size(folder.size_bytes())}) are "
            "deleted for good."
        )
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="run.delete.yes"):
                runs.delete(workspace, run.id)
                session().notice = f"Deleted the run {run.name}."
                st.switch_page(page_path("runs"))
            if st.button("Keep it", key="run.delete.no"):
                st.rerun()
