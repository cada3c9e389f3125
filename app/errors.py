"""From an error of core to the sentence on the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import AdaptMLLMError


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
