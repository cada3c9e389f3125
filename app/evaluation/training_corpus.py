"""The training corpus that words and segments of a test set are looked up in."""

from __future__ import annotations

import streamlit as st

from app.text import counted
from core.evaluate.evaluating import Evaluated
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


def corpus_select(workspace: Workspace, found: Evaluated) -> Corpus | None:
    """Shows which corpus counts as training, the test set's own before others of its languages."""
    own = next(iter(found.texts.sets.values())).corpus_id
    languages = {found.result.src_lang, found.result.tgt_lang}
    known = [
        each
        for each in workspace.corpora.all()
        if {each.src_lang, each.tgt_lang} == languages and each.num_train
    ]
    known.sort(key=lambda each: each.id != own)
    if not known:
        return None
    chosen: Corpus = st.selectbox(
        "Training corpus",
        known,
        format_func=lambda each: f"{each.name} · {counted(each.num_train, 'segment')}",
        key=f"buckets.corpus.{found.result.test_set_hash[:12]}",
    )
    return chosen
