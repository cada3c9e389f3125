"""The tables of the Evaluate page: scores of comparable translation sets, and their segments."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.downloads import set_url
from app.errors import shown_to_user
from app.state import session
from app.text import ago, counted, plain, shortened
from core.languages import language_name
from core.metrics.lexical import Score, score_system
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch.batches import delete_set

SHOWN_SEGMENTS = 500
KEPT_SCORES = 200
SHOWN_NAME = 32
NAMES = ("BLEU", "chrF2", "chrF++", "TER")
COLUMNS = {
    "#": st.column_config.NumberColumn(width=34, pinned=True),
    "System": st.column_config.TextColumn(width=160, pinned=True),
    **{name: st.column_config.NumberColumn(format="%.2f", width=70) for name in NAMES},
}


def test_set_select(sets: Sequence[TranslationSet], set_id: str) -> TranslationSet:
    """Shows which test set is looked at, and gives one of its translation sets."""
    by_hash = {each.test_set_hash: each for each in sets}
    wanted = next((each.test_set_hash for each in sets if each.id == set_id), None)
    options = list(by_hash)
    chosen = st.selectbox(
        "Test set",
        options,
        index=options.index(wanted) if wanted else 0,
        format_func=lambda each: _named(by_hash[each]),
        key="evaluate.test_set",
    )
    return by_hash[chosen]


def _named(each: TranslationSet) -> str:
    direction = f"{language_name(each.src_lang)} → {language_name(each.tgt_lang)}"
    return (
        f"{each.corpus_name} · {each.split} · {direction} · {counted(each.num_segments, 'segment')}"
    )


def score_table(workspace: Workspace, sets: Sequence[TranslationSet]) -> None:
    """Shows the scores of each set; one with segments missing is not scored."""
    rows, scored = [], []
    for number, each in enumerate(sets, 1):
        counts = workspace.translation_sets.counts(each.id)
        row: dict[str, object] = {
            "#": number,
            "System": each.system_name,
            "Made": ago(each.created_at),
            "Translated": counts.num_done,
            "Failed": counts.num_failed,
            "USD": counts.cost_usd or None,
        }
        if counts.num_done == each.num_segments:
            found = _scores(str(workspace.root), each.id)
            row |= {score.name: score.value for score in found}
            scored.append(found)
        rows.append(row)
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        column_config=COLUMNS,
        placeholder="–",
        key="evaluate.scores",
    )
    if len(scored) < len(sets):
        st.caption(
            "A set with failed or missing segments is not scored: resume its batch in the "
            "Playground."
        )
    if scored:
        with st.expander("Signatures"):
            lines = [f"{score.signature} · n={score.num_segments}" for score in scored[0]]
            st.code("\n".join(lines), language=None)
    _set_buttons(workspace, sets)


def _set_buttons(workspace: Workspace, sets: Sequence[TranslationSet]) -> None:
    with st.container(horizontal=True):
        for number, each in enumerate(sets, 1):
            name = plain(shortened(each.system_name, SHOWN_NAME))
            st.link_button(
                f"Download {number} · {name}", set_url(each.id), icon=":material/download:"
            )
        if st.button("Delete a set", icon=":material/delete:", key="evaluate.delete"):
            _confirm_deletion(workspace, sets)


@st.dialog("Delete a translation set?")
def _confirm_deletion(workspace: Workspace, sets: Sequence[TranslationSet]) -> None:
    with shown_to_user():
        names = {
            each.id: f"{number} · {each.system_name}, {ago(each.created_at)}"
            for number, each in enumerate(sets, 1)
        }
        set_id = st.selectbox(
            "Translation set", list(names), format_func=lambda each: names[each],
            key="evaluate.delete.set",
        )  # fmt: skip
        st.write(
            "Its translations are deleted for good. If its batch is resumed, they are made, and "
            "paid for, anew."
        )
        with st.container(horizontal=True):
            if st.button("Delete for good", type="primary", key="evaluate.delete.yes"):
                delete_set(workspace, set_id)
                session().notice = f"Deleted the set {shortened(names[set_id], SHOWN_NAME)}."
                st.rerun()
            if st.button("Keep it", key="evaluate.delete.no"):
                st.rerun()


@st.cache_data(max_entries=KEPT_SCORES, show_spinner="Scoring …")
def _scores(root: str, set_id: str) -> list[Score]:
    """Scores a complete set once; it does not change any more."""
    from app import cache

    del root
    segments = list(cache.workspace().translation_sets.segments(set_id))
    hypotheses = [each.hypothesis or "" for each in segments]
    return score_system(hypotheses, [each.reference for each in segments], names=NAMES)


def segment_table(workspace: Workspace, sets: Sequence[TranslationSet]) -> None:
    """Shows the segments with the hypotheses of all systems beside each other."""
    st.subheader("Segments", anchor=False)
    rows: dict[int, dict[str, object]] = {}
    for number, each in enumerate(sets, 1):
        name = f"{number} · {shortened(each.system_name, SHOWN_NAME)}"
        for segment in workspace.translation_sets.segments(each.id):
            if segment.position >= SHOWN_SEGMENTS:
                break
            row = rows.setdefault(
                segment.position, {"Source": segment.source, "Reference": segment.reference}
            )
            row[name] = segment.hypothesis if segment.hypothesis is not None else "⚠ failed"
    numbers = sorted(rows)
    table = pd.DataFrame(
        [rows[position] for position in numbers], index=[position + 1 for position in numbers]
    )
    st.dataframe(table, width="stretch", placeholder="–", key="evaluate.segments")
