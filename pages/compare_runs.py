"""Compare runs: up to six fine-tunings side by side: curves, scores, settings, samples."""

import streamlit as st

from app import cache
from app.errors import shown_to_user
from app.finetuning import compare_charts, compare_samples, compare_tables
from app.finetuning.compare_choice import run_choice
from app.navigation import page_path
from app.text import page_header, plain
from core.evaluate.run_intervals import run_intervals
from core.finetune.comparing import load_compared, warnings_of

INTERVAL_S = 4

workspace = cache.workspace()
st.page_link(page_path("runs"), label="All runs", icon=":material/arrow_back:")
page_header("Compare runs", "What differs between runs, and what came of it.")

if not workspace.runs.counts():
    st.info("Nothing to compare yet: there is no run.")
    st.page_link(page_path("finetune"), label="Start the first run", icon=":material/tune:")
    st.stop()
ids = run_choice(workspace)
if not ids:
    st.info("Choose the runs to compare. Those that still work can be compared, too.")
    st.stop()
is_live = any(not each.state.has_ended for each in load_compared(workspace, ids))


@st.fragment(run_every=INTERVAL_S if is_live else None)
def scores() -> None:
    """Shows the table of scores, and what stands against comparing them."""
    with shown_to_user():
        runs = load_compared(workspace, ids)
        for warning in warnings_of(runs):
            st.warning(plain(warning), icon=":material/balance:")
        compare_tables.score_table(workspace, runs, run_intervals(workspace, ids))


@st.fragment(run_every=INTERVAL_S if is_live else None)
def curves() -> None:
    """Shows the charts."""
    with shown_to_user():
        axis = compare_charts.axis_choice()
        histories = [cache.history(each) for each in ids]
        compare_charts.overlay_charts(load_compared(workspace, ids), histories, axis)


@st.fragment(run_every=2 * INTERVAL_S if is_live else None)
def samples() -> None:
    """Shows sample translations."""
    with shown_to_user():
        histories = [cache.history(each) for each in ids]
        compare_samples.samples(load_compared(workspace, ids), histories)


with st.container(horizontal=True):
    for each in load_compared(workspace, ids):
        st.page_link(
            page_path("run"),
            label=plain(each.label),
            icon=":material/monitoring:",
            query_params={"id": each.run.id},
        )
st.subheader("Scores and costs", anchor=False)
scores()
st.subheader("Settings", anchor=False)
compare_tables.settings_table(load_compared(workspace, ids))
st.subheader("Curves", anchor=False)
curves()
st.subheader("Samples from the dev split", anchor=False)
samples()
