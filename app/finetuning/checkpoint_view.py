"""The checkpoints of a run's page: which there are, comparing them, using one as the model."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import cache
from app.access.visiting import visitor_name
from app.errors import shown_to_user
from app.finetuning.bench_views import bench_result
from app.problem_views import problem, shown_in_place
from app.state import session
from app.text import duration, size, state_badge
from core.finetune import checkpoint_bench, checkpoint_use
from core.finetune.checkpoint_bench import TEST_WARNING, BenchSettings, system_words
from core.finetune.checkpoint_list import KeptCheckpoint, kept_checkpoints
from core.finetune.chosen import chosen_of, chosen_words
from core.finetune.run_work import BENCH, USE, RunWork, stop_work, work_state
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.run_records import Run
from core.storage.workspace import Workspace

INTERVAL_S = 1.0


def checkpoints(workspace: Workspace, run: Run) -> None:
    """Shows the run's checkpoints, and what can be done with them."""
    folder = workspace.run_folder(run.id)
    kept = kept_checkpoints(folder, cache.history(run.id))
    words = chosen_words(folder)
    if not kept and not words:
        return  # the first comes with the first evaluation
    st.subheader("Checkpoints", anchor=False)
    if words:
        st.text(words)
    if not kept:
        st.caption("None is left on disk.")
        return
    st.dataframe(_table(kept), hide_index=True, width="stretch", key="run.checkpoints")
    with st.expander("Compare checkpoints", expanded=_is_under_way(workspace, run, BENCH)):
        _comparison(workspace, run)
    if run.job.state == "finished":
        with st.expander("Use another checkpoint", expanded=_is_under_way(workspace, run, USE)):
            _use(workspace, run, kept)


def _table(kept: list[KeptCheckpoint]) -> pd.DataFrame:
    names = list(dict.fromkeys(name for each in kept for name in each.values))
    return pd.DataFrame(
        [
            {
                "Step": each.step,
                **{f"Dev {name}": each.values.get(name) for name in names},
                "Size": size(each.size_bytes),
                "": ", ".join(each.marks),
            }
            for each in kept
        ]
    )


def _is_under_way(workspace: Workspace, run: Run, work: RunWork) -> bool:
    state = work_state(workspace, run.id, work)
    return state is not None and not state.has_ended


def _comparison(workspace: Workspace, run: Run) -> None:
    """Shows the form, or the work in progress; and below it the last comparison."""
    if not _is_under_way(workspace, run, BENCH):
        _ended_badly(workspace, run, BENCH)
        _form(workspace, run)
    else:
        _progress(workspace, run, BENCH)
    result = checkpoint_bench.result_of(workspace, run.id)
    if result is not None:
        bench_result(workspace, run, result)


def _form(workspace: Workspace, run: Run) -> None:
    offered = checkpoint_bench.offered_systems(workspace, run)
    first, *others = offered  # the base model, then checkpoints, the final model last
    systems = st.multiselect(
        "Models",
        offered,
        default=[first, *others[1 - checkpoint_bench.MAX_SYSTEMS :]],
        format_func=system_words,
        key="run.bench.systems",
        max_selections=checkpoint_bench.MAX_SYSTEMS,
    )
    left, middle, right = st.columns(3)
    split = left.selectbox("Split", ["dev", "test"], key="run.bench.split")
    count = middle.number_input("Segments", 1, 1_000_000, value=200, key="run.bench.segments")
    beams = right.number_input("Beams", 1, 32, value=1, key="run.bench.beams")
    if split == "test":
        st.warning(TEST_WARNING)
    if st.button(
        "Compare",
        icon=":material/compare_arrows:",
        key="run.bench.start",
        disabled=len(systems) < 2,
        help="A job translates with each; the page may be left.",
    ):
        values: dict[str, Any] = {"run": run.id, "systems": tuple(systems), "split": split}
        values |= {"num_segments": int(count), "num_beams": int(beams)}
        with shown_in_place():
            checkpoint_bench.start(workspace, BenchSettings.parse(values), by=visitor_name())
            st.rerun()


def _use(workspace: Workspace, run: Run, kept: list[KeptCheckpoint]) -> None:
    """Shows how another checkpoint becomes the run's model, and the way back."""
    if _is_under_way(workspace, run, USE):
        _progress(workspace, run, USE)
        return
    _ended_badly(workspace, run, USE)
    st.caption(
        "The checkpoint is written as the run's model, loaded again, checked and scored on the "
        "test split. The model before is kept beside it. Versions on Deploy stay what they are. "
        "Choose by dev, not by the test scores."
    )
    step = st.selectbox("Checkpoint of step", [each.step for each in kept], key="run.use.step")
    with st.container(horizontal=True):
        if st.button("Use this checkpoint", icon=":material/swap_horiz:", key="run.use.start"):
            with shown_in_place():
                checkpoint_use.start(workspace, run.id, int(step), by=visitor_name())
                st.rerun()
        # The second click of a double click is not meant for the model that came back.
        now = chosen_of(workspace.run_folder(run.id)).get("step", "")
        if checkpoint_use.can_undo(workspace, run) and st.button(
            "Bring the model before back", icon=":material/undo:", key=f"run.use.undo.{now}"
        ):
            with shown_in_place():
                checkpoint_use.undo(workspace, run.id)
                session().notice = "The model before is back."
                st.rerun()


def _ended_badly(workspace: Workspace, run: Run, work: RunWork) -> None:
    state = work_state(workspace, run.id, work)
    if state is not None and state.state != "finished":
        problem("It did not come to its end", state.reason, state.hint, state.detail)


def _progress(workspace: Workspace, run: Run, work: RunWork) -> None:
    """Shows how far the work is, with a button that stops it."""

    @st.fragment(run_every=INTERVAL_S)
    def live() -> None:
        with shown_to_user():
            queue.advance(workspace)
            state = work_state(workspace, run.id, work)
            if state is None or state.has_ended:
                st.rerun()
            _bar(workspace, run, work, state)

    live()


def _bar(workspace: Workspace, run: Run, work: RunWork, state: JobState) -> None:
    step, total = state.progress.get("step", 0), state.progress.get("total_steps", 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(state.state)
        left = state.progress.get("seconds_left")
        words = f"{step:,} of {total:,} translations" if total else "beginning"
        st.caption(f"{words}{f', about {duration(left)} left' if left else ''}")
        if st.button(
            "Stop",
            icon=":material/stop:",
            key=f"run.{work.name}.stop",
            disabled=state.state == "stopping",
        ):
            stop_work(workspace, run.id, work)
    st.progress(min(1.0, step / total) if total else 0.0)
