"""The form of an endpoint: from a preset, with the models that it lists, with every problem."""

from __future__ import annotations

import asyncio
from typing import Any

import streamlit as st

from app.forms import field_problems, group_fields, groups_of
from app.problem_views import problem, shown_in_place
from app.state import session, set_widget, widget_value
from core.errors import ConfigError
from core.storage.workspace import Workspace
from core.systems import catalogue
from core.systems.endpoint import DEFAULT_URLS, KIND_NAMES, EndpointSettings
from core.systems.model_list import listed_models

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


def new_endpoint(workspace: Workspace) -> None:
    """Shows the fields of a new endpoint."""
    key = f"endpoint.new.{session().form_version}"
    st.pills("Start from", list(PRESETS), key=f"{key}.preset", on_change=_take_over, args=(key,))
    found = _fields({}, key)
    if st.button("Add", type="primary", icon=":material/save:", key=f"{key}.save"):
        _save(workspace, found)


def _take_over(key: str) -> None:
    """Fills the fields of a preset; a name and a model that were typed stay."""
    preset = widget_value(f"{key}.preset")
    if not preset:
        return
    for name in ("kind", "base_url", "key_env"):
        default = EndpointSettings.model_fields[name].default
        set_widget(f"{key}.{name}", PRESETS[preset].get(name, default))
    if (widget_value(f"{key}.name") or "").strip() in ("", *PRESETS):
        set_widget(f"{key}.name", preset)


@st.dialog("Change the endpoint", width="large", dismissible=False)
def change_dialog(workspace: Workspace, endpoint_id: str) -> None:
    """Shows the fields of an endpoint; what was typed outlives the endpoint itself."""
    tab = session()
    key = f"endpoint.{endpoint_id}.{tab.form_version}"
    settings = endpoint_settings(workspace, endpoint_id)
    found = _fields(settings.model_dump() if settings else {}, key)
    if settings is None:
        problem(
            "This endpoint is gone",
            "It was deleted meanwhile, such as in another tab; what you typed is still here.",
        )
    with st.container(horizontal=True):
        # A key of its own: a click on "Save" must not bring back what somebody deleted.
        is_saved = st.button(
            "Save" if settings else "Add as a new one",
            type="primary",
            icon=":material/save:",
            key=f"{key}.save" if settings else f"{key}.again",
        )
        is_cancelled = st.button("Cancel", key=f"{key}.cancel")
    if is_saved:
        _save(workspace, found, endpoint_id if settings else "")
    if is_cancelled:
        tab.endpoint_id = ""
        tab.form_version += 1  # else the fields would still hold what was not saved
        st.rerun()


def endpoint_settings(workspace: Workspace, endpoint_id: str) -> EndpointSettings | None:
    """Gives the settings of an endpoint; None if it is gone or cannot be read."""
    try:
        return catalogue.endpoint_settings(workspace, endpoint_id)
    except ConfigError:
        return None


def _fields(values: dict[str, Any], key: str) -> dict[str, Any]:
    kinds = list(KIND_NAMES)
    kind = st.selectbox(
        "Kind",
        kinds,
        index=kinds.index(values.get("kind", kinds[0])),
        format_func=lambda each: KIND_NAMES[each],
        key=f"{key}.kind",
        help=EndpointSettings.model_fields["kind"].description,
    )
    groups = groups_of(EndpointSettings)
    names = [name for name in groups["Endpoint"] if name != "kind"]
    found = {"kind": kind, **group_fields(EndpointSettings, names, values, key=key)}
    found["model"] = _model_field(found, key) or found["model"]
    with st.expander("Price, size, limits, headers"):
        for group in ("Price", "Limits"):
            found |= group_fields(EndpointSettings, groups[group], values, key=key)
    return found


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
    values = {**found, "name": found["name"].strip() or "The endpoint", "model": "any"}
    if wrong := _wrong(values):
        problem("The models could not be fetched", "\n".join(wrong))
        return ""
    with shown_in_place("The models could not be fetched"):
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


def _save(workspace: Workspace, values: dict[str, Any], endpoint_id: str = "") -> None:
    tab = session()
    if wrong := _wrong(values):
        problem("The endpoint was not saved", "\n".join(wrong))
        return
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


def _wrong(values: dict[str, Any]) -> list[str]:
    """Gives everything that is wrong; the settings name what is missing only after the rest."""
    values, missing = dict(values), []
    if not values["base_url"].strip() and values["kind"] not in DEFAULT_URLS:
        missing.append("Base URL: say where it is asked.")
        values["base_url"] = "http://localhost"
    if not values["model"].strip() and values["kind"] == "openai":
        missing.append("Model: say which one is asked; 'Fetch models' lists them.")
        values["model"] = "any"
    try:
        EndpointSettings.parse(values)
    except ConfigError as error:
        return [*field_problems(EndpointSettings, error), *missing]
    return missing
