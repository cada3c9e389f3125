"""The list of corpora, with what is known of each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.corpora.leak_badge import LEAK_WORDS
from app.navigation import page_path
from app.text import ago
from core.corpora.leak_search import status_of
from core.corpora.leakage.status import badge_of
from core.corpora.versions import MADE_BY
from core.languages import language_name
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

COUNTS = ("Train", "Dev", "Test")


def corpus_table(workspace: Workspace, corpora: Sequence[Corpus], *, key: str) -> None:
    """Shows corpora as rows; a click on one opens its page."""
    by_id = {corpus.id: corpus for corpus in corpora}
    # A selection is a row number: in a list that changed it would be another corpus.
    shown = hashlib.sha256(" ".join(by_id).encode()).hexdigest()[:12]
    chosen = st.dataframe(
        pd.DataFrame([_row(corpus, by_id) for corpus in corpora]),
        hide_index=True,
        width="stretch",
        key=f"{key}.{shown}",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            **{split: st.column_config.NumberColumn(format="localized") for split in COUNTS},
            "Leaks": st.column_config.TextColumn(
                help="Whether dev or test segments also stand in train: exactly, in another form, "
                "or nearly."
            ),
        },
    )
    if chosen.selection.rows:
        corpus = corpora[chosen.selection.rows[0]]
        st.switch_page(page_path("corpus"), query_params={"id": corpus.id})
    st.caption("Click a row to look at a corpus, check and clean it, split it and train on it.")


def _row(corpus: Corpus, by_id: dict[str, Corpus]) -> dict[str, object]:
    parent = by_id.get(str(corpus.details.get("parent", "")))
    way = str(corpus.details.get("made_by"))
    is_plain = corpus.is_synthetic and way != "back-translate"
    made_by = "synthetic" if is_plain else MADE_BY.get(way, "imported")
    return {
        "Name": corpus.name,
        "Languages": f"{language_name(corpus.src_lang)} – {language_name(corpus.tgt_lang)}",
        "Train": corpus.num_train,
        "Dev": corpus.num_dev,
        "Test": corpus.num_test,
        "Leaks": LEAK_WORDS[badge_of(status_of(corpus))],
        "Kind": made_by,
        "Made from": parent.name if parent else "",
        "Made": ago(corpus.created_at),
    }
