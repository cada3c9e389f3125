"""Which runs are compared: the button that leads there, and the choice on the page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.navigation import page_path
from app.text import moment
from core.errors import TrainingError
from core.finetune.comparing import MAX_RUNS
from core.storage.run_records import Run
from core.storage.workspace import Workspace

NUM_OFFERED = 200  # of the newest runs; older ones are reached by their own pages


def compare_button(run_ids: Sequence[str], *, key: str) -> None:
    """Shows the button that opens Compare runs, with some runs chosen already."""
    if st.button(
        "Compare …",
        icon=":material/compare_arrows:",
        key=key,
        help=f"Curves, settings, scores and samples of up to {MAX_RUNS} runs side by side.",
    ):
        st.switch_page(page_path("compare_runs"), query_params={"id": list(run_ids)})


def run_choice(workspace: Workspace) -> list[str]:
    """Shows the runs to choose from and gives the ids chosen; the address keeps them."""
    asked = st.query_params.get_all("id")
    offered = _offered(workspace, asked)
    chosen = st.multiselect(
        "Runs",
        list(offered),
        default=[each for each in dict.fromkeys(asked) if each in offered][:MAX_RUNS],
        format_func=lambda each: _label(offered[each]),
        key="compare_runs.runs",
        max_selections=MAX_RUNS,
        placeholder=f"Choose two to {MAX_RUNS} runs",
        select_all=False,
        wrap=True,
    )
    if chosen != asked:
        st.query_params["id"] = chosen
    return chosen


def _offered(workspace: Workspace, asked: Sequence[str]) -> dict[str, Run]:
    """Gives the newest runs, and those that the address names; a deleted one is left out."""
    found = {run.id: run for run in workspace.runs.newest(limit=NUM_OFFERED)}
    for each in asked:
        if each not in found:
            try:
                run = workspace.runs.get(each)
            except TrainingError:
                st.caption("A run that the address names does not exist any more.")
                continue
            found[run.id] = run
    return found


def _label(run: Run) -> str:
    # Nothing that changes by itself: the choice would begin anew.
    return f"{run.name} · {moment(run.created_at)}"
