"""The chains part of the Settings page: two systems, one after the other."""

from __future__ import annotations

import streamlit as st

from app.forms import language_select
from app.problem_views import shown_in_place
from app.state import session
from core.storage.workspace import Workspace
from core.systems import catalogue
from core.systems.chain import ChainSettings
from core.systems.protocol import SystemInfo


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
        with shown_in_place("The chain was not added"):
            values = {"name": name, "first": first, "second": second, "pivot_lang": pivot}
            catalogue.add_chain(workspace, ChainSettings.parse(values))
            session().form_version += 1
            session().notice = f"Added the chain {name}."
            st.rerun()


def chain_card(workspace: Workspace, info: SystemInfo, names: dict[str, str]) -> None:
    """Shows one chain."""
    with st.container(border=True), st.container(horizontal=True, vertical_alignment="center"):
        st.text(info.name, width="content")
        parts = info.provenance
        first, second = (names.get(parts[each], parts[each]) for each in ("first", "second"))
        st.text(f"{first} → {parts['pivot_lang']} → {second}")
        if st.button("Delete", icon=":material/delete:", key=f"chain.delete.{info.id}"):
            with shown_in_place():
                catalogue.delete_system(workspace, info.id)
                session().notice = f"Deleted the chain {info.name}."
                st.rerun()
