"""What a test set holds: download a translation set, delete one or a further reference."""

from __future__ import annotations

import streamlit as st

from app.downloads import set_url
from app.errors import shown_to_user
from app.evaluation.choice import Choice
from app.state import session
from app.text import moment, plain, shortened
from core.evaluate.removing import delete_reference, delete_translations
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
        test_set = choice.settings.test_set
        with st.container(horizontal=True):
            if st.button("Delete a set", icon=":material/delete:", key="evaluate.delete"):
                _confirm_deletion(workspace, choice)
            if workspace.test_set_texts.names(test_set, "reference") and st.button(
                "Delete a reference", icon=":material/delete:", key="evaluate.delete_reference"
            ):
                _confirm_reference_deletion(workspace, test_set)


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
        if len(names) == 1:
            st.write("It is the only one of its test set, whose scorers and ratings go with it.")
        with st.container(horizontal=True):
            # The button is that of the set which was read when it was pressed: where that one is
            # gone, by a second click or in another tab, the field falls back to the first set.
            if st.button("Delete for good", type="primary", key=f"evaluate.delete.{set_id}"):
                delete_translations(workspace, set_id)
                session().notice = f"Deleted the set {shortened(names[set_id], SHOWN_NAME)}."
                st.rerun()
            if st.button("Keep it", key="evaluate.delete.no"):
                st.rerun()


@st.dialog("Delete a further reference?")
def _confirm_reference_deletion(workspace: Workspace, test_set: str) -> None:
    with shown_to_user():
        names = workspace.test_set_texts.names(test_set, "reference")
        name = st.selectbox("Reference", names, key="evaluate.delete_reference.name")
        st.write("All systems are scored anew without it. The first reference always stays.")
        with st.container(horizontal=True):
            # As above: the button is that of the name which was read when it was pressed.
            key = f"evaluate.delete_reference.{name}"
            if st.button("Delete for good", type="primary", key=key):
                delete_reference(workspace, test_set, name)
                session().notice = f"Deleted the reference {shortened(name, SHOWN_NAME)}."
                st.rerun()
            if st.button("Keep it", key="evaluate.delete_reference_no"):
                st.rerun()
