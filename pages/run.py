"""Run: one fine-tuning: live charts, energy, samples, scores, log, and what one can do."""

import streamlit as st

from app import cache
from app.errors import shown_to_user
from app.finetuning import checkpoint_view, remedies_view, run_energy, run_views
from app.finetuning.actions import action_bar
from app.finetuning.launcher_views import slurm_line
from app.finetuning.queue_view import waiting_note
from app.navigation import page_path
from app.text import page_header, plain, state_badge
from core.errors import TrainingError
from core.finetune.runs import run_state

INTERVAL_S = 2
TEXT_INTERVAL_S = 6

workspace = cache.workspace()
run_id = st.query_params.get("id", "")
st.page_link(page_path("runs"), label="All runs", icon=":material/arrow_back:")
if not run_id:
    raise TrainingError("No run was chosen.", hint="Choose one on the Runs page.")
run = workspace.runs.get(run_id)
state = run_state(workspace, run)
is_live = not state.has_ended

page_header(plain(run.name), run_views.subtitle(run))
run_views.trial_link(workspace, run)
action_bar(workspace, run, state)


@st.fragment(run_every=INTERVAL_S if is_live else None)
def progress() -> None:
    """Shows state and progress; when the run has ended, the whole page is shown anew."""
    with shown_to_user():
        now = run_state(workspace, workspace.runs.get(run_id))
        state_badge(now.state)
        slurm_line(workspace, run)
        run_views.progress(run, now, cache.history(run_id))
        if now.state == "queued":
            waiting_note(workspace, run_id)
        # Also when another tab or the queue made it start: the buttons are others then.
        if is_live and (now.has_ended or now.is_active != state.is_active):
            st.rerun()


@st.fragment(run_every=TEXT_INTERVAL_S if is_live else None)
def advice() -> None:
    """Shows what would help a run that failed, and what was found about any."""
    with shown_to_user():
        now = run_state(workspace, workspace.runs.get(run_id))
        remedies_view.advice_view(run, cache.advice(run, now))


@st.fragment(run_every=INTERVAL_S if is_live else None)
def charts() -> None:
    """Shows the charts."""
    with shown_to_user():
        run_views.charts(workspace, run, cache.history(run_id), is_live=is_live)


@st.fragment(run_every=INTERVAL_S if is_live else None)
def energy() -> None:
    """Shows what the run takes."""
    with shown_to_user():
        now = run_state(workspace, workspace.runs.get(run_id))
        run_energy.energy(workspace, run, now, cache.energy_course(run_id), cache.history(run_id))


@st.fragment(run_every=TEXT_INTERVAL_S if is_live else None)
def samples_and_log() -> None:
    """Shows sample translations and the end of the logs."""
    with shown_to_user():
        run_views.samples(cache.history(run_id))
        run_views.log_tail(workspace, run)


progress()
advice()
run_views.final_scores(workspace, run)
charts()
energy()
checkpoint_view.checkpoints(workspace, run)
samples_and_log()
run_views.settings(workspace, run)
