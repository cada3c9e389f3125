"""What is known of a corpus's leaks, as it stands beside every score."""

from __future__ import annotations

import streamlit as st

from app.navigation import page_path
from app.state import PART
from app.text import plain
from core.corpora.leak_notes import LeakNote, NoteBadge, corpus_note
from core.corpora.leak_search import status_of
from core.corpora.leakage.status import NOT_CHECKED, LeakStatus, badge_of
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

LEAK_WORDS: dict[NoteBadge, str] = {
    "clean": "none found",
    "near": "near ones only",
    "leaks": "leaks",
    "unchecked": "not checked",
    "unknown": "unknown",
}
LEAKS_PART = "Leaks"  # of the page of a corpus
_LABELS: dict[NoteBadge, str] = {
    "clean": "no leaks found",
    "near": "near leaks only",
    "leaks": "leaks",
    "unchecked": "leaks not checked",
    "unknown": "leaks unknown",
}
COLOURS: dict[NoteBadge, str] = {
    "clean": "green",
    "near": "orange",
    "leaks": "red",
    "unchecked": "gray",
    "unknown": "gray",
}


def leak_badge(corpus: Corpus) -> None:
    """Shows a badge and what was found in dev and test, in one sentence."""
    status = status_of(corpus)
    show_note(LeakNote(badge_of(status), status.sentence() if status else NOT_CHECKED))


def leak_note(workspace: Workspace, corpus_id: str, split: str) -> None:
    """Shows the same of the split that was scored, beside its scores.

    Args:
        workspace: Where corpora are stored.
        corpus_id: The corpus, by id or name; it may have been deleted.
        split: The split.
    """
    show_note(corpus_note(workspace, corpus_id, split))


def show_note(note: LeakNote) -> None:
    """Shows a badge and a sentence."""
    with st.container(horizontal=True, vertical_alignment="center"):
        colour = COLOURS[note.badge]
        st.badge(_LABELS[note.badge], icon=":material/water_drop:", color=colour)  # type: ignore[arg-type]
        st.caption(plain(note.sentence))


def leak_warning(corpus: Corpus) -> None:
    """Shows badge and sentence before a corpus is used, and leads to where leaks are removed."""
    leak_badge(corpus)
    if badge_of(status_of(corpus)) == "leaks":
        st.warning(
            "Scores on segments that stand in train flatter the model: remove the leaking rows "
            "from train before you launch.",
            icon=":material/water_drop:",
        )
    label = _way_on(status_of(corpus))
    if label:
        st.page_link(
            page_path("corpus"),
            label=label,
            icon=":material/water_drop:",
            query_params={"id": corpus.id, PART: LEAKS_PART},
        )


def _way_on(status: LeakStatus | None) -> str:
    """Gives what can be done about what is known; empty where there is nothing to do."""
    badge = badge_of(status)
    if badge in ("leaks", "near"):
        return "See and remove its leaks"
    if status is not None and any(pair.num_leaking for pair in status.pairs):
        return "See its leaks"  # dev and test share them: nothing is to be removed from train
    return "Look for leaks" if badge == "unchecked" else ""
