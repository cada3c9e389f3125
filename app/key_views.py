"""The API keys part of the Deploy page: make, list and revoke keys."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.problem_views import shown_in_place
from app.state import session
from app.text import ago
from core.serving.access import MAX_NAME_LENGTH, new_key
from core.storage.key_records import ApiKey
from core.storage.workspace import Workspace

MAX_LIMIT = 1_000_000_000


def key_form(workspace: Workspace) -> None:
    """Shows the fields of a new key and, once, the key itself."""
    tab = session()
    key = f"deploy.key.{tab.key_version}"
    columns = st.columns(3)
    with columns[0]:
        name = st.text_input(
            "Whose key, or what for",
            key=f"{key}.name",
            max_chars=MAX_NAME_LENGTH,
            placeholder="Such as: translators' office",
        )
    with columns[1]:
        requests = st.number_input(
            "Requests a minute", 0, MAX_LIMIT, 0, key=f"{key}.requests", help="0 = no limit"
        )
    with columns[2]:
        characters = st.number_input(
            "Characters a minute", 0, MAX_LIMIT, 0, key=f"{key}.characters", help="0 = no limit"
        )
    missing = "" if name.strip() else "Type whose key it is, or what for."
    if st.button(
        "Create key",
        type="primary",
        icon=":material/key:",
        key=f"{key}.go",
        disabled=bool(missing),
        help=missing or "The key is shown once; only its hash is stored.",
    ):
        with shown_in_place("No key was made"):
            secret, _ = new_key(
                workspace.keys,
                name,
                requests_per_minute=int(requests),
                characters_per_minute=int(characters),
            )
            tab.new_key = secret
            tab.key_version += 1  # a double click must not make a second one
            st.rerun()
    if tab.new_key:
        _show_once()


def _show_once() -> None:
    tab = session()
    with st.container(border=True):
        st.write("This is the only time that the key is shown. Copy it now.")
        st.code(tab.new_key, language=None, wrap_lines=True)
        if st.button("I have copied it", icon=":material/check:", key="deploy.key.copied"):
            tab.new_key = ""
            st.rerun()


def key_list(workspace: Workspace, keys: Sequence[ApiKey]) -> None:
    """Shows all keys by their first characters, and lets a valid one be revoked."""
    rows = [
        {
            "Key": f"{key.prefix}…",
            "Name": key.name,
            "Requests a minute": f"{key.requests_per_minute:,}" if key.requests_per_minute else "–",
            "Characters a minute": (
                f"{key.characters_per_minute:,}" if key.characters_per_minute else "–"
            ),
            "State": f"revoked {ago(key.revoked_at)}" if key.revoked_at else "valid",
            "Made": ago(key.created_at),
        }
        for key in keys
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key="deploy.keys")
    valid = {key.id: key for key in keys if key.revoked_at is None}
    if not valid:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Revoke",
            list(valid),
            format_func=lambda each: f"{valid[each].name} · {valid[each].prefix}…",
            index=None,
            placeholder="Choose a key",
            key=f"deploy.revoke.{len(valid)}",
        )
        if st.button(
            "Revoke",
            icon=":material/key_off:",
            key=f"deploy.revoke.go.{chosen}",
            disabled=chosen is None,
            help="Running services refuse it within seconds; it cannot be made valid again.",
        ):
            with shown_in_place():
                name = workspace.keys.revoke(str(chosen)).name
                session().notice = f"Revoked the key of {name}."
                st.rerun()
