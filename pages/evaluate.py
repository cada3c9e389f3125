"""Evaluate: evidence from translations - scores, differences, causes, people, a report."""

import streamlit as st

from app import cache
from app.corpora.leak_badge import show_note
from app.evaluation import adding, causes, people, reports, robustness, scorers, scores, segments
from app.evaluation.choice import choice
from app.evaluation.computed import evaluated
from app.navigation import page_path
from app.state import PART
from app.text import page_header
from core.corpora.leak_notes import LeakNote

workspace = cache.workspace()
page_header("Evaluate", "Systems on the same test set: scored, compared, and looked into.")

sets = workspace.translation_sets.all()
with st.expander("Add translations", icon=":material/add_circle:", expanded=not sets):
    adding.add_form(workspace)
if not sets:
    st.info(
        "Nothing to compare yet. Add files, paste lines, take the translations of a finished run, "
        "or let a batch in the Playground translate a test set by several systems."
    )
    st.page_link(page_path("playground"), label="Playground", icon=":material/forum:")
    st.stop()

chosen = choice(workspace, sets)
if chosen is None:
    st.stop()
found = evaluated(workspace, chosen.settings)
if found is None:
    st.stop()
show_note(LeakNote(found.result.leak_badge, found.result.leak))

PARTS = {
    "Scores": scores.scores,
    "Segments": segments.segments,
    "Causes": causes.causes,
    "Robustness": robustness.robustness,
    "Scorers": scorers.scorers,
    "People": people.people,
    "Report": reports.reports,
}
tabs = st.tabs(list(PARTS), key=PART, on_change="rerun", bind="query-params")
for tab, show in zip(tabs, PARTS.values(), strict=True):
    if tab.open:
        with tab:
            show(workspace, chosen, found)
