"""A version without the train rows in which held-out segments stand."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.corpora.starting import name_field, start_work, work_key
from app.text import plain
from core.corpora.leak_search import leaks_file
from core.corpora.leakage.leaks import LEVELS, SIDES
from core.corpora.leakage.removing import leaking_train_rows
from core.corpora.leakage.status import LeakStatus, PairStatus
from core.corpora.without_leaks import UnleakSettings
from core.languages import language_name
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


def removal_form(workspace: Workspace, corpus: Corpus, against: str, status: LeakStatus) -> None:
    """Shows how many rows of train would go, and starts their removal."""
    pairs = [pair for pair in status.pairs if pair.is_against_train and not pair.other_corpus]
    if not any(pair.num_leaking for pair in pairs):
        if any(pair.num_leaking for pair in status.pairs):
            st.caption(
                "None of it stands in this corpus's own train split: nothing is to be removed."
            )
        return
    key = f"leaks.removal.{corpus.id}.{against}.{status.checked_at}"
    with st.container(border=True, key="leaks.removal"):
        st.markdown("**Remove from train**")
        levels, sides = _kinds(pairs, key=key)
        count = 0
        if levels and sides:
            path = leaks_file(workspace, corpus.id, against)
            count = len(leaking_train_rows(path, levels=levels, sides=sides))
        st.text(f"{count:,} of {corpus.num_train:,} train rows would be left out.")
        st.caption(
            "Held-out rows stay as they are, and so does this version. What is left out is kept "
            "in the new version's part *Left out*, where it can be taken back."
        )
        name, problem = name_field(workspace, corpus, ", leaks removed", key=f"{key}.name")
        missing = _missing(levels, sides, count, corpus) or problem
        if missing:
            st.caption(plain(missing))
        pressed = st.button(
            "Remove from train",
            type="primary",
            icon=":material/water_drop:",
            key=work_key("leaks.removal.go"),
            disabled=bool(missing),
            help=plain(missing) or "Makes a new version as a job.",
        )
        if pressed:
            values = {"corpus": corpus.id, "name": name, "against": against}
            settings = UnleakSettings.parse({**values, "levels": levels, "sides": sides})
            start_work(workspace, "unleak", settings, refusal="Nothing was removed")


def _kinds(pairs: list[PairStatus], *, key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Shows which levels and sides count, and gives them."""
    first = pairs[0]
    names = dict(zip(SIDES, map(language_name, (first.src_lang, first.tgt_lang)), strict=True))
    left, right = st.columns(2)
    with left:
        levels = st.pills(
            "Levels",
            LEVELS,
            selection_mode="multi",
            default=list(LEVELS),
            format_func=str.capitalize,
            key=f"{key}.levels",
        )
    with right:
        sides = st.pills(
            "Sides of the held-out segment",
            SIDES,
            selection_mode="multi",
            default=list(SIDES),
            format_func=names.__getitem__,
            key=f"{key}.sides",
            help="A row of train goes if one of these sides stands in it.",
        )
    return tuple(levels), tuple(sides)


def _missing(levels: Sequence[str], sides: Sequence[str], count: int, corpus: Corpus) -> str:
    if not levels or not sides:
        return "Choose at least one level and one side."
    if not count:
        return "No row of train leaks in this way."
    return "Nothing of train would be left." if count == corpus.num_train else ""
