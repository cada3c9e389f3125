"""Evaluate: the translation sets of one test set side by side, with scores and signatures."""

import streamlit as st

from app import cache, evaluate_views
from app.navigation import page_path
from app.text import page_header

workspace = cache.workspace()
page_header("Evaluate", "Systems on the same test set, scored in the same way.")

sets = workspace.translation_sets.all()
if not sets:
    st.info(
        "Nothing to compare yet. A batch in the Playground translates a test set by several "
        "systems; what they made of it is scored here."
    )
    st.page_link(page_path("playground"), label="Playground", icon=":material/forum:")
    st.stop()

chosen = evaluate_views.test_set_select(sets, st.query_params.get("set", ""))
comparable = workspace.translation_sets.of_test_set(chosen.test_set_hash)
evaluate_views.score_table(workspace, comparable)
evaluate_views.segment_table(workspace, comparable)
