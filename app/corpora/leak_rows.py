"""The leaks row by row: the held-out texts beside those of the row in which they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app.corpora.leak_table import place_name
from app.corpora.pair_texts import (
    ROWS_A_PAGE,
    page_offset,
    pair_in_full,
    picked_rows,
    question_key,
)
from core.corpora.leakage.leaks import LEVELS, SIDES, Leak, Leaks
from core.corpora.leakage.status import LeakStatus
from core.languages import language_name
from core.storage.corpus_records import Corpus

ANY = ""
TEXT_PX = 180


@dataclass(frozen=True)
class _Asked:
    """Which leaks are asked for; empty = any."""

    level: str
    side: str
    split: str
    other_split: str
    search: str


def side_names(status: LeakStatus) -> dict[str, str]:
    """Gives the sides by their languages; by themselves where corpora are the other way round."""
    langs = {(pair.src_lang, pair.tgt_lang) for pair in status.pairs}
    if len(langs) != 1:
        return {"source": "source", "target": "target"}
    return dict(zip(SIDES, map(language_name, langs.pop()), strict=True))


def leak_rows(corpus: Corpus, leaks: Leaks, against: str, status: LeakStatus) -> None:
    """Shows the leaks with filters, and in full the one that was chosen."""
    if not status.num_listed:
        return
    st.subheader("Row by row", anchor=False)
    key = f"leaks.rows.{corpus.id}.{against}"
    names = side_names(status)
    asked = _asked_fields(status, names, key=key)
    key = f"{key}.{question_key(asked, status.checked_at)}"
    total = leaks.page(limit=0, **vars(asked)).total
    if not total:
        st.info("No row matches. Loosen the search or the filters.")
        return
    offset = page_offset(total, "row", key=f"{key}.page")
    found = leaks.page(offset=offset, limit=ROWS_A_PAGE, **vars(asked)).leaks
    chosen = picked_rows(
        [_row(each, names) for each in found],
        _columns(names),
        key=f"{key}.{offset}",
        alt="Held-out segments and the rows in which they stand",
    )
    if chosen:
        _in_full(corpus, status, found[chosen[0]])
    else:
        st.caption("Choose a row to read both pairs in full.")


def _asked_fields(status: LeakStatus, names: dict[str, str], *, key: str) -> _Asked:
    splits = list(dict.fromkeys(pair.split for pair in status.pairs if pair.counts))
    others = list(dict.fromkeys(pair.other_split for pair in status.pairs))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = _select("Level", LEVELS, key=f"{key}.level")
        side = _select("Side", (*SIDES, "both"), names, key=f"{key}.side")
        split = _select("Held out", splits, key=f"{key}.split")
        other = _select("Stands in", others, key=f"{key}.other")
        search = st.text_input(
            "Search",
            key=f"{key}.search",
            placeholder="Words of any of the texts",
            icon=":material/search:",
        )
    return _Asked(level, side, split, other, search)


def _select(
    label: str,
    options: list[str] | tuple[str, ...],
    names: dict[str, str] | None = None,
    *,
    key: str,
) -> str:
    known = {ANY: "any", **(names or {})}
    chosen: str = st.selectbox(
        label, [ANY, *options], format_func=lambda each: known.get(each, each), key=key, width=130
    )
    return chosen


def _headings(names: dict[str, str]) -> list[str]:
    return [
        f"{names[side][:1].upper()}{names[side][1:]}, {where}"
        for side in SIDES
        for where in ("held out", "there")
    ]


def _columns(names: dict[str, str]) -> dict[str, Any]:
    texts: dict[str, Any] = {
        heading: st.column_config.TextColumn(width=TEXT_PX) for heading in _headings(names)
    }
    return texts | {
        "Overlap": st.column_config.NumberColumn(
            format="percent",
            width=80,
            help="Shared 5-grams of the shorter text; 100 % for equal ones",
        ),
        "Level": st.column_config.TextColumn(width=90),
        "Side": st.column_config.TextColumn(width=80),
    }


def _row(leak: Leak, names: dict[str, str]) -> dict[str, object]:
    texts = (leak.source, leak.other_source, leak.target, leak.other_target)
    return {
        "Held out": _place(leak.corpus, leak.split, leak.number),
        "Stands in": _place(leak.other_corpus, leak.other_split, leak.other_number),
        "Level": leak.level,
        "Side": names.get(leak.side, leak.side),
        "Overlap": leak.overlap,
        **dict(zip(_headings(names), texts, strict=True)),
    }


def _place(corpus: str, split: str, number: int) -> str:
    return f"{place_name(corpus, split)} {number + 1}"


def _in_full(corpus: Corpus, status: LeakStatus, leak: Leak) -> None:
    """Shows source beside source and target beside target."""
    # A held-out row of another corpus may have its languages the other way round.
    langs = {pair.corpus: (pair.src_lang, pair.tgt_lang) for pair in status.pairs}
    src_lang, tgt_lang = langs.get(leak.corpus, (corpus.src_lang, corpus.tgt_lang))
    here = _place(leak.corpus, leak.split, leak.number)
    there = _place(leak.other_corpus, leak.other_split, leak.other_number)
    source, target = language_name(src_lang), language_name(tgt_lang)
    words = [
        f"{side} {level}"
        for side, level in ((source, leak.source_level), (target, leak.target_level))
        if level
    ]
    pair_in_full(
        f"{here} stands in {there}",
        [
            (f"{source} of {here}", leak.source, src_lang),
            (f"{source} of {there}", leak.other_source, src_lang),
            (f"{target} of {here}", leak.target, tgt_lang),
            (f"{target} of {there}", leak.other_target, tgt_lang),
        ],
        key=f"leak-{question_key(corpus.id, here, there)}",
        note=f"{', '.join(words)} · overlap {leak.overlap:.0%}",
    )
