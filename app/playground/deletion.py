"""Asking once more before something of the history is deleted."""

from __future__ import annotations

import streamlit as st

from app import cache
from app.errors import shown_to_user
from app.state import session
from core.storage.answer_records import AnswerRecord
from core.storage.workspace import Workspace


@st.dialog("Delete from the history?")
def confirm_deletion(workspace: Workspace, asked: list[AnswerRecord]) -> None:
    """Deletes what was asked together: a question with its answers, or a conversation.

    Args:
        workspace: Where it is stored.
        asked: The answers of one ask.
    """
    with shown_to_user():
        first = asked[0]
        st.text(" ".join(first.source.split())[:200])
        if first.purpose == "chat":
            what = f"The whole conversation is deleted for good; turns: {len(asked)}."
        else:
            what = f"The question is deleted for good, with all its answers: {len(asked)}."
        st.write(what + (" A vote on it stays." if first.purpose == "arena" else ""))
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="history.delete.yes"):
                cache.board().stop(first.ask_id)  # what is unseen must not go on costing
                workspace.answers.delete(first.ask_id)
                session().notice = "Deleted from the history."
                st.rerun()
            if st.button("Keep it", key="history.delete.no"):
                st.rerun()
