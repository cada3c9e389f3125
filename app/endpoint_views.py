"""The endpoints part of the Settings page: set up, test, change, delete what is asked by HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pandas as pd
import streamlit as st

from app.forms import group_fields, groups_of
from app.problem_views import shown_in_place
from app.state import session
from app.text import ago
from core.storage.workspace import Workspace
from core.systems import catalogue
from core.systems.endpoint import KIND_NAMES, EndpointSettings
from core.systems.model_list import listed_models
from core.systems.probe import PROBE, Check, probe
from core.systems.protocol import SystemInfo

PRESETS: dict[str, dict[str, Any]] = {
    "OpenAI": {"base_url": "https://api.openai.com/v1", "key_env": "OPENAI_API_KEY"},
    "Azure OpenAI": {
        "base_url": "https://YOUR-RESOURCE.openai.azure.com/openai/v1",
        "key_env": "AZURE_OPENAI_API_KEY",
    },
    "vLLM": {"base_url": "http://127.0.0.1:8000/v1"},
    "Ollama": {"base_url": "http://127.0.0.1:11434/v1"},
    "transformers serve": {"base_url": "http://127.0.0.1:8000/v1"},
    "LibreTranslate": {"kind": "libretranslate", "base_url": "http://127.0.0.1:5000"},
    "Google Cloud Translation": {"kind": "google", "key_env": "GOOGLE_API_KEY"},
    "DeepL": {"kind": "deepl", "key_env": "DEEPL_API_KEY"},
}


def endpoint_form(workspace: Workspace, endpoints: list[SystemInfo]) -> None:
    """Shows the fields of a new endpoint, or of one that is changed."""
    tab = session()
    known = {info.id: info for info in endpoints}
    is_new = tab.endpoint_id not in known
    values: dict[str, Any] = {}
    if is_new:
        preset = st.pills("Start from", list(PRESETS), key=f"endpoint.preset.{tab.form_version}")
        if preset:
            values = {"name": preset, **PRESETS[preset]}
        key = f"endpoint.new.{tab.form_version}.{preset}"
    else:
        values = catalogue.endpoint_settings(workspace, tab.endpoint_id).model_dump()
        key = f"endpoint.{tab.endpoint_id}.{tab.form_version}"
    groups = groups_of(EndpointSettings)
    found = group_fields(EndpointSettings, groups["Endpoint"], values, key=key)
    found["model"] = _model_field(found, key) or found["model"]
    with st.expander("Price, size, limits, headers"):
        for group in ("Price", "Limits"):
            found |= group_fields(EndpointSettings, groups[group], values, key=key)
    with st.container(horizontal=True):
        if st.button(
            "Add" if is_new else "Save", type="primary", icon=":material/save:", key=f"{key}.save"
        ):
            _save(workspace, found, "" if is_new else tab.endpoint_id)
        if not is_new and st.button("Cancel", key=f"{key}.cancel"):
            tab.endpoint_id = ""
            st.rerun()


def _model_field(found: dict[str, Any], key: str) -> str:
    """Offers the models that the endpoint lists; any other can be typed."""
    if found["kind"] != "openai":
        return ""
    wanted = st.toggle(
        "Fetch models",
        key=f"{key}.fetch",
        disabled=not found["base_url"],
        help="Asks the endpoint which models it has; needs its address and, often, its key.",
    )
    if not wanted or not found["base_url"]:
        return ""
    models: list[str] = []
    with shown_in_place("The models could not be fetched"):
        values = {**found, "name": found["name"] or "endpoint", "model": "any"}
        models = _fetched(EndpointSettings.parse(values).model_dump_json())
        if not models:
            st.caption("The endpoint lists no models; type the model's id.")
    if not models:
        return ""
    chosen = st.selectbox(f"{len(models)} models", models, index=None, key=f"{key}.models")
    return chosen or ""


@st.cache_data(ttl=60, max_entries=20, show_spinner="Asking for the models …")
def _fetched(settings: str) -> list[str]:
    return asyncio.run(listed_models(EndpointSettings.model_validate_json(settings)))


def _save(workspace: Workspace, values: dict[str, Any], endpoint_id: str) -> None:
    tab = session()
    with shown_in_place("The endpoint was not saved"):
        settings = EndpointSettings.parse(values)
        if endpoint_id:
            catalogue.change_endpoint(workspace, endpoint_id, settings)
        else:
            catalogue.add_endpoint(workspace, settings)
        tab.endpoint_id = ""
        tab.form_version += 1
        tab.notice = f"Saved the endpoint {settings.name}."
        st.rerun()


def endpoint_card(workspace: Workspace, info: SystemInfo) -> None:
    """Shows one endpoint, what its last test found, and what one can do with it."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(info.name, width="content")
            st.badge(KIND_NAMES[info.kind], color="gray")
        st.text(info.detail)
        settings = catalogue.endpoint_settings(workspace, info.id)
        _key_field(info, settings)
        with st.container(horizontal=True):
            if st.button(
                "Test connection",
                icon=":material/network_check:",
                key=f"endpoint.test.{info.id}",
                help="Asks for the models and one short translation; costs next to nothing.",
            ):
                with shown_in_place("The test could not be made"), st.spinner("Asking …"):
                    asyncio.run(probe(workspace, info.id, session_keys=session().session_keys))
            if st.button("Change", icon=":material/edit:", key=f"endpoint.edit.{info.id}"):
                session().endpoint_id = info.id
                st.rerun()
            if st.button("Delete", icon=":material/delete:", key=f"endpoint.delete.{info.id}"):
                with shown_in_place():
                    catalogue.delete_system(workspace, info.id)
                    session().notice = f"Deleted the endpoint {info.name}."
                    st.rerun()
        _learned(catalogue.learned_of(workspace, info.id))


def _key_field(info: SystemInfo, settings: EndpointSettings) -> None:
    keys = session().session_keys
    label = "Key set for this session" if info.id in keys else "Key for this session"
    with st.popover(label, icon=":material/key:"):
        where = f"the environment variable {settings.key_env}" if settings.key_env else "nowhere"
        st.caption(f"Without one, the key comes from {where}.")
        typed = st.text_input(
            "Key",
            type="password",
            key=f"endpoint.key.{info.id}",
            help="Kept in this tab's memory only: never stored, never logged, gone at a reload.",
        )
        with st.container(horizontal=True):
            if st.button("Use it", type="primary", key=f"endpoint.key.use.{info.id}"):
                keys[info.id] = typed.strip()
                st.rerun()
            if info.id in keys and st.button("Forget it", key=f"endpoint.key.forget.{info.id}"):
                del keys[info.id]
                st.rerun()


def _learned(learned: dict[str, Any]) -> None:
    if learned.get("ignored"):
        st.caption(f"Refuses, so not sent any more: {', '.join(learned['ignored'])}")
    found = learned.get(PROBE)
    if not found:
        return
    checks = [Check(**values) for values in found["checks"]]
    st.caption(f"Tested {ago(found['time'])}")
    rows = [{"Check": c.name, "Verdict": c.verdict, "Detail": c.detail} for c in checks]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")
