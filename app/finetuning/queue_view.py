"""The queue: what waits, why and how long; moved, held, released, taken out; interrupted runs."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.access.visiting import visitor_name
from app.navigation import page_path
from app.problem_views import shown_in_place
from app.text import ago, counted, duration, plain
from core.finetune.runs import JOB_KIND
from core.jobs import ordering
from core.jobs.standing import Standing, standing_of, standings
from core.storage.queue_records import QueueHold
from core.storage.workspace import Workspace

MAX_ROWS = 10


def queue_view(workspace: Workspace) -> None:
    """Shows the jobs that wait, each with what one can do; nothing where none waits."""
    waiting = standings(workspace)
    hold = workspace.queue.hold_of_all()
    if not waiting and not hold.is_held:
        return
    st.subheader("Queue", anchor=False)
    _whole_queue(workspace, hold, len(waiting))
    for standing in waiting[:MAX_ROWS]:
        _row(workspace, standing)
    if waiting[MAX_ROWS:]:
        with st.expander(f"{len(waiting) - MAX_ROWS} more", key="queue.more"):
            for standing in waiting[MAX_ROWS:]:
                _row(workspace, standing)


def _whole_queue(workspace: Workspace, hold: QueueHold, num_waiting: int) -> None:
    if hold.is_held:
        by = f" by {plain(hold.person)}" if hold.person else ""
        st.info(
            f"The queue is held{by} ({ago(hold.since)}). What works goes on; nothing new starts.",
            icon=":material/pause_circle:",
        )
        if st.button("Release the queue", icon=":material/play_arrow:", key="queue.release_all"):
            _done(lambda: ordering.release_all(workspace))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{counted(num_waiting, 'job')} waiting. The first one starts by itself.")
        if st.button(
            "Hold the queue",
            icon=":material/pause:",
            key="queue.hold_all",
            help="What works goes on; nothing new starts until you release the queue.",
        ):
            _done(lambda: ordering.hold_all(workspace, by=visitor_name()))


def _row(workspace: Workspace, standing: Standing) -> None:
    job = standing.job
    with st.container(border=True, key=f"queue.row.{job.id}"):
        name = f"{standing.place}\\. {plain(job.title or job.id[:8])}"
        if job.kind == JOB_KIND:
            st.page_link(page_path("run"), label=name, query_params={"id": job.id})
        else:
            st.markdown(f"{name} · measurement")
        st.caption(plain(standing.why) + _earliest(standing))
        with st.container(horizontal=True):
            _places(workspace, standing)
            _hold(workspace, standing)
            _take_out(workspace, standing)


def _places(workspace: Workspace, standing: Standing) -> None:
    """Shows the buttons for another place.

    Each names the place that it gives, and has it in its key: a second click of a double click
    finds no button, and one in a stale tab gives that very place.
    """
    job, place = standing.job, standing.place
    is_first, is_last = place == 1, place == standing.num_waiting
    for label, to, is_off, icon in (
        ("Up", place - 1, is_first, "arrow_upward"),
        ("Down", place + 1, is_last, "arrow_downward"),
    ):
        if st.button(
            label,
            icon=f":material/{icon}:",
            key=f"queue.{label.lower()}.{job.id}.{place}",
            disabled=is_off,
            help=f"It is the {'first' if is_first else 'last'} already." if is_off else None,
        ):
            _done(lambda to=to: ordering.move(workspace, job.id, to))  # type: ignore[misc]
    if place > 2 and st.button(
        "To the front", icon=":material/vertical_align_top:", key=f"queue.front.{job.id}.{place}"
    ):
        _done(lambda: ordering.move(workspace, job.id, 1))


def _hold(workspace: Workspace, standing: Standing) -> None:
    job = standing.job
    if job.is_held:
        if st.button("Release", icon=":material/play_arrow:", key=f"queue.release.{job.id}"):
            _done(lambda: ordering.release(workspace, job.id))
    elif st.button(
        "Hold",
        icon=":material/pause:",
        key=f"queue.hold.{job.id}",
        help="It keeps its place and is not started until you release it.",
    ):
        _done(lambda: ordering.hold(workspace, job.id))
    if (
        job.reason
        and not job.starts_anyway
        and st.button(
            "Start anyway",
            icon=":material/bolt:",
            key=f"queue.anyway.{job.id}",
            help="Shares the GPU with the other program: both get slower, and memory may run out.",
        )
    ):
        _done(lambda: ordering.start_anyway(workspace, job.id))


def _take_out(workspace: Workspace, standing: Standing) -> None:
    job = standing.job
    if st.button("Take out", icon=":material/close:", key=f"queue.out.{job.id}"):
        _done(lambda: ordering.take_out(workspace, job.id))


def _earliest(standing: Standing) -> str:
    if not standing.earliest_s:
        return ""
    return f" At the earliest in about {duration(standing.earliest_s)}: the steps left before it."


def _done(action: Callable[[], object]) -> None:
    """Does what was asked for and shows the page anew; what went wrong stays in place."""
    with shown_in_place():
        action()
        st.rerun()


def waiting_note(workspace: Workspace, run_id: str) -> None:
    """Shows on the page of a waiting run its place, why it waits, and the way to the queue."""
    standing = standing_of(workspace, run_id)
    if standing is None:  # it has just begun
        return
    with st.container(border=True, key="run.waiting"):
        st.markdown(f"**Place {standing.place} of {standing.num_waiting} in the queue**")
        st.caption(plain(standing.why) + _earliest(standing))
        with st.container(horizontal=True):
            _hold(workspace, standing)
            st.page_link(page_path("runs"), label="Queue", icon=":material/low_priority:")
