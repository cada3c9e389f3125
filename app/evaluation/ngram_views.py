"""N-grams that one system gets right more often than another, or writes too often."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app.evaluation.choice import Choice
from app.evaluation.positions import segments_button
from app.text import plain
from core.evaluate.causes.counting_texts import ngram_difference
from core.evaluate.causes.ngram_wins import Ngram, NgramDifference
from core.evaluate.evaluating import Evaluated

REFERENCE = "reference"
KEPT = 8


def ngram_view(choice: Choice, found: Evaluated) -> None:
    """Shows two systems, or a system and the reference, by the n-grams in which they differ."""
    ids = [each.set_id for each in found.result.scored]
    names = {each: choice.names[each] for each in ids} | {REFERENCE: "the reference"}
    left, right = st.columns(2)
    with left:
        first = st.selectbox(
            "System",
            ids,
            index=len(ids) - 1,
            format_func=lambda each: names[each],
            key=f"ngrams.first.{len(ids)}",
        )
    others = [each for each in (*ids, REFERENCE) if each != first]
    with right:
        second = st.selectbox(
            "Against",
            others,
            format_func=lambda each: names[each],
            key=f"ngrams.second.{len(others)}.{first}",
            help="Against another system: n-grams that are right, because the reference has them. "
            "Against the reference: n-grams written too often or too seldom, right or not.",
        )
    difference = _difference(found.result.made_at, first, second, found)
    verb = "writes" if second == REFERENCE else "gets right"
    for side, grams, who, other in (
        ("first", difference.first, names[first], names[second]),
        ("second", difference.second, names[second], names[first]),
    ):
        st.subheader(plain(f"{who} {verb} more often than {other}"), anchor=False)
        _gram_table(grams, f"{side}.{first}.{second}", who)


@st.cache_resource(max_entries=KEPT, show_spinner="Counting n-grams …")
def _difference(made_at: str, first: str, second: str, _found: Evaluated) -> NgramDifference:
    return ngram_difference(_found, first, "" if second == REFERENCE else second)


def _gram_table(grams: Sequence[Ngram], key: str, who: str) -> None:
    if not grams:
        st.caption("None, with at least three occurrences.")
        return
    event = st.dataframe(
        pd.DataFrame(
            [
                {
                    "N-gram": each.text,
                    "Words": each.num_words,
                    "First": each.num_first,
                    "Second": each.num_second,
                    "Log ratio": each.log_ratio,
                    "Segments": len(each.positions),
                }
                for each in grams
            ]
        ),
        hide_index=True,
        width="stretch",
        height=280,
        column_config={"Log ratio": st.column_config.NumberColumn(format="%+.2f")},
        on_select="rerun",
        selection_mode="single-row",
        key=f"ngrams.table.{key}",
    )
    picked = event.selection.rows
    if picked and picked[0] < len(grams):
        gram = grams[picked[0]]
        segments_button(f"“{gram.text}”, {who}", gram.positions, key=f"ngrams.show.{key}")
