"""Search: studies of hyperparameters, and the form of a new one; a click opens a study."""

import streamlit as st

from app import cache
from app.errors import shown_to_user
from app.navigation import page_path
from app.searching.study_form import study_form
from app.searching.study_list import study_table
from app.state import session
from app.text import page_header

INTERVAL_S = 4

workspace = cache.workspace()
page_header("Search", "Hyperparameters that are found, not guessed, and which of them mattered.")

corpora = workspace.corpora.all()
studies = workspace.studies.all()
is_live = any(not study.job.has_ended for study in studies)


@st.fragment(run_every=INTERVAL_S if is_live else None)
def listing() -> None:
    """Shows the studies, again every few seconds while one is at work."""
    with shown_to_user():
        study_table(workspace, workspace.studies.all())


if studies:
    listing()
else:
    st.info(
        "No study yet. A study tries many settings around one run: each trial is an ordinary run "
        "with other values, those that do badly are ended early, and what it costs is counted. It "
        "then shows the best values, and which ones mattered."
    )
if not corpora:
    st.info("A study needs a corpus, and there is none yet.")
    st.page_link(page_path("corpora"), label="Import a corpus", icon=":material/upload:")
    st.stop()

new = st.expander(
    "New study",
    icon=":material/add:",
    expanded=not studies or session().search.is_open,
    key="search.new",
    on_change="rerun",
)
session().search.is_open = new.open is True
if new.open:
    with new:
        study_form(workspace, corpora)
