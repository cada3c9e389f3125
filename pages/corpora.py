"""Corpora: import parallel text from whatever file, and see what there is."""

import streamlit as st

from app import cache
from app.corpora.back_translate_form import back_translate_form
from app.corpora.corpus_list import corpus_table
from app.corpora.import_form import import_form
from app.corpora.works import INTERVAL_S, has_changed, recent_works, work_cards
from app.errors import shown_to_user
from app.text import page_header

workspace = cache.workspace()
page_header("Corpora", "Parallel text to learn from and to be measured on.")

corpora = workspace.corpora.all()
found = recent_works(workspace)
is_live = any(not each.job.has_ended for each in found)


@st.fragment(run_every=INTERVAL_S if is_live else None)
def works_now() -> None:
    """Shows imports and other work; when one ends or begins, the whole page is shown anew."""
    with shown_to_user():
        if has_changed(workspace, found):
            st.rerun()  # before it is drawn: half of a card would stand there meanwhile
        work_cards(workspace, found, key="corpora.work")


works_now()
with st.expander("Import a corpus", icon=":material/upload:", expanded=not corpora):
    import_form(workspace)
with st.expander("Back-translate monolingual text", icon=":material/undo:"):
    back_translate_form(workspace, corpora)

if not corpora:
    st.info("No corpus yet. Import one, or run `python -m core setup` for the bundled sample.")
    st.stop()
corpus_table(workspace, corpora, key="corpora.table")
