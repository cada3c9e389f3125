"""What a corpus is like: sizes, lengths, ratios, scripts, languages, repetitions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.corpora.corpus_charts import chart, length_chart, ratio_chart, scatter_chart
from app.corpora.kept import known_statistics
from app.corpora.language_view import language_table, language_warnings
from app.corpora.sides import shown_split, side_names
from app.corpora.size_table import size_table
from app.corpora.starting import start_work, work_key
from app.text import counted, shortened
from core.corpora.measuring import MeasureSettings
from core.corpora.statistics import CorpusStatistics, SideStatistics, SplitStatistics
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

SHOWN_CHARS = 300
MEASURING = "This corpus is being measured."


def statistics_view(workspace: Workspace, corpus: Corpus) -> None:
    """Shows what was measured, or how it can be."""
    found = known_statistics(corpus)
    if found is None:
        _offer(workspace, corpus)
    else:
        size_table(corpus, found)
        language_warnings(corpus, found)
        _split_figures(corpus, found)


def _offer(workspace: Workspace, corpus: Corpus) -> None:
    st.write(
        "Sizes, lengths, length ratios, scripts, languages and repeated segments of each split. "
        "So many segments are measured as a job; the page can be left meanwhile."
    )
    known = workspace.corpus_jobs.of_corpus(corpus.id, "statistics")
    is_waiting = any(not each.job.has_ended for each in known)
    if st.button(
        "Measure",
        icon=":material/straighten:",
        type="primary",
        key=work_key("statistics.measure"),
        disabled=is_waiting,
        help=MEASURING if is_waiting else "About two seconds for 100,000 pairs.",
    ):
        settings = MeasureSettings(corpus=corpus.id)
        start_work(workspace, "statistics", settings, refusal="Measuring was not started")
    if is_waiting:
        st.caption(MEASURING)


def _split_figures(corpus: Corpus, found: CorpusStatistics) -> None:
    """Shows the charts and lists of one split."""
    key = f"corpus.statistics.{corpus.id}"
    st.subheader("Lengths and ratios", anchor=False)
    split = shown_split(corpus, key=f"{key}.split")
    if not split:
        return
    given = found.splits[split]
    names = side_names(corpus)
    for column, name, side in zip(st.columns(2), names, (given.source, given.target), strict=True):
        with column:
            _lengths(name, split, side, key=f"{key}.lengths.{split}.{side.lang}")
    left, right = st.columns(2)
    with left:
        _ratios(given, split, key=f"{key}.ratios.{split}")
    with right:
        ratio = given.ratio_spread
        figure = scatter_chart(
            given.points,
            None if ratio is None else ratio.p50,
            title="Length of both sides",
            names=names,
        )
        alt = f"Target length over source length of pairs of the {split} split"
        chart(figure, key=f"{key}.points.{split}", name=f"{split}-lengths-of-pairs", alt=alt)
        num_drawn = len(given.points)
        drawn = (
            "Each point is a pair"
            if num_drawn == given.num_segments
            else (f"Each point is one of {num_drawn:,} pairs drawn with seed {given.seed}")
        )
        st.caption(f"{drawn}; both axes are logarithmic, the line is the median ratio.")
    st.subheader("Scripts and languages", anchor=False)
    language_table(corpus, given, key=f"{key}.languages.{split}")
    st.subheader("Most repeated segments", anchor=False)
    _repeated(corpus, given, key=f"{key}.repeated.{split}")


def _lengths(name: str, split: str, side: SideStatistics, *, key: str) -> None:
    figure = length_chart(side.lengths, title=name, unit="characters")
    alt = f"Histogram of the lengths of {name} segments of the {split} split, in characters"
    chart(figure, key=key, name=f"{split}-{side.lang}-characters", alt=alt)
    spread = side.length_spread
    if spread is not None:
        beyond = side.lengths.num_above
        more = f"; {counted(beyond, 'longer segment')} not drawn" if beyond else ""
        st.caption(
            f"Median {spread.p50:,.0f}, 95 % up to {spread.p95:,.0f}, longest {spread.max:,.0f} "
            f"characters{more}."
        )


def _ratios(given: SplitStatistics, split: str, *, key: str) -> None:
    figure = ratio_chart(given.ratios, title="Length ratio")
    alt = f"Histogram of target length over source length of the {split} split"
    chart(figure, key=key, name=f"{split}-length-ratios", alt=alt)
    spread = given.ratio_spread
    if spread is None:
        st.caption("No pair has text on both sides.")
        return
    beyond = given.ratios.num_below + given.ratios.num_above
    more = f" {counted(beyond, 'pair')} beyond sixteen times not drawn." if beyond else ""
    st.caption(f"Median {spread.p50:.2f}; 90 % between {spread.p5:.2f} and {spread.p95:.2f}.{more}")


def _repeated(corpus: Corpus, given: SplitStatistics, *, key: str) -> None:
    sides = zip(st.columns(2), side_names(corpus), (given.source, given.target), strict=True)
    for column, name, side in sides:
        with column:
            st.caption(name)
            if not side.repeated:
                st.text("No segment occurs twice.")
                continue
            rows = [
                {
                    "Times": each.count,
                    "First row": each.first_row,
                    "Segment": shortened(each.text, SHOWN_CHARS),
                }
                for each in side.repeated
            ]
            st.dataframe(
                pd.DataFrame(rows),
                hide_index=True,
                width="stretch",
                key=f"{key}.{side.lang}",
                column_config={
                    "Times": st.column_config.NumberColumn(width=70, format="localized"),
                    "First row": st.column_config.NumberColumn(width=90, format="localized"),
                },
                alt=f"{name} segments that occur most often",
            )
