"""The translation sets themselves: download one, delete one."""

from __future__ import annotations

import streamlit as st

from app.downloads import set_url
from app.errors import shown_to_user
from app.evaluation.choice import Choice
from app.state import session
from app.text import moment, plain, shortened
from core.evaluate.removing import delete_translations
from core.storage.workspace import Workspace

SHOWN_NAME = 32


def set_buttons(workspace: Workspace, choice: Choice) -> None:
    """Shows a download for each set of the test set, and the way to delete one."""
    with st.expander("Translation sets", icon=":material/folder_open:"):
        with st.container(horizontal=True):
            for number, each in enumerate(choice.sets, 1):
                name = plain(shortened(choice.names[each.id], SHOWN_NAME))
                st.link_button(
                    f"Download {number} · {name}", set_url(each.id), icon=":material/download:"
                )
        if st.button("Delete a set", icon=":material/delete:", key="evaluate.delete"):
            _confirm_deletion(workspace, choice)


@st.dialog("Delete a translation set?")
def _confirm_deletion(workspace: Workspace, choice: Choice) -> None:
    with shown_to_user():
        names = {
            # A label that grows older would be another one when the click arrives.
            each.id: f"{number} · {choice.names[each.id]}, {moment(each.created_at)}"
            for number, each in enumerate(choice.sets, 1)
        }
        set_id = st.selectbox(
            "Translation set",
            list(names),
            format_func=lambda each: names[each],
            key="evaluate.delete.set",
        )
        st.write(
            "Its translations and their scores are deleted for good. If its batch is resumed, they "
            "are made, and paid for, anew."
        )
        with st.container(horizontal=True):
            # The button is that of the set which was read when it was pressed: where that one is
            # gone, by a second click or in another tab, the field falls back to the first set.
            if st.button("Delete for good", type="primary", key=f"evaluate.delete.{set_id}"):
                delete_translations(workspace, set_id)
                session().notice = f"Deleted the set {shortened(names[set_id], SHOWN_NAME)}."
                st.rerun()
            if st.button("Keep it", key="evaluate.delete.no"):
                st.rerun()
