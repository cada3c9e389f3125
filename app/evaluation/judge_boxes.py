"""Before a judge's ranking: how often it failed, and how it agrees with people."""

from __future__ import annotations

import streamlit as st

from app.evaluation.agreeing import agreement_words, compared_with_people
from app.text import counted, plain
from core.evaluate.evaluating import Evaluated
from core.evaluate.people.ratings import HUMAN
from core.evaluate.scorers.scoring_results import set_scores
from core.evaluate.settings import SCORING
from core.storage.workspace import Workspace


def judge_boxes(workspace: Workspace, found: Evaluated) -> None:
    """Shows a box for each LLM judge among the metrics; it stands above all rankings."""
    judges = [each for each in found.result.metrics if each.kind == "judge"]
    if not judges:
        return
    of_test_set = workspace.scorings.of_test_set(found.result.test_set_hash)
    ratings = [each for each in of_test_set if each.kind == HUMAN]
    for judge in judges:
        with st.container(border=True):
            st.badge(plain(f"LLM judge: {judge.name}"), icon=":material/gavel:", color="orange")
            st.caption(_failure_words(workspace, found, judge.key.removeprefix(SCORING)))
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


def _failure_words(workspace: Workspace, found: Evaluated, scoring_id: str) -> str:
    num_scored = num_failed = 0
    for system in found.result.scored:
        scores = set_scores(workspace, scoring_id, system.set_id)
        num_scored += scores.num_scored
        num_failed += scores.num_failed
    asked = num_scored + num_failed
    if not asked:
        return "It has judged nothing yet."
    return (
        f"{counted(asked, 'translation')} judged, {num_failed} without a readable answer "
        f"({100 * num_failed / asked:.1f} %)."
    )
