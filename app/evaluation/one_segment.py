"""One segment with all its texts: differences marked, what was said of it, the way to ask anew."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.components.answer_text import answer_text
from app.evaluation.choice import Choice
from app.evaluation.marks import marks_view
from app.navigation import page_path
from app.state import session
from app.text import plain
from core.evaluate.causes.segment_view import SegmentTable
from core.evaluate.evaluating import Evaluated
from core.evaluate.results import MetricResult
from core.storage.workspace import Workspace
from core.systems.word_diff import diff_words

MAX_DIFF_CHARACTERS = 20_000


def one_segment(
    workspace: Workspace,
    choice: Choice,
    table: SegmentTable,
    at: int,
    metric: MetricResult,
    found: Evaluated,
) -> None:
    """Shows segment `at`, counted from 0: source, references, and what each system made of it."""
    against = _head(choice, table, at, found)
    _given_texts(table, at, found)
    tgt_lang = next(iter(found.texts.sets.values())).tgt_lang
    other = table.references[at] if not against else table.hypotheses[against][at]
    for set_id, texts in table.hypotheses.items():
        with st.container(border=True, key=f"bidi-segment-{set_id}"):
            score = table.scores.get(set_id)
            value = (
                "" if score is None or np.isnan(score[at]) else f" · {metric.name} {score[at]:.1f}"
            )
            st.text(f"{choice.names[set_id]}{value}")
            is_long = max(len(texts[at]), len(other)) > MAX_DIFF_CHARACTERS
            answer_text(
                texts[at],
                key=f"segment-{set_id}-{at}",
                lang=tgt_lang,
                parts=None if is_long or set_id == against else diff_words(texts[at], other),
                placeholder="An empty hypothesis.",
            )
            marks_view(workspace, found, set_id, at)


def _head(choice: Choice, table: SegmentTable, at: int, found: Evaluated) -> str:
    """Shows what differences are marked from, and gives it: a set, or empty for the reference."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader(f"Segment {at + 1}", anchor=False)
        others = {"": "the reference"} | {each: choice.names[each] for each in table.hypotheses}
        against: str = st.selectbox(
            "Mark differences from",
            list(others),
            format_func=lambda each: others[each],
            key="segments.against",
            width=260,
            help="Green stands only in the hypothesis, struck red only in the other text.",
        )
        if st.button("Ask in the Playground", icon=":material/forum:", key="segments.ask"):
            _ask(found, at)
    return against


def _given_texts(table: SegmentTable, at: int, found: Evaluated) -> None:
    first = next(iter(found.texts.sets.values()))
    with st.container(border=True, key="bidi-segment-source"):
        st.caption("Source")
        answer_text(table.sources[at], key=f"segment-source-{at}", lang=first.src_lang)
        for name, references in found.texts.references.items():
            if references[at] is not None:
                is_called_so = name.lower().startswith("reference")
                label = name[:1].upper() + name[1:] if is_called_so else f"Reference {name}"
                st.caption(plain(label))
                answer_text(references[at] or "", key=f"segment-{name}-{at}", lang=first.tgt_lang)


def _ask(found: Evaluated, at: int) -> None:
    """Puts a segment into the Playground's fields."""
    draft, first = session().compare, next(iter(found.texts.sets.values()))
    draft.source, draft.reference = found.texts.sources[at], found.texts.first_reference[at]
    draft.src_lang, draft.tgt_lang = first.src_lang, first.tgt_lang
    draft.corpus_id, draft.segment = first.corpus_id, at if first.corpus_id else None
    draft.version += 1
    st.switch_page(page_path("playground"))
