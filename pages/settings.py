"""Settings: endpoints, chains of systems, prompt templates, models of the hub, access."""

import streamlit as st

from app import (
    cache,
    chain_views,
    endpoint_form,
    endpoint_views,
    model_views,
    notify_views,
    template_views,
)
from app.access.member_views import access_view
from app.access.visiting import visitor
from app.state import session
from app.text import page_header
from core.systems.catalogue import all_systems
from core.systems.endpoint import KIND_NAMES

workspace = cache.workspace()
page_header(
    "Settings",
    "What else translates, how LLMs are asked, models of the hub, notices, and who may do what.",
)

systems = all_systems(workspace)
endpoints = [info for info in systems if info.kind in KIND_NAMES]
chains = [info for info in systems if info.kind == "chain"]
may_manage_access = visitor().may_manage_access
parts = ["Endpoints", "Chains", "Prompts", "Models", "Notifications"]
tabs = st.tabs([*parts, *(["Access"] if may_manage_access else [])])
of_endpoints, of_chains, of_prompts, of_models, of_notices, *of_access = tabs

with of_endpoints:
    if not may_manage_access:
        st.info("Endpoints are asked with keys: only an owner sets them up and changes them.")
        for info in endpoints:
            st.text(f"{info.name} · {KIND_NAMES[info.kind]}")
    else:
        with st.expander("Set up an endpoint", icon=":material/add_link:", expanded=not endpoints):
            endpoint_form.new_endpoint(workspace)
        for info in endpoints:
            endpoint_views.endpoint_card(workspace, info)
        if session().endpoint_id:
            endpoint_form.change_dialog(workspace, session().endpoint_id)
        if not endpoints:
            st.info(
                "No endpoint yet. Any OpenAI-compatible API will do (OpenAI, Azure, vLLM, Ollama, "
                "`transformers serve`), LibreTranslate, Google and DeepL too. Keys come from "
                "environment variables, or are typed for one session; they are never stored."
            )

with of_chains:
    st.caption(
        "One system's answer goes into another one, as an LLM's English text into a fine-tuned "
        "model; the text in between is shown."
    )
    chain_views.chain_form(workspace, systems)
    names = {info.id: info.name for info in systems}
    for info in chains:
        chain_views.chain_card(workspace, info, names)

with of_prompts:
    template_views.template_editor(workspace)

with of_models:
    model_views.models_view(workspace, may_delete=may_manage_access)

with of_notices:
    notify_views.notify_view(workspace, may_change=may_manage_access)

for tab in of_access:  # there is none for members
    with tab:
        access_view(workspace)
