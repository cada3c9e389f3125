"""Playground: ask several systems at once, chat, judge blindly, translate whole test sets."""

import streamlit as st

from app import cache
from app.playground import arena, batches, chat, compare, history
from app.state import PART
from app.text import page_header

workspace = cache.workspace()
page_header("Playground", "Base model, fine-tuned model and LLMs, side by side.")

PARTS = {
    "Compare": compare.compare,
    "Chat": chat.chat,
    "Arena": arena.arena,
    "Batches": batches.batches,
    "History": history.history,
}
tabs = st.tabs(list(PARTS), key=PART, on_change="rerun", bind="query-params")
for tab, show in zip(tabs, PARTS.values(), strict=True):
    if tab.open:
        with tab:
            show(workspace)
