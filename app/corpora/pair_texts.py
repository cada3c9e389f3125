"""Pairs as people read them: a table of many, and one in full with its own line breaks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st

from app.components.answer_text import answer_text
from app.text import counted, plain
from core.languages import language_name
from core.storage.corpus_records import Corpus

ROWS_A_PAGE = 100
TABLE_HEIGHT_PX = 420


def side_labels(corpus: Corpus) -> tuple[str, str]:
    """Gives the headings of the two sides."""
    return f"Source: {language_name(corpus.src_lang)}", f"Target: {language_name(corpus.tgt_lang)}"


def page_offset(total: int, noun: str, *, key: str) -> int:
    """Shows how many rows there are and which page is shown; gives how many rows are before it.

    Args:
        total: Rows that match.
        noun: What one of them is.
        key: Of the widget; another filter needs another one, so that it begins at page 1.
    """
    num_pages = -(-total // ROWS_A_PAGE)
    if num_pages <= 1:
        st.caption(counted(total, noun))
        return 0
    with st.container(horizontal=True, vertical_alignment="center"):
        page = st.pagination(num_pages, key=key) or 1
        st.caption(f"{counted(total, noun)}, {ROWS_A_PAGE} a page")
    return (page - 1) * ROWS_A_PAGE


def question_key(*question: object) -> str:
    """Gives a short key of what is asked for: a chosen row is a number, elsewhere another row."""
    return hashlib.sha256(repr(question).encode("utf-8", "replace")).hexdigest()[:12]


def picked_rows(
    rows: Sequence[Mapping[str, object]],
    columns: Mapping[str, Any],
    *,
    key: str,
    alt: str,
    mode: Literal["single-row", "multi-row"] = "single-row",
) -> list[int]:
    """Shows a table whose rows can be chosen, and gives the numbers of those that are."""
    chosen = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height=TABLE_HEIGHT_PX if len(rows) > 10 else "auto",
        column_config=dict(columns),
        placeholder="–",
        on_select="rerun",
        selection_mode=mode,
        key=key,
        alt=alt,
    )
    return [row for row in chosen.selection.rows if row < len(rows)]


def pair_in_full(
    head: str, texts: Sequence[tuple[str, str, str]], *, key: str, note: str = ""
) -> None:
    """Shows texts side by side, exactly, each in the direction of its script.

    Args:
        head: Which pair it is.
        texts: Label, text and FLORES-200 code of each, two in a line.
        key: Another one for another pair.
        note: What is said of it.
    """
    with st.container(border=True, key=f"bidi-{key}"):
        st.text(head)
        if note:
            st.text(note)
        for first in range(0, len(texts), 2):
            for column, (label, text, lang) in zip(
                st.columns(2), texts[first : first + 2], strict=False
            ):
                with column:
                    st.caption(plain(label))
                    answer_text(
                        text, key=f"{key}-{label}", lang=lang, placeholder="Nothing stands here."
                    )
