"""The Feedback part of the Deploy page: better translations, as pairs for the next fine-tuning."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.languages import language_name
from core.storage.feedback_records import Feedback
from core.storage.workspace import Workspace

NUM_SHOWN = 5


def feedback_view(workspace: Workspace, counts: Mapping[tuple[str, str], int]) -> None:
    """Shows how many suggestions there are by direction, the newest ones, and a download."""
    with st.container(horizontal=True):
        for pair, count in counts.items():
            st.metric(_named(pair), f"{count:,}", border=True, width="content")
    pair = st.selectbox("Direction", list(counts), format_func=_named, key="deploy.feedback")
    entries = workspace.feedback.of_direction(*pair)
    rows = [
        {"Source": each.source, "Model": each.hypothesis, "Suggested": each.correction}
        for each in entries[: -NUM_SHOWN - 1 : -1]
    ]
    st.caption(f"The newest of {len(entries):,}")
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key="deploy.feedback.rows")
    st.download_button(
        "Pairs as JSONL",
        feedback_lines(entries),
        file_name=f"feedback-{pair[0]}-{pair[1]}.jsonl",
        mime="application/jsonl",
        icon=":material/download:",
        key="deploy.feedback.download",
        on_click="ignore",
        help="Read them first: anyone who reaches a service may suggest. Import the file on the "
        "Corpora page to fine-tune on it.",
    )


def feedback_lines(entries: Sequence[Feedback]) -> bytes:
    """Gives suggestions as JSON lines that the import of corpora reads."""
    pairs = ({"source": each.source, "target": each.correction} for each in entries)
    return "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs).encode()


def _named(pair: tuple[str, str]) -> str:
    return f"{language_name(pair[0])} → {language_name(pair[1])}"
