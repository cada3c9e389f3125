"""Problems that leave the rest of the page in place, unlike those of `app.errors`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import AdaptMLLMError
from core.jobs.folder import JobState


@contextmanager
def shown_in_place(title: str = "This did not work") -> Iterator[None]:
    """Shows a core error where it happened; what comes after it on the page is still shown."""
    try:
        yield
    except AdaptMLLMError as error:
        problem(title, error.message, error.hint)


def problem(title: str, message: str, hint: str = "", detail: str = "") -> None:
    """Shows what is wrong and what can be done; texts are shown as they are."""
    with st.container(border=True):
        st.badge(title, icon=":material/error:", color="red")
        st.text(message)
        if hint:
            st.text(hint)
        if detail:
            with st.expander("Details"):
                st.code(detail, language=None, wrap_lines=True)


def why_it_ended(state: JobState, *, key: str = "reason") -> None:
    """Shows why a job ended as it did, with what one can do; nothing while all is well.

    Args:
        state: Of the job.
        key: Of the box; another one for each job on a page.
    """
    if not state.reason:
        return
    with st.container(border=True, key=key):
        st.text(state.reason)
        if state.hint:
            st.text(state.hint)
        if state.detail:
            with st.expander("Details"):
                st.code(state.detail, language=None, wrap_lines=True)
