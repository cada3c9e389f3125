"""Batches: a test set translated by several systems, with its cost known before and bounded."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.errors import shown_to_user
from app.navigation import page_path
from app.playground.batch_form import batch_form
from app.problem_views import shown_in_place
from app.state import session
from app.text import ago, duration, plain, shortened, state_badge
from core.jobs.folder import JobState
from core.storage.batch_records import Batch
from core.storage.workspace import Workspace
from core.systems.batch import batches as core_batches
from core.systems.batch.budget import usd
from core.systems.batch.settings import BatchSettings

INTERVAL_S = 2
SHOWN_FAILURES = 50
SHOWN_NAME = 60


def batches(workspace: Workspace) -> None:
    """Shows the form of a new batch, and the batches there are."""
    found = workspace.batches.all()
    with st.expander("Translate a test set", icon=":material/playlist_play:", expanded=not found):
        batch_form(workspace)
    if not found:
        st.info(
            "A batch translates a whole test set by the systems that you choose; its translation "
            "sets are then compared in Evaluate."
        )
    for batch in found:
        _card(workspace, batch)


def _card(workspace: Workspace, batch: Batch) -> None:
    state = core_batches.batch_state(workspace, batch.id)
    with st.container(border=True):
        settings = BatchSettings.parse(batch.settings)
        st.text(f"{batch.corpus_name} · {batch.split} · {ago(batch.created_at)}")

        @st.fragment(run_every=None if state.has_ended else INTERVAL_S)
        def live() -> None:
            with shown_to_user():
                now = core_batches.batch_state(workspace, batch.id)
                if (now.has_ended, now.is_active) != (state.has_ended, state.is_active):
                    st.rerun()
                _progress(workspace, batch, now)

        live()
        with shown_in_place():
            _actions(workspace, batch, state, settings)
        _failures(workspace, batch)


def _progress(workspace: Workspace, batch: Batch, state: JobState) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(state.state)
        left_s = state.progress.get("seconds_left")
        if state.state == "translating" and left_s is not None:
            st.caption(f"about {duration(left_s)} left")
    if state.reason:
        st.text(f"{state.reason} {state.hint}".strip())
    for record in workspace.translation_sets.of_batch(batch.id):
        counts = workspace.translation_sets.counts(record.id)
        share = (counts.num_done + counts.num_failed) / max(1, record.num_segments)
        words = f"{counts.num_done} of {record.num_segments}"
        if counts.num_failed:
            words += f", {counts.num_failed} failed"
        if counts.cost_usd:
            words += f", {usd(counts.cost_usd)}"
        st.progress(
            min(1.0, share), text=f"{plain(shortened(record.system_name, SHOWN_NAME))}: {words}"
        )


def _actions(workspace: Workspace, batch: Batch, state: JobState, settings: BatchSettings) -> None:
    records = workspace.translation_sets.of_batch(batch.id)
    is_open = _is_open(workspace, batch)
    has_budget = state.has_ended and is_open and settings.budget_usd > 0
    with st.container(horizontal=True, vertical_alignment="bottom" if has_budget else "center"):
        if not state.has_ended:
            _stop_button(workspace, batch, is_stopping=state.state == "stopping")
            return
        if records:
            st.page_link(
                page_path("evaluate"),
                label="Compare in Evaluate",
                icon=":material/leaderboard:",
                query_params={"set": records[0].id},
            )
        budget_usd = _new_budget(batch, settings.budget_usd) if has_budget else None
        if is_open and st.button(
            "Resume",
            icon=":material/play_arrow:",
            type="primary",
            key=f"batch.resume.{batch.id}",
            help="Does the rest and tries failed segments again; nothing is paid for twice.",
        ):
            core_batches.resume(workspace, batch.id, budget_usd=budget_usd)
            st.rerun()
        if st.button(
            "Delete",
            icon=":material/delete:",
            key=f"batch.delete.{batch.id}",
            help="The job and its log; the translation sets stay in Evaluate.",
        ):
            _confirm_deletion(workspace, batch)


def _new_budget(batch: Batch, before_usd: float) -> float:
    found = st.number_input(
        "Budget (USD)",
        0.0,
        1e6,
        before_usd,
        format="%g",
        placeholder="no limit",
        key=f"batch.budget.{batch.id}",
        help="For the whole batch, what is spent included; empty or 0 = no limit.",
    )
    return found or 0.0


@st.dialog("Delete this batch?")
def _confirm_deletion(workspace: Workspace, batch: Batch) -> None:
    with shown_to_user():
        st.text(f"{batch.corpus_name} · {batch.split} · {ago(batch.created_at)}")
        st.write(
            "The job and its log are deleted for good, and it cannot be resumed any more. What it "
            "translated stays in Evaluate."
        )
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="batch.delete.yes"):
                core_batches.delete(workspace, batch.id)
                session().notice = "Deleted a batch."
                st.rerun()
            if st.button("Keep it", key="batch.delete.no"):
                st.rerun()


def _stop_button(workspace: Workspace, batch: Batch, *, is_stopping: bool) -> None:
    if st.button(
        "Stop",
        icon=":material/stop:",
        key=f"batch.stop.{batch.id}",
        disabled=is_stopping,
        help="Already stopping." if is_stopping else "Calls under way are finished.",
    ):
        core_batches.stop(workspace, batch.id)
        st.rerun()


def _is_open(workspace: Workspace, batch: Batch) -> bool:
    """Whether something is left to do."""
    records = workspace.translation_sets.of_batch(batch.id)
    if len(records) < len(batch.settings["systems"]):
        return True
    counts = ((each, workspace.translation_sets.counts(each.id)) for each in records)
    return any(count.num_done < each.num_segments for each, count in counts)


def _failures(workspace: Workspace, batch: Batch) -> None:
    rows: list[dict[str, object]] = []
    for record in workspace.translation_sets.of_batch(batch.id):
        for segment in workspace.translation_sets.segments(record.id, only_failed=True):
            if len(rows) == SHOWN_FAILURES:
                break
            rows.append(
                {
                    "System": record.system_name,
                    "Segment": segment.position + 1,
                    "Source": segment.source,
                    "Why": segment.failure,
                    "What came": segment.raw,
                }
            )
    if rows:
        more = f" (the first {SHOWN_FAILURES})" if len(rows) == SHOWN_FAILURES else ""
        with st.expander(f"Failed segments{more}", icon=":material/error:"):
            st.dataframe(
                pd.DataFrame(rows),
                hide_index=True,
                width="stretch",
                column_config={"System": st.column_config.TextColumn(width="small")},
                key=f"batch.failed.{batch.id}",
            )
            st.caption("They have no hypothesis and are never scored as empty translations.")
