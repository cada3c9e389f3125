"""From a bucket, a check or an n-gram to its segments, and back to all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app.state import session, show_part
from app.text import counted

SEGMENTS = "Segments"


def show_segments(focus: str, positions: Sequence[int] | NDArray[np.intp]) -> None:
    """Makes the part *Segments* show these; only in a callback, before the parts are drawn."""
    session().evaluate.look_at(focus, [int(each) for each in positions])
    show_part(SEGMENTS)


def segments_button(focus: str, positions: Sequence[int] | NDArray[np.intp], *, key: str) -> None:
    """Shows the button that leads to some segments."""
    st.button(
        f"Show {counted(len(positions), 'segment')}",
        icon=":material/arrow_forward:",
        key=key,
        disabled=not len(positions),
        on_click=show_segments,
        args=(focus, positions),
    )


def focus_bar() -> NDArray[np.intp] | None:
    """Shows which segments are looked at, and the way back; None for all."""
    draft = session().evaluate
    if not draft.focus:
        return None
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.text(f"{draft.focus}: {counted(len(draft.positions), 'segment')}")
        st.button(
            "Show all segments",
            icon=":material/close:",
            key="segments.all",
            on_click=draft.look_at,
            args=("", ()),
        )
    return np.array(draft.positions, dtype=np.intp)
