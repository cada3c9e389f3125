"""How many segments of each held-out split also stand in another split, by side and by level."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.corpora.leakage.leaks import BOTH, SIDES
from core.corpora.leakage.status import EITHER, LeakStatus, PairStatus
from core.languages import language_name

MOST_UNSCROLLED = 12  # three pairs of splits with four lines each

LEVEL_HELP = {
    "exact": "Character by character",
    "normalised": "Equal but for case, spacing and punctuation",
    "near": "Most of the 5-grams of the shorter text stand in the other one",
}


def pair_table(status: LeakStatus) -> None:
    """Shows the counts of each pair of splits that was compared."""
    rows = [_row(pair, side) for pair in status.pairs for side in _sides(pair)]
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "Held out": st.column_config.TextColumn(pinned=True),
        "Segments": number(help="Of the held-out split"),
        "Side": st.column_config.TextColumn(
            width=130,
            help="both: both sides stand in one and the same row; either: at least one side does",
        ),
        "Leaking": st.column_config.NumberColumn(format="percent", help="Share of its segments"),
        "5-grams in common": number(
            format="percent", help="Mean share of a segment's 5-grams that stand anywhere there"
        ),
        **{level.capitalize(): number(help=words) for level, words in LEVEL_HELP.items()},
    }
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height="content" if len(rows) <= MOST_UNSCROLLED else "auto",
        placeholder="–",
        column_config=columns,
        key="leaks.pairs",
        alt="Held-out segments that also stand in another split",
    )


def place_name(corpus: str, split: str) -> str:
    """Gives a split's name, with that of its corpus if it is another one."""
    return f"{corpus}: {split}" if corpus else split


def _sides(pair: PairStatus) -> list[str]:
    return [side for side in (*SIDES, BOTH, EITHER) if side in pair.counts]


def _row(pair: PairStatus, side: str) -> dict[str, object]:
    langs = {"source": pair.src_lang, "target": pair.tgt_lang}
    counts = pair.counts[side]
    near = counts.get("near", 0) if pair.is_near_checked else None
    leaking = counts.get("exact", 0) + counts.get("normalised", 0) + (near or 0)
    return {
        "Held out": place_name(pair.corpus, pair.split),
        "Segments": pair.num_held_out,
        "Looked for in": place_name(pair.other_corpus, pair.other_split),
        "Side": language_name(langs[side]) if side in langs else side,
        "Exact": counts.get("exact", 0),
        "Normalised": counts.get("normalised", 0),
        "Near": near,
        "Leaking": leaking / pair.num_held_out if pair.num_held_out else None,
        "5-grams in common": pair.coverage.get(side),
    }
