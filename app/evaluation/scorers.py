"""Scorers besides sacreBLEU: commands such as COMET, and LLMs as judges, each as a job."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import streamlit as st

from app.access.visiting import visitor
from app.errors import shown_to_user
from app.evaluation.choice import Choice
from app.evaluation.scorer_forms import external_form, judge_form
from app.problem_views import shown_in_place
from app.state import session
from app.text import ago, counted, duration, shortened, state_badge
from core.evaluate.evaluating import Evaluated
from core.evaluate.people.ratings import HUMAN
from core.evaluate.scorers import scoring_jobs
from core.evaluate.scorers.scoring_results import SetScores, set_scores
from core.evaluate.settings import SCORING
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.scoring_records import Scoring
from core.storage.workspace import Workspace

INTERVAL_S = 2
SHOWN_NAME = 60
SHOWN_FAILURES = 50
KINDS = {"judge": "LLM judge", "external": "external scorer"}


def scorers(workspace: Workspace, choice: Choice, found: Evaluated) -> None:
    """Shows the forms of new scorers, and the scorers of this test set."""
    del found
    scorings = [
        each
        for each in workspace.scorings.of_test_set(choice.settings.test_set)
        if each.kind != HUMAN
    ]
    with st.expander("Let an LLM judge", icon=":material/gavel:"):
        judge_form(workspace, choice)
    with st.expander("Run an external scorer", icon=":material/terminal:"):
        if visitor().may_manage_access:
            external_form(workspace, choice)
        else:
            st.info("A command runs with the rights of this server: only an owner may start one.")
    if not scorings:
        st.info(
            "No scorer yet. COMET, MetricX and the like run as a command in an environment of "
            "their own; an LLM can judge by a number or by marked errors. Their segment scores "
            "then stand in the same tables as BLEU and chrF."
        )
    for scoring in reversed(scorings):
        _card(workspace, choice, scoring)


def _card(workspace: Workspace, choice: Choice, scoring: Scoring) -> None:
    queue.advance(workspace)
    state = scoring_jobs.scoring_state(workspace, scoring.id)
    with st.container(border=True):
        name = shortened(scoring.name, SHOWN_NAME)
        st.text(f"{name} · {KINDS[scoring.kind]} · {ago(scoring.created_at)}")

        @st.fragment(run_every=None if state.has_ended else INTERVAL_S)
        def live() -> None:
            with shown_to_user():
                now = scoring_jobs.scoring_state(workspace, scoring.id)
                if (now.has_ended, now.is_active) != (state.has_ended, state.is_active):
                    st.rerun()
                _progress(now)

        live()
        ids = [set_id for set_id in scoring.settings["translation_sets"] if set_id in choice.names]
        by_set = {each: set_scores(workspace, scoring.id, each) for each in ids}
        _score_table(choice, scoring, by_set)
        with shown_in_place():
            _actions(workspace, choice, scoring, state, by_set)
        _failures(choice, by_set, scoring.id)


def _progress(state: JobState) -> None:
    step, total = state.progress.get("step", 0), state.progress.get("total_steps", 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(state.state)
        left_s = state.progress.get("seconds_left")
        if not state.has_ended and total:
            words = f"{step:,} of {counted(total, 'segment')}"
            st.caption(f"{words}{f', about {duration(left_s)} left' if left_s else ''}")
    if state.reason:
        st.text(f"{state.reason} {state.hint}".strip())
    if not state.has_ended:
        st.progress(min(1.0, step / total) if total else 0.0)


def _score_table(choice: Choice, scoring: Scoring, by_set: dict[str, SetScores]) -> None:
    if not any(each.num_scored or each.num_failed for each in by_set.values()):
        return
    arrow = "↓" if scoring.is_lower_better else "↑"
    rows: list[dict[str, Any]] = [
        {
            "System": choice.names[set_id],
            f"Mean {arrow}": each.mean,
            "Scored": each.num_scored,
            "Failed": each.num_failed,
            "Failure rate": 100 * each.failure_rate,
        }
        for set_id, each in by_set.items()
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        column_config={
            f"Mean {arrow}": st.column_config.NumberColumn(format="%.3f"),
            "Failure rate": st.column_config.NumberColumn(format="%.1f %%"),
        },
        placeholder="–",
        key=f"scorers.table.{scoring.id}",
    )


def _actions(
    workspace: Workspace,
    choice: Choice,
    scoring: Scoring,
    state: JobState,
    by_set: dict[str, SetScores],
) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if not state.has_ended:
            _stop_button(workspace, scoring, state)
            return
        if any(each.num_scored for each in by_set.values()):
            _use_button(choice, f"{SCORING}{scoring.id}")
        if _is_open(workspace, scoring, by_set) and st.button(
            "Resume",
            icon=":material/play_arrow:",
            key=f"scorers.resume.{scoring.id}",
            help="A judge is asked what it has not scored yet; a command begins again.",
        ):
            scoring_jobs.resume(workspace, scoring.id)
            st.rerun()
        if st.button("Delete", icon=":material/delete:", key=f"scorers.delete.{scoring.id}"):
            _confirm_deletion(workspace, scoring)


def _is_open(workspace: Workspace, scoring: Scoring, by_set: dict[str, SetScores]) -> bool:
    """Whether a translation that was asked for has no score.

    Segments that were not translated are not waited for; of a sample that is not whole it is not
    known whether what was translated since belongs to it.
    """
    if any(each.num_failed for each in by_set.values()):
        return True
    at_most = scoring.settings.get("max_segments") or math.inf
    num_done = {each: workspace.translation_sets.counts(each).num_done for each in by_set}
    return any(
        each.num_scored < min(at_most, num_done[each_id]) for each_id, each in by_set.items()
    )


def _stop_button(workspace: Workspace, scoring: Scoring, state: JobState) -> None:
    if st.button(
        "Stop",
        icon=":material/stop:",
        key=f"scorers.stop.{scoring.id}",
        disabled=state.state == "stopping",
        help="A judge finishes the calls under way; a command is ended at once.",
    ):
        scoring_jobs.stop(workspace, scoring.id)
        st.rerun()


def _use_button(choice: Choice, key: str) -> None:
    """Shows the button that makes a metric of a scorer; `key` is that of the metric."""
    is_used = key in choice.settings.metrics
    st.button(
        "Use as a metric",
        icon=":material/leaderboard:",
        type="primary",
        key=f"scorers.use.{key.removeprefix(SCORING)}",
        disabled=is_used,
        help="It is one of the metrics above." if is_used else "Adds it to the metrics.",
        on_click=_use,
        args=(key,),
    )


def _use(key: str) -> None:
    draft = session().evaluate
    draft.values["metrics"] = tuple(dict.fromkeys((*draft.values.get("metrics", ()), key)))
    draft.version += 1


@st.dialog("Delete this scorer?")
def _confirm_deletion(workspace: Workspace, scoring: Scoring) -> None:
    with shown_to_user():
        st.text(scoring.name)
        st.write("Its scores are deleted for good, and so is its log.")
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="scorers.delete.yes"):
                scoring_jobs.delete(workspace, scoring.id)
                session().notice = "Deleted a scorer."
                st.rerun()
            if st.button("Keep it", key="scorers.delete.no"):
                st.rerun()


def _failures(choice: Choice, by_set: dict[str, SetScores], scoring_id: str) -> None:
    rows = [
        {"System": choice.names[set_id], "Segment": at + 1, "Why": why}
        for set_id, each in by_set.items()
        for at, why in each.failures.items()
    ]
    if not rows:
        return
    more = f" (the first {SHOWN_FAILURES})" if len(rows) > SHOWN_FAILURES else ""
    with st.expander(f"Failed segments{more}", icon=":material/error:"):
        st.dataframe(
            pd.DataFrame(rows[:SHOWN_FAILURES]),
            hide_index=True,
            width="stretch",
            key=f"scorers.failed.{scoring_id}",
        )
        st.caption("They have no score and are never counted as a bad one.")
