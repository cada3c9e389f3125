"""The list of studies; a click on one opens its page."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.corpora.leak_badge import LEAK_WORDS
from app.navigation import page_path
from app.searching.kept import trials_of
from app.text import ago
from core.corpora.leak_notes import corpus_note
from core.search.plan import Plan
from core.search.studies import study_state
from core.search.trials import best_trial, spent
from core.storage.study_records import Study
from core.storage.workspace import Workspace


def study_table(workspace: Workspace, studies: Sequence[Study]) -> None:
    """Shows studies as rows; a click on one opens its page."""
    # A selection is a row number: in a list that changed it would be another study.
    shown = hashlib.sha256(" ".join(each.id for each in studies).encode()).hexdigest()[:12]
    chosen = st.dataframe(
        pd.DataFrame([_row(workspace, each) for each in studies]),
        hide_index=True,
        key=f"search.table.{shown}",
        on_select="rerun",
        selection_mode="single-row",
        width="stretch",
        placeholder="–",
        alt="Studies",
        column_config={
            "Done": st.column_config.ProgressColumn(
                format="percent", min_value=0, max_value=1, help="Trials that have ended"
            ),
            "kWh": st.column_config.NumberColumn(
                format="%.3g", help="Energy of all its trials until now, without PUE"
            ),
            "Best": st.column_config.TextColumn(help="Of the finished trials, on the dev split"),
            "Leaks": st.column_config.TextColumn(
                width=85, help="Whether dev segments also stand in train"
            ),
        },
    )
    selected = chosen.selection.rows
    if selected:
        st.switch_page(page_path("study"), query_params={"id": studies[selected[0]].id})


def _row(workspace: Workspace, study: Study) -> dict[str, object]:
    plan = Plan.of(study)
    trials = trials_of(study)
    done = sum(each.has_ended for each in trials)
    total = max(plan.num_trials, done)
    best = best_trial(trials, plan)
    _, kwh = spent(trials)
    return {
        "Name": study.name,
        "State": study_state(workspace, study).state,
        "Purpose": study.purpose,
        "Trials": f"{done:,} of {total:,}",
        "Done": done / total,
        "Best": f"{plan.study.objective_names[0]} {best.values[0]:.4g}" if best else None,
        "Leaks": LEAK_WORDS[corpus_note(workspace, plan.base.corpus, "dev").badge],
        "kWh": kwh or None,
        "Started": ago(study.created_at),
    }
