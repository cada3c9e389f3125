"""The chains part of the Settings page: two systems, one after the other."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.endpoint_views import deletion_question
from app.forms import field_problems, language_select
from app.problem_views import problem, shown_in_place
from app.state import session
from core.errors import ConfigError
from core.languages import language_name
from core.storage.workspace import Workspace
from core.systems import catalogue
from core.systems.chain import ChainSettings
from core.systems.protocol import SystemInfo

_SYSTEMS = ("first", "second")


def chain_form(workspace: Workspace, systems: list[SystemInfo]) -> None:
    """Shows the fields of a new chain."""
    known = {info.id: info for info in systems}
    if not known:
        st.info("A chain needs systems: fine-tune a model, or set up an endpoint.")
        return
    key = f"chain.{session().form_version}"
    columns = st.columns(3)
    with columns[0]:
        first = st.selectbox(
            "First", list(known), format_func=lambda each: known[each].name, key=f"{key}.first"
        )
    with columns[1]:
        pivot = language_select("Language in between", "eng_Latn", key=f"{key}.pivot")
    with columns[2]:
        second = st.selectbox(
            "Second", list(known), format_func=lambda each: known[each].name, key=f"{key}.second"
        )
    name = st.text_input(
        "Name",
        f"{known[first].name} → {known[second].name}"[:200],
        key=f"{key}.name.{first}.{second}",
        help="Where the language in between is the source's own, the first system is not asked to "
        "translate: an LLM answers the text, and the second system translates its answer.",
    )
    if st.button("Add", type="primary", icon=":material/add_link:", key=f"{key}.add"):
        _add(workspace, {"name": name, "first": first, "second": second, "pivot_lang": pivot})


def _add(workspace: Workspace, values: dict[str, Any]) -> None:
    title = "The chain was not added"
    try:
        settings = ChainSettings.parse(values)
    except ConfigError as error:
        problem(title, "\n".join(field_problems(ChainSettings, error)))
        return
    with shown_in_place(title):
        catalogue.add_chain(workspace, settings)
        session().form_version += 1
        session().notice = f"Added the chain {settings.name}."
        st.rerun()


def chain_card(workspace: Workspace, info: SystemInfo, names: dict[str, str]) -> None:
    """Shows one chain; its name only where that says more than its parts."""
    parts = info.provenance
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            if parts:
                first, second = (names.get(parts[each], parts[each]) for each in _SYSTEMS)
                path = f"{first} → {language_name(parts['pivot_lang'])} → {second}"
                is_named = info.name != f"{first} → {second}"
            else:  # its settings cannot be read
                path, is_named = info.detail, True
            st.text(info.name if is_named else path)
            is_unwanted = st.button(
                "Delete", icon=":material/delete:", key=f"chain.delete.{info.id}"
            )
        if is_named:
            st.text(path)
        if is_unwanted:
            _confirm_deletion(workspace, info)


@st.dialog("Delete this chain?")
def _confirm_deletion(workspace: Workspace, info: SystemInfo) -> None:
    deletion_question(workspace, info, "chain")
