"""Fine-tune: choose model, corpus and recipe, see what the model will see, launch."""

import streamlit as st

from app import cache, finetune_views
from app.access.visiting import visitor_name
from app.forms import group_fields, groups_of
from app.navigation import page_path
from app.state import session
from app.text import page_header, plain
from core.finetune import runs
from core.finetune.settings import FineTuneSettings
from core.storage.job_records import ENDED

workspace = cache.workspace()
tab = session()
page_header(
    "Fine-tune", "From a base model and a corpus to a run. Every value has a reason; hover."
)

corpora = workspace.corpora.all()
if not corpora:
    st.info("A run needs a corpus, and there is none yet.")
    st.page_link(page_path("corpora"), label="Import a corpus", icon=":material/upload:")
    st.stop()

finetune_views.recipe_buttons()
key = f"finetune.{tab.draft_version}"
values = dict(tab.draft)

values |= finetune_views.model_and_corpus(corpora, values, key=key)
groups = groups_of(FineTuneSettings)
with st.expander("Hyperparameters", expanded=True):
    st.markdown("**Method**")
    values |= finetune_views.method_fields(values, key=key)
    for group in ("Training", "Batches"):
        st.markdown(f"**{group}**")
        values |= group_fields(FineTuneSettings, groups[group], values, key=key)
with st.expander("Evaluation and machine"):
    for group in ("Evaluation", "Machine", "Emissions"):
        st.markdown(f"**{group}**")
        values |= group_fields(FineTuneSettings, groups[group], values, key=key)
tab.draft = values

settings = FineTuneSettings.parse(values)
finetune_views.model_sees(settings)
finetune_views.command_and_config(settings)

problem = finetune_views.what_prevents(settings)
counts = workspace.runs.counts()
waiting = sum(count for state, count in counts.items() if state not in ENDED)
label = "Launch" if not waiting else f"Launch (queued behind {waiting})"
if st.button(
    label,
    type="primary",
    icon=":material/rocket_launch:",
    key="finetune.launch",
    disabled=bool(problem),
    help=plain(problem) or "Starts a process of its own; closing this page does not end it.",
):
    run = runs.launch(workspace, settings, run_id=tab.launch_id, by=visitor_name())
    tab.renew_launch_id()
    tab.notice = f"Launched {run.name}."
    st.switch_page(page_path("run"), query_params={"id": run.id})
