"""The endpoints part of the Settings page: set up, test, change, delete what is asked by HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import streamlit as st

from app.endpoint_form import endpoint_settings
from app.problem_views import problem, shown_in_place
from app.state import session
from app.text import ago, plain
from core.storage.workspace import Workspace
from core.systems import catalogue
from core.systems.endpoint import KIND_NAMES, EndpointSettings
from core.systems.probe import PROBE, Check, Verdict, probe
from core.systems.protocol import SystemInfo

VERDICT_COLOURS: dict[Verdict, str] = {"yes": "green", "no": "red", "unknown": "gray"}
MAX_BATCHES = 1000  # that are looked through for those that need a system


def endpoint_card(workspace: Workspace, info: SystemInfo) -> None:
    """Shows one endpoint, what its last test found, and what one can do with it."""
    settings = endpoint_settings(workspace, info.id)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(info.name, width="content")
            st.badge(KIND_NAMES[info.kind], color="gray")
        st.text(info.detail)
        if settings is not None:
            _key_field(info, settings)
        with st.container(horizontal=True):
            is_tested = settings is not None and st.button(
                "Test connection",
                icon=":material/network_check:",
                key=f"endpoint.test.{info.id}",
                help="Asks for the models and one short translation; costs next to nothing.",
            )
            if settings is not None and st.button(
                "Change", icon=":material/edit:", key=f"endpoint.edit.{info.id}"
            ):
                session().endpoint_id = info.id
            is_unwanted = st.button(
                "Delete", icon=":material/delete:", key=f"endpoint.delete.{info.id}"
            )
        if is_unwanted:
            _confirm_deletion(workspace, info)
        if is_tested:
            with shown_in_place("The test could not be made"), st.spinner("Asking …"):
                asyncio.run(probe(workspace, info.id, session_keys=session().session_keys))
        with shown_in_place("What is known of it cannot be shown"):
            _learned(catalogue.learned_of(workspace, info.id))


@st.dialog("Delete this endpoint?")
def _confirm_deletion(workspace: Workspace, info: SystemInfo) -> None:
    deletion_question(workspace, info, "endpoint")


def deletion_question(workspace: Workspace, info: SystemInfo, word: str) -> None:
    """Shows what goes with an endpoint or a chain, and deletes it when that is confirmed.

    Args:
        workspace: Where it was set up.
        info: What is deleted.
        word: What people call such a system.
    """
    st.text(info.name)
    st.write("Its settings are deleted for good; what it has translated stays.")
    for sentence in _uses(workspace, info.id):
        st.text(sentence)
    with st.container(horizontal=True):
        is_meant = st.button("Delete for good", type="primary", key=f"{word}.delete.yes")
        is_kept = st.button("Keep it", key=f"{word}.delete.no")
    if is_meant:
        with shown_in_place("It was not deleted"):
            catalogue.delete_system(workspace, info.id)
            session().session_keys.pop(info.id, None)
            session().notice = f"Deleted the {word} {info.name}."
            st.rerun()
    if is_kept:
        st.rerun()


def _uses(workspace: Workspace, system_id: str) -> list[str]:
    """Says what will miss a system."""
    states = []
    for batch in workspace.batches.all(limit=MAX_BATCHES):
        used = [*batch.settings["systems"], batch.settings["prompt"]["draft_system"]]
        if system_id in used and batch.job.state != "finished":
            states.append(batch.job.has_ended)
    sentences = []
    if num_active := states.count(False):
        sentences.append(f"Running or queued batches that use it: {num_active}; they may fail.")
    if num_ended := states.count(True):
        sentences.append(
            f"Unfinished batches that use it: {num_ended}; they cannot be resumed afterwards."
        )
    if workspace.answers.of_system(system_id, purpose="chat", limit=1):
        sentences.append("Chats with it can only be read afterwards.")
    return sentences


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
        ).strip()
        with st.container(horizontal=True):
            is_used = st.button("Use it", type="primary", key=f"endpoint.key.use.{info.id}")
            is_forgotten = info.id in keys and st.button(
                "Forget it", key=f"endpoint.key.forget.{info.id}"
            )
        if is_used and not typed:
            problem("No key was set", "The field is empty: type the key first.")
        elif is_used:
            keys[info.id] = typed
            st.rerun()
        if is_forgotten:
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
    # The first question comes first: nothing else can be told where it is not reached.
    for check in sorted(checks, key=lambda each: each.name != "reachable"):
        said = f"{check.name} · {check.detail}" if check.detail else check.name
        # In one text, so that long lines wrap beside the verdict.
        st.markdown(f":{VERDICT_COLOURS[check.verdict]}-badge[{check.verdict}] {plain(said)}")
