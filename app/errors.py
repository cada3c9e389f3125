"""From an error to the sentence on the page: of core what it says, of others that there is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import AdaptMLLMError
from core.storage.files import utc_now


@contextmanager
def shown_to_user() -> Iterator[None]:
    """Shows a core error as message and hint, and stops the page there.

    It stands once around the page, and in each fragment, whose reruns do not pass the page.
    """
    try:
        yield
    except AdaptMLLMError as error:
        # Text from files and users is never Markdown: shown as it is.
        with st.container(border=True, key="error-box"):
            st.badge("This did not work", icon=":material/error:", color="red")
            st.text(error.message)
            if error.hint:
                st.text(error.hint)
        st.stop()


def show_defect(error: Exception) -> bool:
    """Shows that a page failed, without a word of how: that stands in the server's log.

    Given to `st.App`, which has logged the error before.

    Returns:
        True, so that Streamlit shows no box of its own.
    """
    del error
    with st.container(border=True, key="defect-box"):
        st.badge("This page failed", icon=":material/error:", color="red")
        st.text("Something went wrong that nobody foresaw. What was saved before is kept.")
        st.text(
            "Reload the page. If it fails again, tell whoever runs this application that it did at "
            f"{utc_now()[:19]} UTC: the cause stands in the server's log."
        )
    return True
