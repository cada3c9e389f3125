"""Runs that a restart or a kill interrupted, offered together to be resumed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.navigation import page_path
from app.problem_views import problem
from app.text import counted, moment, plain
from core.errors import AdaptMLLMError
from core.finetune import runs
from core.jobs.interruptions import dismiss, interrupted_runs, restarted_at
from core.storage.run_records import Run
from core.storage.workspace import Workspace


def interrupted_view(workspace: Workspace) -> None:
    """Shows the interrupted runs about which nobody has decided; nothing where there are none."""
    found = interrupted_runs(workspace)
    if not found:
        return
    with st.container(border=True, key="queue.interrupted"):
        st.markdown(f"**{_headline(found)}**")
        with st.container(horizontal=True):
            if st.button(
                "Resume all",
                icon=":material/play_arrow:",
                type="primary",
                key="interrupted.all",
                help="Each continues from its last checkpoint; they wait in the queue.",
            ):
                _resume(workspace, found)
            if st.button(
                "Dismiss",
                key="interrupted.dismiss",
                help="Each can still be resumed on its own page.",
            ):
                dismiss(workspace, [run.id for run in found])
                st.rerun()
        for run in found:
            _row(workspace, run)


def _headline(found: Sequence[Run]) -> str:
    were = "was" if len(found) == 1 else "were"
    at = restarted_at(found)
    why = f" (the machine was restarted at {moment(at)})" if at else ""
    return f"{counted(len(found), 'run')} {were} interrupted{why}"


def _row(workspace: Workspace, run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(page_path("run"), label=plain(run.name), query_params={"id": run.id})
        st.caption(plain(run.job.reason))
        if st.button("Resume", key=f"interrupted.resume.{run.id}"):
            _resume(workspace, [run])


def _resume(workspace: Workspace, chosen: Sequence[Run]) -> None:
    """Resumes runs; one that cannot be resumed keeps none of the others from it."""
    problems: list[tuple[Run, AdaptMLLMError]] = []
    for run in reversed(chosen):  # the oldest first
        try:
            runs.resume(workspace, run.id)
        except AdaptMLLMError as error:
            if _still_lost(workspace, run):
                problems.append((run, error))
    for run, why in problems:
        problem(f"{plain(run.name)} was not resumed", why.message, why.hint)
    if not problems:
        st.rerun()


def _still_lost(workspace: Workspace, run: Run) -> bool:
    """Whether nobody else has resumed it meanwhile, as a second click does."""
    job = workspace.jobs.get(run.id)
    return job is not None and job.state == "lost"


def after_restart(workspace: Workspace) -> None:
    """Shows the choice whether interrupted runs go on by themselves."""
    is_wanted = workspace.queue.hold_of_all().resumes_after_restart
    with st.expander("After a restart of the machine"):
        st.caption(
            "What waited goes on waiting and starts when this application runs again. Runs that "
            "worked are offered to be resumed from their last checkpoint."
        )
        chosen = st.toggle(
            "Resume interrupted runs by themselves",
            value=is_wanted,
            key=f"interrupted.by_itself.{is_wanted}",  # another tab may have changed it
            help="Not those whose process was killed; and a run that comes no further from one "
            "restart to the next waits for you.",
        )
        if chosen != is_wanted:
            workspace.queue.resume_after_restart(is_wanted=chosen)
            st.rerun()
