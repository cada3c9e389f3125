"""Corpora: import parallel text, look at it, split it."""

import streamlit as st

from app import cache, corpora_views
from app.forms import language_select
from app.state import session
from app.text import page_header
from core.corpora.importing import import_corpus

workspace = cache.workspace()
tab = session()
page_header("Corpora", "Parallel text to learn from and to be measured on.")

corpora = workspace.corpora.all()
with st.expander("Import a corpus", icon=":material/upload:", expanded=not corpora):
    key = f"corpora.import.{tab.import_version}"
    name = st.text_input(
        "Name", key=f"{key}.name", max_chars=200, placeholder="Such as: EN–GA 2026"
    )
    left, right = st.columns(2)
    with left:
        src_lang = language_select("Source language", "eng_Latn", key=f"{key}.src_lang")
    with right:
        tgt_lang = language_select("Target language", "gle_Latn", key=f"{key}.tgt_lang")
    files = corpora_views.file_inputs(key=key)
    num_dev, num_test, seed = corpora_views.split_inputs(key=key, is_given=bool(files["dev"]))
    missing = corpora_views.what_is_missing(name, files)
    if st.button(
        "Import",
        type="primary",
        icon=":material/upload:",
        key=f"{key}.go",
        disabled=bool(missing),
        help=missing or "Stores the corpus; the raw files are kept.",
    ):
        with st.spinner("Reading, checking and splitting …"):
            corpus = import_corpus(
                workspace,
                name=name,
                src_lang=src_lang,
                tgt_lang=tgt_lang,
                train=files["train"],
                dev=files["dev"],
                test=files["test"],
                num_dev=num_dev,
                num_test=num_test,
                seed=seed,
            )
        tab.import_version += 1
        tab.corpus_id = corpus.id
        tab.notice = f"Imported {corpus.name}."
        st.rerun()

if not corpora:
    st.info("No corpus yet. Import one, or run `python -m core setup` for the bundled sample.")
    st.stop()

corpora_views.corpus_table(corpora)
found = corpora_views.chosen_corpus(corpora)
corpora_views.overview(workspace, found)
corpora_views.preview(workspace, found)
corpora_views.split_anew(workspace, found)
corpora_views.deletion(workspace, found)
