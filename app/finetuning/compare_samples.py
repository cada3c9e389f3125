"""The same segments as each run translates them, side by side with differences marked."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.components.answer_text import answer_text
from app.text import rows_of
from core.finetune.compared_courses import SampleRow, sample_rows
from core.finetune.comparing import Compared
from core.finetune.history import History
from core.systems.word_diff import Part, diff_words

A_PAGE = 4
A_ROW = 3
MAX_DIFF_CHARACTERS = 20_000
REFERENCE = "reference"


def samples(runs: Sequence[Compared], histories: Sequence[History]) -> None:
    """Shows sample segments of the dev split with each run's newest translation."""
    rows = sample_rows(histories)
    if not rows:
        st.caption("What the runs translate appears before their first step.")
        return
    if all(None in row.hypotheses for row in rows):
        st.caption("The runs have no sample segment in common: their dev splits differ.")
    against = _against(runs)
    num_pages = -(-len(rows) // A_PAGE)
    page = st.pagination(num_pages, key=f"compare_runs.page.{len(rows)}") if num_pages > 1 else 1
    steps = [history.last_sample_step() for history in histories]
    for at in range((page - 1) * A_PAGE, min(page * A_PAGE, len(rows))):
        _segment(at, rows[at], runs, steps, against)


def _against(runs: Sequence[Compared]) -> str:
    names = {each.run.id: each.label for each in runs}
    options = [REFERENCE, *names, ""]
    chosen = st.selectbox(
        "Mark differences from",
        options,
        format_func=lambda each: (
            {REFERENCE: "the reference", "": "nothing"}.get(each) or names[each]
        ),
        key="compare_runs.against",
        help="Green stands only in the translation, struck red only in the other text.",
        width=320,
    )
    return str(chosen)


def _segment(
    at: int, row: SampleRow, runs: Sequence[Compared], steps: Sequence[int], against: str
) -> None:
    src_lang, tgt_lang = runs[0].run.src_lang, runs[0].run.tgt_lang
    other = row.reference
    for run, text in zip(runs, row.hypotheses, strict=True):
        other = text or "" if run.run.id == against else other
    with st.container(border=True, key=f"bidi-sample-{at}"):
        st.caption("Source")
        answer_text(row.source, key=f"sample-source-{at}", lang=src_lang)
        st.caption("Reference")
        answer_text(row.reference, key=f"sample-reference-{at}", lang=tgt_lang)
        cells = list(zip(runs, row.hypotheses, steps, strict=True))
        for group in rows_of(cells, A_ROW):
            for place, (run, text, step) in zip(st.columns(A_ROW), group, strict=False):
                with place:
                    st.text(f"{run.label} · {f'step {step:,}' if step else 'before training'}")
                    is_other = against in ("", run.run.id)
                    answer_text(
                        text or "",
                        key=f"sample-{at}-{run.run.id}",
                        lang=run.run.tgt_lang,
                        parts=None if is_other else _parts(text or "", other),
                        placeholder="Not translated" if text is None else "An empty translation.",
                    )


def _parts(text: str, other: str) -> list[Part] | None:
    if not text or max(len(text), len(other)) > MAX_DIFF_CHARACTERS:
        return None
    return diff_words(text, other)
