"""How large the splits and sides of a corpus are."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from app.corpora.sides import side_names
from core.corpora.exporting import export_name
from core.corpora.statistics import CorpusStatistics, SideStatistics, SplitStatistics
from core.storage.corpus_records import Corpus

HELPS = {
    "Distinct": "Different segments, compared exactly.",
    "Words": "What stands between white space; none for scripts without spaces.",
    "Vocabulary": "Different words, without case and the punctuation around them.",
    "Characters": "Unicode code points, white space included.",
    "Median": "Characters: half of the segments are not longer.",
    "95 %": "Characters: 95 % of the segments are not longer.",
    "Longest": "In characters.",
    "Blank": "Segments with nothing but white space.",
}


def size_table(corpus: Corpus, found: CorpusStatistics) -> None:
    """Shows the sizes of each split and side, and the download of all figures."""
    st.subheader("Sizes", anchor=False)
    rows = [
        _size_row(split, name, given, each)
        for split, given in found.splits.items()
        for name, each in zip(side_names(corpus), (given.source, given.target), strict=True)
    ]
    numbers = [name for name in rows[0] if name not in ("Split", "Side")]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        key=f"corpus.statistics.sizes.{corpus.id}",
        column_config={
            name: st.column_config.NumberColumn(format="localized", help=HELPS.get(name))
            for name in numbers
        },
        alt="Sizes of each split and side",
    )
    if any(each.source.is_vocabulary_cut or each.target.is_vocabulary_cut for each in _all(found)):
        st.caption("Counting different words ended at a million.")
    st.download_button(
        "All figures (JSON)",
        lambda: json.dumps(found.to_dict(), ensure_ascii=False, indent=1),
        file_name=export_name(corpus, "jsonl").replace("-all-", "-statistics-")[:-1],
        mime="application/json",
        icon=":material/download:",
        key="corpus.statistics.json",
        on_click="ignore",
    )


def _all(found: CorpusStatistics) -> list[SplitStatistics]:
    return list(found.splits.values())


def _size_row(
    split: str, name: str, given: SplitStatistics, side: SideStatistics
) -> dict[str, object]:
    spread = side.length_spread
    return {
        "Split": split,
        "Side": name,
        "Segments": given.num_segments,
        "Distinct": side.num_distinct,
        "Words": side.num_words,
        "Vocabulary": side.num_distinct_words,
        "Characters": side.num_characters,
        "Median": None if spread is None else int(spread.p50),
        "95 %": None if spread is None else int(spread.p95),
        "Longest": None if spread is None else int(spread.max),
        "Blank": side.num_blank,
    }
