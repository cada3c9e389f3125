"""Runs: every fine-tuning with its state, progress and scores; a click opens one."""

import streamlit as st

from app import cache
from app.errors import shown_to_user
from app.finetuning.compare_choice import compare_button
from app.finetuning.interrupted_view import after_restart, interrupted_view
from app.finetuning.queue_view import queue_view
from app.finetuning.run_list import run_table
from app.navigation import page_path
from app.text import STATE_MEANINGS, page_header
from core.storage.job_records import ACTIVE, ENDED, WAITING

PAGE_SIZE = 20
FILTERS = {
    "All": (),
    "At work or waiting": (*ACTIVE, WAITING),
    "Finished": ("finished",),
    "Stopped, failed or lost": ("stopped", "failed", "lost"),
}

workspace = cache.workspace()
page_header("Runs", "Every fine-tuning: its state, how far it is, and what came out.")

counts = workspace.runs.counts()
if not counts:
    st.info("No run yet. A run is one fine-tuning of a base model on a corpus.")
    st.page_link(page_path("finetune"), label="Start the first run", icon=":material/tune:")
    st.stop()

INTERVAL_S = 3 if any(state not in ENDED for state in counts) else None


@st.fragment(run_every=INTERVAL_S)
def queue() -> None:
    """Shows what was interrupted and what waits, again every few seconds while a run works."""
    with shown_to_user():
        interrupted_view(workspace)
        queue_view(workspace)


queue()
with st.container(horizontal=True, vertical_alignment="center"):
    chosen = st.segmented_control(
        "Show",
        list(FILTERS),
        default="All",
        key="runs.filter",
        required=True,
        label_visibility="collapsed",
    )
    compare_button([], key="runs.compare")
states = FILTERS[chosen or "All"]
total = sum(count for state, count in counts.items() if not states or state in states)
num_pages = max(1, -(-total // PAGE_SIZE))
number = st.pagination(num_pages, key=f"runs.page.{chosen}") if num_pages > 1 else 1


@st.fragment(run_every=INTERVAL_S)
def listing() -> None:
    """Shows one page of runs, again every few seconds while one works."""
    with shown_to_user():
        offset = ((number or 1) - 1) * PAGE_SIZE
        found = workspace.runs.newest(limit=PAGE_SIZE, offset=offset, states=states)
        if found:
            run_table(workspace, found, key="runs.table")
        else:
            st.caption("No run in this state.")


listing()
after_restart(workspace)
with st.expander("What the states mean"):
    for state, meaning in STATE_MEANINGS.items():
        st.markdown(f"**{state}** — {meaning}")
