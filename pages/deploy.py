"""Deploy: prepare a model, judge what that costs, serve it to people and programs."""

import streamlit as st

from app import (
    cache,
    deploy_views,
    feedback_views,
    key_views,
    service_views,
    version_views,
)
from app.access.visiting import visitor
from app.navigation import page_path
from app.text import page_header

workspace = cache.workspace()
page_header("Deploy", "From a model to a translation service that people and programs use.")

found = workspace.versions.all()
services = workspace.services.all()
keys = workspace.keys.all()
suggestions = workspace.feedback.counts()
models, serving, access, feedback = st.tabs(["Models", "Services", "API keys", "Feedback"])

with models:
    if not workspace.runs.counts().get("finished"):
        st.info("No run has finished yet. Fine-tune a model first, or prepare a base model as is.")
        st.page_link(page_path("finetune"), label="Fine-tune a model", icon=":material/tune:")
    with st.expander("Prepare a model", icon=":material/deployed_code:", expanded=not found):
        deploy_views.prepare_form(workspace)
    deploy_views.preparations(workspace, found)
    if found:
        version_views.version_table(workspace, found)
        version_views.version_view(workspace, version_views.chosen_version(found))
    else:
        st.info(
            "Nothing has been prepared yet. *Prepare* converts a model for fast serving and "
            "compares it with the original on dev lines; then you accept it or not."
        )

with serving:
    ready = service_views.served_models(workspace, found)
    if ready:
        with st.expander("Start a service", icon=":material/rocket_launch:", expanded=not services):
            service_views.start_form(workspace, ready, services)
    else:
        st.info("A service needs a model: prepare one and accept it, under *Models*.")
    for record in services:
        service_views.service_card(workspace, record)
    if ready and not services:
        st.caption("No service yet. Start one: it has a page for people and an API for programs.")

with access:
    if not visitor().may_manage_access:
        st.info("Keys let programs in: only an owner sees them, makes them and revokes them.")
    else:
        key_views.key_form(workspace)
        if keys:
            key_views.key_list(workspace, keys)
        else:
            st.info(
                "No key yet. On this machine none is needed; a service that other machines reach "
                "demands one."
            )

with feedback:
    if suggestions:
        feedback_views.feedback_view(workspace, suggestions)
    else:
        st.info(
            "No suggestion yet. On a service's page, users can send a better translation; they "
            "are kept here as pairs for the next fine-tuning."
        )
