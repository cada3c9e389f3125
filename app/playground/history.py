"""History: everything that was asked, to be searched, asked again and exported."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from app.components.answer_text import answer_text
from app.downloads import history_url
from app.playground.columns import columns
from app.playground.deletion import confirm_deletion
from app.state import session, show_part
from core.storage.answer_records import PURPOSES, AnswerRecord
from core.storage.workspace import Workspace
from core.systems.history import HIDDEN, is_blind

PAGE_ROWS = 50


def history(workspace: Workspace) -> None:
    """Shows a table of answers, and the one that was chosen."""
    text, purpose = _search_fields()
    total = workspace.answers.count(text, purpose=purpose)
    if not total:
        st.info("Nothing was asked yet." if not text and not purpose else "Nothing matches.")
        return
    pages = math.ceil(total / PAGE_ROWS)
    page = st.pagination(pages, key="history.page") if pages > 1 else 1
    found = workspace.answers.search(
        text, purpose=purpose, limit=PAGE_ROWS, offset=(page - 1) * PAGE_ROWS
    )
    event = st.dataframe(
        _table(workspace, found),
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="single-row",
        key=f"history.table.{page}.{text}.{purpose}",
    )
    # Below: the table's own buttons would cover what stands above it.
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{total:,} answer{'s' if total != 1 else ''}")
        for kind in ("jsonl", "csv"):
            st.link_button(
                f"Export {kind.upper()}",
                history_url(kind, text, purpose),
                icon=":material/download:",
            )
    rows = event.selection.rows
    if rows and rows[0] < len(found):
        _chosen(workspace, found[rows[0]])
    else:
        st.caption("Choose a row to see the answers that were asked for together.")


def _search_fields() -> tuple[str, str]:
    left, right = st.columns([3, 1])
    with left:
        text = st.text_input(
            "Search",
            key="history.search",
            placeholder="Words of a source, an answer, a reference or a system",
            persist_state="session",
        )
    with right:
        purpose = st.selectbox(
            "Asked in",
            ["", *PURPOSES],
            format_func=lambda each: each or "everywhere",
            key="history.purpose",
        )
    return text or "", purpose


def _table(workspace: Workspace, found: list[AnswerRecord]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Asked": each.asked_at[:19].replace("T", " "),
                "In": each.purpose,
                "System": HIDDEN if is_blind(workspace, each) else each.system_name,
                "Source": each.source,
                "Answer": each.text,
                "State": each.state,
                "Seconds": each.figures.get("total_s"),
                "USD": each.figures.get("cost_usd") or None,
            }
            for each in found
        ]
    )


def _chosen(workspace: Workspace, answer: AnswerRecord) -> None:
    asked = workspace.answers.of_ask(answer.ask_id)
    if is_blind(workspace, answer):
        st.info("This pair waits for a vote in the arena; its systems stay hidden until then.")
        return
    with st.container(border=True, key="bidi-history-source"):
        st.caption("Source")
        answer_text(answer.source, key=f"history-source-{answer.id}", lang=answer.src_lang)
        if answer.reference:
            st.caption("Reference")
            answer_text(answer.reference, key=f"history-ref-{answer.id}", lang=answer.tgt_lang)
    with st.container(horizontal=True):
        if answer.src_lang:
            # In a callback: the part that is shown belongs to the tabs once they are drawn.
            st.button(
                "Ask again",
                icon=":material/replay:",
                key="history.again",
                on_click=_ask_again,
                args=(asked,),
                help="Puts source, reference, languages and systems into Compare.",
            )
        if st.button("Delete", icon=":material/delete:", key="history.delete"):
            confirm_deletion(workspace, asked)
    columns([each for each in asked if answer.purpose != "chat" or each.id == answer.id], "")


def _ask_again(asked: list[AnswerRecord]) -> None:
    draft, first = session().compare, asked[0]
    draft.source, draft.reference = first.source, first.reference
    draft.src_lang, draft.tgt_lang = first.src_lang, first.tgt_lang
    draft.system_ids = list(dict.fromkeys(each.system_id for each in asked))
    draft.version += 1
    show_part("Compare")
