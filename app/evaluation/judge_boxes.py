"""Before a judge's ranking: how often it failed, and how it agrees with people."""

from __future__ import annotations

import streamlit as st

from app.evaluation.agreeing import agreement_words, compared_with_people
from app.text import plain
from core.evaluate.evaluating import Evaluated
from core.evaluate.people.ratings import HUMAN
from core.evaluate.scorers.scoring_results import failure_words
from core.evaluate.settings import SCORING
from core.storage.workspace import Workspace


def judge_boxes(workspace: Workspace, found: Evaluated) -> None:
    """Shows a box for each LLM judge among the metrics; it stands above all rankings."""
    judges = [each for each in found.result.metrics if each.kind == "judge"]
    if not judges:
        return
    scored = [each.set_id for each in found.result.scored]
    of_test_set = workspace.scorings.of_test_set(found.result.test_set_hash)
    ratings = [each for each in of_test_set if each.kind == HUMAN]
    for judge in judges:
        with st.container(border=True):
            st.badge(plain(f"LLM judge: {judge.name}"), icon=":material/gavel:", color="orange")
            scoring_id = judge.key.removeprefix(SCORING)
            st.caption(failure_words(workspace, scoring_id, scored))
            if not ratings:
                st.caption(
                    "Nobody has compared it with people on this test set: its ranking below is an "
                    "opinion. *People* takes ratings, and then shows here how they agree."
                )
                continue
            result = compared_with_people(workspace, found, ratings[-1])
            own = next((each for each in result.metrics if each.key == judge.key), None)
            words = agreement_words(own) if own else "It judged none of the rated segments."
            st.caption(f"Agreement with people ({plain(ratings[-1].name)}): {words}")
