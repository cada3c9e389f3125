"""Home: where the work stands, what to do next, and what this machine can do."""

import streamlit as st

from app import cache
from app.finetuning.run_list import run_table
from app.navigation import page_path
from app.notify_views import news
from app.text import page_header, size
from core.emissions.amounts import kwh_words
from core.emissions.settings import emissions_settings

workspace = cache.workspace()
corpora = workspace.corpora.all()
counts = workspace.runs.counts()
facts = cache.facts()
newest = workspace.runs.newest(limit=5)
campaigns = workspace.campaigns.all()
taken = cache.energy_taken()
num_active = sum(
    count
    for state, count in counts.items()
    if state not in ("finished", "failed", "lost", "stopped")
)

page_header("adaptMLLM", "Fine-tune a multilingual model on your own parallel text, and judge it.")

news(workspace)
with st.container(border=True):
    st.subheader("Next step", anchor=False)
    if num_active:
        st.write("A run is at work. Watch it learn, or prepare the next one: it will queue.")
        st.page_link(page_path("runs"), label="Watch the runs", icon=":material/monitoring:")
    elif not counts:
        st.write(
            "Try the whole path on the bundled sample: choose *Try it in a minute* and launch. "
            "Or import a corpus of your own first."
        )
        st.page_link(page_path("finetune"), label="Fine-tune a model", icon=":material/tune:")
        st.page_link(page_path("corpora"), label="Import a corpus", icon=":material/upload:")
    elif counts.get("finished"):
        st.write("You have a fine-tuned model. Look at its scores, then let people use it.")
        st.page_link(page_path("runs"), label="See the results", icon=":material/monitoring:")
        st.page_link(
            page_path("playground"), label="Compare it with others", icon=":material/forum:"
        )
        st.page_link(page_path("deploy"), label="Deploy it", icon=":material/rocket_launch:")
        st.page_link(page_path("corpora"), label="Import a corpus", icon=":material/upload:")
    else:
        st.write("No run has finished yet. See why, resume it, or start another.")
        st.page_link(page_path("runs"), label="See the runs", icon=":material/monitoring:")
    if workspace.translation_sets.all():
        st.page_link(
            page_path("campaigns"),
            label="Let people judge translations",
            icon=":material/rate_review:",
        )

st.subheader("Where the work stands", anchor=False)
with st.container(horizontal=True):
    st.metric("Corpora", len(corpora), border=True)
    st.metric("Runs at work or waiting", num_active, border=True)
    st.metric("Runs finished", counts.get("finished", 0), border=True)
    unwell = counts.get("failed", 0) + counts.get("lost", 0)
    st.metric("Runs failed or lost", unwell, border=True)
    if campaigns:
        num_open = sum(campaign.state == "open" for campaign in campaigns)
        st.metric("Campaigns open", num_open, border=True)
    if taken.num_jobs:
        pue = emissions_settings(workspace).pue
        about = f"Of all jobs, with PUE {pue:g}; more on the Emissions page."
        st.metric("Energy taken", kwh_words(taken.energy.total_kwh * pue), border=True, help=about)
if newest:
    run_table(workspace, newest, key="home.runs")

st.subheader("This machine", anchor=False)
with st.container(horizontal=True):
    gpu_names = ", ".join(gpu["name"] for gpu in facts.gpus) or "none"
    st.metric("GPU", gpu_names, border=True, help="What trains: " + facts.accelerator)
    st.metric("Processor cores", facts.num_cores, border=True)
    st.metric("Memory free", f"{size(facts.available_bytes)}", border=True)
    st.metric("Disk free", f"{size(facts.disk_free_bytes)}", border=True)
if facts.accelerator == "cpu":
    st.caption(
        "Without a GPU the starter model and small experiments are the sensible size; the same "
        "buttons train NLLB-200 where there is one."
    )
if not facts.compiler:
    st.warning(
        "There is no C++ compiler. DeepSpeed compiles a part of itself before its first run: "
        "`apt-get install g++`, or choose the engine *plain* on the Fine-tune page.",
        icon=":material/build:",
    )
with st.expander("Versions and folders"):
    versions = " · ".join(f"{name} {version}" for name, version in facts.versions.items())
    st.text(f"{facts.system}\n{versions}\nWorkspace: {workspace.root}")
