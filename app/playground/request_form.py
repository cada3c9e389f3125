"""The fields of a question: text, direction, systems, a test segment with its reference."""

from __future__ import annotations

import random

import streamlit as st

from app.forms import language_select
from app.playground.labels import system_label
from app.problem_views import shown_in_place
from app.state import CompareDraft, session
from core.corpora.segments import read_segments
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from core.systems.protocol import SystemInfo

MAX_COLUMNS = 6
MAX_CHARACTERS = 20_000


def first_draft(workspace: Workspace, systems: list[SystemInfo], shown_ask: str) -> CompareDraft:
    """Fills the fields of a fresh tab.

    Args:
        workspace: Where earlier questions are.
        systems: Those there are.
        shown_ask: The question whose answers the page shows, after a reload; else the last one
            gives languages and systems, or the newest corpus does.
    """
    draft = session().compare
    if draft.src_lang:
        return draft
    known = {info.id for info in systems}
    shown = workspace.answers.of_ask(shown_ask) if shown_ask else []
    last = shown or workspace.answers.asks("compare", limit=1)
    if last:
        asked = workspace.answers.of_ask(last[0].ask_id)
        draft.src_lang, draft.tgt_lang = last[0].src_lang, last[0].tgt_lang
        draft.system_ids = [each.system_id for each in asked if each.system_id in known]
    if shown:
        draft.source, draft.reference = shown[0].source, shown[0].reference
    if not draft.src_lang:
        corpora = workspace.corpora.all()
        draft.src_lang = corpora[0].src_lang if corpora else "eng_Latn"
        draft.tgt_lang = corpora[0].tgt_lang if corpora else "gle_Latn"
    if not draft.system_ids:
        draft.system_ids = [info.id for info in systems[:3]]
    return draft


def direction_row(draft: CompareDraft) -> None:
    """Shows both languages with a button that swaps them, texts included."""
    key = f"playground.{draft.version}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        draft.src_lang = language_select("From", draft.src_lang, key=f"{key}.src")
        if st.button(
            "Swap",
            icon=":material/swap_horiz:",
            key=f"{key}.swap",
            help="Swaps the languages, and source and reference.",
        ):
            draft.src_lang, draft.tgt_lang = draft.tgt_lang, draft.src_lang
            draft.source, draft.reference = draft.reference, draft.source
            draft.version += 1
            st.rerun()
        draft.tgt_lang = language_select("Into", draft.tgt_lang, key=f"{key}.tgt")


def text_row(workspace: Workspace, draft: CompareDraft) -> None:
    """Shows the fields of source and reference, and how a test segment gets into them."""
    key = f"playground.{draft.version}"
    left, right = st.columns([3, 2])
    with left, st.container(key="bidi-playground-source"):
        source = st.text_area(
            "Source",
            draft.source,
            key=f"{key}.source",
            height=120,
            max_chars=MAX_CHARACTERS,
            placeholder="Type or paste a text, or load a test segment.",
        )
    with right, st.container(key="bidi-playground-reference"):
        draft.reference = st.text_area(
            "Reference (optional)",
            draft.reference,
            key=f"{key}.reference",
            height=120,
            max_chars=MAX_CHARACTERS,
            placeholder="With a reference, each answer gets chrF and TER.",
        )
    if source != draft.source:
        draft.source, draft.corpus_id, draft.segment = source, "", None
    with st.popover("Load a test segment", icon=":material/library_books:", key=f"{key}.load"):
        _segment_form(workspace, draft)


def _segment_form(workspace: Workspace, draft: CompareDraft) -> None:
    corpora = [corpus for corpus in workspace.corpora.all() if corpus.num_test or corpus.num_dev]
    if not corpora:
        st.caption("No corpus has test segments yet.")
        return
    chosen = st.selectbox(
        "Corpus",
        corpora,
        format_func=lambda corpus: corpus.name,
        key="playground.load.corpus",
        index=next((i for i, each in enumerate(corpora) if each.id == draft.corpus_id), 0),
    )
    split = st.segmented_control(
        "Split",
        [name for name in ("test", "dev") if chosen.counts[name]],
        default="test" if chosen.num_test else "dev",
        required=True,
        key=f"playground.load.split.{chosen.id}",
    )
    count = chosen.counts[str(split)]
    number = st.number_input(
        f"Segment (1 to {count})", 1, count, 1, key=f"playground.load.number.{chosen.id}.{split}"
    )
    with st.container(horizontal=True):
        if st.button("Load", type="primary", key="playground.load.go"):
            _load(workspace, draft, chosen, str(split), int(number) - 1)
        if st.button("Any", icon=":material/casino:", key="playground.load.any"):
            _load(workspace, draft, chosen, str(split), random.randrange(count))


def _load(
    workspace: Workspace, draft: CompareDraft, corpus: Corpus, split: str, segment: int
) -> None:
    with shown_in_place():
        found = read_segments(workspace.split_file(corpus.id, split), limit=1, offset=segment)
        source, reference = found[0]
        if draft.src_lang == corpus.tgt_lang and draft.tgt_lang == corpus.src_lang:
            source, reference = reference, source
        else:
            draft.src_lang, draft.tgt_lang = corpus.src_lang, corpus.tgt_lang
        draft.source, draft.reference = source, reference
        draft.corpus_id, draft.segment = corpus.id, segment
        draft.version += 1
        st.rerun()


def system_select(draft: CompareDraft, systems: list[SystemInfo]) -> list[SystemInfo]:
    """Shows which systems are asked, and gives them in the order of the columns."""
    known = {info.id: info for info in systems}
    draft.system_ids = st.multiselect(
        "Systems",
        list(known),
        default=[each for each in draft.system_ids if each in known],
        format_func=lambda each: system_label(known[each]),
        max_selections=MAX_COLUMNS,
        placeholder="Choose up to six",
        key=f"playground.{draft.version}.systems",
        help="Local models are prepared and loaded when they are asked for the first time. "
        "Endpoints and chains are set up under Settings.",
    )
    return [known[each] for each in draft.system_ids]
