"""Work on corpora as people see it: how far it is, how it ended, and what one can do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import streamlit as st

from app.navigation import page_path
from app.problem_views import shown_in_place, why_it_ended
from app.text import STATE_COLOURS, duration, plain
from core.corpora import works
from core.errors import AdaptMLLMError
from core.jobs import queue
from core.storage.corpus_job_records import CorpusJob
from core.storage.workspace import Workspace

INTERVAL_S = 1
SHOWN_ENDED_S = 3600  # after that, what ended is no news any more
NUM_ENDED_WELL = 3  # more would bury the page

_MEANINGS = {
    "queued": "Waits for other work; it starts by itself.",
    "preparing": "Is being done; the page can be left meanwhile.",
    "stopping": "Ends as soon as it can.",
    "stopped": "Ended on request; nothing of it was kept.",
    "finished": "Everything was done.",
    "failed": "Ended by an error; nothing of it was kept.",
    "lost": "Its supervising process was killed or the machine restarted.",
}


def recent_works(workspace: Workspace, corpus_id: str = "") -> list[CorpusJob]:
    """Gives what is being done or waits, and what ended lately without a page of its own.

    Args:
        workspace: Where the work is.
        corpus_id: Only work on this corpus; empty = on any.
    """
    there = {corpus.id for corpus in workspace.corpora.all()}
    found = _works(workspace, corpus_id)
    return [each for each in found if not each.job.has_ended or _is_news(each, there)]


def _works(workspace: Workspace, corpus_id: str) -> list[CorpusJob]:
    records = workspace.corpus_jobs
    return records.of_corpus(corpus_id) if corpus_id else records.all()


def _is_news(work: CorpusJob, there: Collection[str]) -> bool:
    """Tells whether people should see how it ended: it made a corpus that is there, or failed."""
    if work.job.state == "finished" and work.result.get("corpus") not in there:
        return False
    if works.can_resume(work):
        return True  # what it did waits to be gone on with
    ended = datetime.fromisoformat(work.job.ended_at or work.created_at)
    return (datetime.now(UTC) - ended).total_seconds() < SHOWN_ENDED_S


def has_changed(workspace: Workspace, known: Sequence[CorpusJob], corpus_id: str = "") -> bool:
    """Tells whether work that was going on has ended, or new work has begun."""
    now = {each.id for each in _works(workspace, corpus_id) if not each.job.has_ended}
    return now != {each.id for each in known if not each.job.has_ended}


def work_cards(workspace: Workspace, found: Sequence[CorpusJob], *, key: str) -> None:
    """Shows each piece of work with its progress; older work that ended well is folded away."""
    ended_well = [each for each in found if each.job.state in ("finished", "stopped")]
    earlier = ended_well[NUM_ENDED_WELL:]
    _cards(workspace, [each for each in found if each not in earlier], key=key)
    if not earlier:
        return
    with st.expander("Earlier", icon=":material/history:", key=f"{key}.earlier"):
        if st.button("Dismiss all", icon=":material/clear_all:", key=f"{key}.dismiss"):
            for each in earlier:
                works.dismiss(workspace, each.id)
            st.rerun()
        _cards(workspace, earlier, key=key)


def _cards(workspace: Workspace, found: Sequence[CorpusJob], *, key: str) -> None:
    for each in found:
        with st.container(border=True, key=f"{key}.{each.id}"):
            _card(workspace, each, key=f"{key}.{each.id}")


def _card(workspace: Workspace, work: CorpusJob, *, key: str) -> None:
    now = works.standing(workspace, work.id)
    state = now.state.state
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(state, color=STATE_COLOURS[state], help=_MEANINGS.get(state))  # type: ignore[arg-type]
        st.text(work.job.title)
        if not now.state.has_ended:
            _stop_button(workspace, work, is_stopping=state == "stopping", key=key)
        elif work.job.has_ended or state == "lost":
            _ended_actions(workspace, work, key=key)
        else:  # its record follows within a second; in place of the button, which would stay
            st.caption("Just ended …", width="content")
    if not now.state.has_ended:
        _progress(now)
    elif state == "stopped":
        st.caption(plain(now.state.reason or _MEANINGS[state]))
    else:
        why_it_ended(now.state, key=f"{key}.why")


def _progress(now: works.Standing) -> None:
    if now.state.state == "queued":
        st.caption("Waits for other work; it starts by itself.")
        return
    words = now.phase.capitalize() or "Starting"
    if now.total:
        left = f" · about {duration(now.seconds_left)} left" if now.seconds_left else ""
        st.progress(min(1.0, now.done / now.total), text=f"{words} · {_amount(now)}{left}")
    else:
        st.caption(f"{words}{f' · {now.done:,}' if now.done else ''} …")


def _amount(now: works.Standing) -> str:
    return f"{100 * now.done // now.total} %"


def _stop_button(workspace: Workspace, work: CorpusJob, *, is_stopping: bool, key: str) -> None:
    if st.button(
        "Stop",
        icon=":material/stop:",
        key=f"{key}.stop",
        disabled=is_stopping,
        help="Already stopping."
        if is_stopping
        else "What is done is kept."
        if works.keeps_work(work)
        else "Nothing of it is kept.",
    ):
        with suppress(AdaptMLLMError):  # it ended at the same moment: the page shows how
            works.stop(workspace, work.id)
        st.rerun()


def _resume_button(workspace: Workspace, work: CorpusJob, *, key: str) -> None:
    if st.button(
        "Resume",
        icon=":material/play_arrow:",
        key=f"{key}.resume",
        help="Goes on where it ended; what is done is not done again.",
    ):
        with shown_in_place("It was not resumed"):
            works.resume(workspace, work.id)
            st.rerun()


def _ended_actions(workspace: Workspace, work: CorpusJob, *, key: str) -> None:
    if works.can_resume(work):
        _resume_button(workspace, work, key=key)
    made = work.result.get("corpus", "")
    if made:
        st.page_link(
            page_path("corpus"),
            label="Open",
            icon=":material/arrow_forward:",
            query_params={"id": made},
        )
    if st.button("Dismiss", icon=":material/close:", type="tertiary", key=f"{key}.dismiss"):
        queue.reconcile(workspace)  # of one that was killed the record does not know it yet
        works.dismiss(workspace, work.id)
        st.rerun()
