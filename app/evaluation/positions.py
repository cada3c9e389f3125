"""From a bucket, a check or an n-gram to its segments, and back to all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
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


def picked_row(
    rows: Sequence[Mapping[str, object]],
    columns: Mapping[str, Any],
    *,
    key: str,
    height: int | Literal["auto"] = "auto",
) -> int | None:
    """Shows a table whose rows can be clicked, and gives the number of the one that was."""
    event = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height=height,
        column_config=dict(columns),
        placeholder="–",
        on_select="rerun",
        selection_mode="single-row",
        key=key,
    )
    picked = event.selection.rows
    return picked[0] if picked and picked[0] < len(rows) else None


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
