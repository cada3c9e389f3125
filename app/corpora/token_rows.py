"""Which characters a model does not know, and which rows have most of its tokens."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.corpora.invisible import character_name, code_point
from app.text import counted, shortened
from core.corpora.browsing import page
from core.finetune.token_lengths import SideTokens
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

SHOWN_CHARS = 300


def unknown_characters(side: SideTokens, *, key: str) -> None:
    """Lists the characters that the model does not know, if there are any."""
    if not side.num_unknown:
        return
    st.caption(
        f"{counted(side.num_with_unknown, 'segment')} with something that the model does not know"
    )
    rows = [
        {"Character": char, "Code": code_point(char), "Name": character_name(char), "Times": count}
        for char, count in side.unknown_characters
    ]
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key=key)


def longest_rows(
    workspace: Workspace,
    corpus: Corpus,
    split: str,
    side: SideTokens,
    *,
    is_first: bool,
    key: str,
) -> None:
    """Lists the segments with most tokens.

    Args:
        workspace: Where they are.
        corpus: Their corpus.
        split: Their split.
        side: What was counted of them.
        is_first: Whether they are in the first language of the corpus.
        key: Prefix of the widget keys.
    """
    path = workspace.split_file(corpus.id, split)
    rows = []
    for number, tokens in side.longest:
        found = page(path, limit=1, offset=number - 1).rows
        text = (found[0][1].source if is_first else found[0][1].target) if found else ""
        rows.append({"Tokens": tokens, "Row": number, "Segment": shortened(text, SHOWN_CHARS)})
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key=f"{key}.longest",
        column_config={
            "Tokens": st.column_config.NumberColumn(width=70, format="localized"),
            "Row": st.column_config.NumberColumn(width=70, format="localized"),
        },
        alt="The longest segments",
    )
