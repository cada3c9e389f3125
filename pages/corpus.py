"""Corpus: one corpus: its segments, statistics, the data doctor, splits, leaks and exports."""

import streamlit as st

from app import cache
from app.corpora.doctor_view import doctor_view
from app.corpora.export_view import export_view
from app.corpora.head import action_bar, chosen_corpus, overview, subtitle
from app.corpora.leak_view import leak_view
from app.corpora.rejected_view import rejected_view
from app.corpora.segments_view import segments_view
from app.corpora.split_view import split_view
from app.corpora.statistics_view import statistics_view
from app.corpora.token_view import token_view
from app.corpora.works import INTERVAL_S, has_changed, recent_works, work_cards
from app.errors import shown_to_user
from app.navigation import page_path
from app.state import PART, set_widget, widget_value
from app.text import page_header, plain

PARTS = {
    "Segments": segments_view,
    "Statistics": statistics_view,
    "Tokens": token_view,
    "Data doctor": doctor_view,
    "Left out": rejected_view,
    "Split": split_view,
    "Leaks": leak_view,
    "Export": export_view,
}

workspace = cache.workspace()
st.page_link(page_path("corpora"), label="All corpora", icon=":material/arrow_back:")
corpus = chosen_corpus(workspace)

page_header(plain(corpus.name), subtitle(corpus))
action_bar(workspace, corpus)
overview(workspace, corpus)

found = recent_works(workspace, corpus.id)
is_live = any(not each.job.has_ended for each in found)


@st.fragment(run_every=INTERVAL_S if is_live else None)
def works_now() -> None:
    """Shows work on this corpus; when some ends or begins, the whole page is shown anew."""
    with shown_to_user():
        if has_changed(workspace, found, corpus.id):
            st.rerun()  # before it is drawn: half of a card would stand there meanwhile
        work_cards(workspace, found, key="corpus.work")


works_now()
# Not bound to the address by Streamlit: after a link to another corpus it brings this one back.
key = f"corpus.part.{corpus.id}"
if widget_value(key) is None and st.query_params.get(PART) in PARTS:
    set_widget(key, st.query_params[PART])
tabs = st.tabs(list(PARTS), key=key, on_change="rerun")
for tab, (name, show) in zip(tabs, PARTS.items(), strict=True):
    if tab.open:
        st.query_params[PART] = name
        with tab:
            show(workspace, corpus)
