"""Splits and sides of a corpus, as people choose and read them."""

from __future__ import annotations

import streamlit as st

from app.text import counted
from core.languages import language_name
from core.storage.corpus_records import Corpus


def side_names(corpus: Corpus) -> tuple[str, str]:
    """Gives the names of the source and target language."""
    return language_name(corpus.src_lang), language_name(corpus.tgt_lang)


def shown_split(corpus: Corpus, *, key: str) -> str:
    """Shows the splits with their sizes and gives the chosen one; empty, and said, if it has none.

    An empty split can be chosen: that nothing is in it is worth knowing.
    """
    first = next((split for split, count in corpus.counts.items() if count), "train")
    chosen = st.segmented_control(
        "Split",
        list(corpus.counts),
        default=first,
        format_func=lambda split: f"{split} · {corpus.counts[split]:,}",
        key=key,
        required=True,
        persist_state="session",
    )
    split = str(chosen or first)
    if not corpus.counts[split]:
        others = [counted(count, f"{name} segment") for name, count in corpus.counts.items()]
        st.info(
            f"The {split} split is empty ({', '.join(others)}). Part “Split” divides all segments "
            "anew."
        )
        return ""
    return split
