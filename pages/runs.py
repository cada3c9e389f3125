"""Runs: every fine-tuning with its state, progress and scores; a click opens one."""

import streamlit as st

from app import cache
from app.errors import shown_to_user
from app.navigation import page_path
from app.run_list import run_table
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

chosen = st.segmented_control(
    "Show",
    list(FILTERS),
    default="All",
    key="runs.filter",
    required=True,
    label_visibility="collapsed",
)
states = FILTERS[chosen or "All"]
total = sum(count for state, count in counts.items() if not states or state in states)
num_pages = max(1, -(-total // PAGE_SIZE))
number = st.pagination(num_pages, key=f"runs.page.{chosen}") if num_pages > 1 else 1


@st.fragment(run_every=3 if any(state not in ENDED for state in counts) else None)
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
with st.expander("What the states mean"):
    for state, meaning in STATE_MEANINGS.items():
        st.markdown(f"**{state}** — {meaning}")
