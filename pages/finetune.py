"""Fine-tune: choose model, corpus and recipe, see what the model will see, launch."""

import streamlit as st

from app import cache
from app.access.visiting import visitor_name
from app.finetuning import data_form, form
from app.finetuning.launcher_form import launcher_fields
from app.finetuning.preflight_view import preflight_view
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

form.recipe_buttons()
key = f"finetune.{tab.draft_version}"
values = dict(tab.draft)

values |= form.model_and_corpus(corpora, values, key=key)
with st.expander("Data", key=f"{key}.data", expanded=data_form.is_used(values)):
    values |= data_form.data_fields(corpora, values, key=key)
groups = groups_of(FineTuneSettings)
with st.expander("Hyperparameters", expanded=True):
    st.markdown("**Method**")
    values |= form.method_fields(values, key=key)
    for group in ("Training", "Batches"):
        st.markdown(f"**{group}**")
        values |= group_fields(FineTuneSettings, groups[group], values, key=key)
with st.expander("Evaluation and machine"):
    for group in ("Evaluation", "Selection", "Machine"):
        st.markdown(f"**{group}**")
        values |= group_fields(FineTuneSettings, groups[group], values, key=key)
    values |= launcher_fields(values, key=key)
    st.markdown("**Emissions**")
    values |= group_fields(FineTuneSettings, groups["Emissions"], values, key=key)
tab.draft = values

settings = FineTuneSettings.parse(values)
form.model_sees(settings)
form.command_and_config(settings)

is_forced = preflight_view(settings)
problem = form.what_prevents(settings, is_forced=is_forced)
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
    run = runs.launch(
        workspace, settings, run_id=tab.launch_id, by=visitor_name(), is_forced=is_forced
    )
    tab.renew_launch_id()
    tab.notice = f"Launched {run.name}."
    st.switch_page(page_path("run"), query_params={"id": run.id})
