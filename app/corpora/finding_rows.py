"""Rows with what is wrong with them: filters, a table, and one of them in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from app.corpora.pair_texts import (
    ROWS_A_PAGE,
    page_offset,
    pair_in_full,
    picked_rows,
    question_key,
    side_labels,
)
from core.corpora.doctor.checks import REASONS
from core.corpora.doctor.findings import Finding, Findings
from core.storage.corpus_records import SPLITS, Corpus

KEPT = 2  # a session, some tens of bytes a row
ANY_SPLIT = "all splits"
TEXT_PX = 235  # so that both sides and the reasons are seen at once


def kept_findings(path: Path) -> Findings:
    """Gives the findings of a file; one reader a tab, as it is made for one thread."""
    return _findings(str(path))


@st.cache_resource(max_entries=KEPT, scope="session", show_spinner="Reading what was found …")
def _findings(path: str) -> Findings:
    return Findings(Path(path))


def reason_label(key: str) -> str:
    """Gives the name of a reason; of one that there is no more, its key."""
    return REASONS[key].label if key in REASONS else key


@dataclass(frozen=True)
class Asked:
    """Which rows are asked for.

    Attributes:
        check: Those with this reason; None = with any.
        split: Those of this split; None = of any.
        search: Those with this text.
    """

    check: str | None
    split: str | None
    search: str


def asked_fields(findings: Findings, *, with_split: bool, key: str) -> Asked:
    """Shows the filters and gives what was chosen."""
    counts = findings.counts
    with st.container(horizontal=True, vertical_alignment="bottom"):
        check = st.selectbox(
            "Reason",
            ["", *counts],
            format_func=lambda each: (
                f"{reason_label(each)} ({counts[each]:,})" if each else f"any ({findings.count:,})"
            ),
            key=f"{key}.reason",
            width=260,
        )
        split = ANY_SPLIT
        if with_split:
            split = st.selectbox("Split", [ANY_SPLIT, *SPLITS], key=f"{key}.split", width=130)
        search = st.text_input(
            "Search",
            key=f"{key}.search",
            placeholder="Words of either side",
            icon=":material/search:",
        )
    return Asked(check or None, None if split == ANY_SPLIT else split, search)


@dataclass(frozen=True)
class Shown:
    """A page of rows.

    Attributes:
        rows: Those that are shown.
        chosen: Those of them that people chose.
        total: How many match, on this page and elsewhere.
    """

    rows: Sequence[Finding]
    chosen: Sequence[Finding]
    total: int


def finding_page(
    corpus: Corpus,
    findings: Findings,
    asked: Asked,
    *,
    key: str,
    is_of_import: bool = False,
    mode: Literal["single-row", "multi-row"] = "single-row",
) -> Shown | None:
    """Shows a page of rows, and in full the one that was chosen; None if no row matches.

    Args:
        corpus: Whose rows they are.
        findings: Where they are read.
        asked: Which of them.
        key: Prefix of the widget keys.
        is_of_import: Whether their places are those in files; else they are those in splits.
        mode: How many can be chosen.
    """
    total = findings.num_matching(check=asked.check, split=asked.split, search=asked.search)
    if not total:
        st.info("No row matches. Loosen the search or the filters.")
        return None
    key = f"{key}.{question_key(asked)}"
    offset = page_offset(total, "row", key=f"{key}.page")
    found = findings.page(
        check=asked.check, split=asked.split, search=asked.search, limit=ROWS_A_PAGE, offset=offset
    )
    chosen = picked_rows(
        [_row(corpus, each, is_of_import=is_of_import) for each in found],
        _columns(corpus),
        key=f"{key}.{offset}",
        alt="Rows with what is wrong with them",
        mode=mode,
    )
    shown = Shown(found, [found[place] for place in chosen], total)
    if len(shown.chosen) == 1:
        _in_full(corpus, shown.chosen[0], is_of_import=is_of_import)
    return shown


def _row(corpus: Corpus, found: Finding, *, is_of_import: bool) -> dict[str, object]:
    source, target = side_labels(corpus)
    why = ", ".join(map(reason_label, found.reasons))
    texts = {source: found.source, target: found.target, "Reasons": why}
    if is_of_import:
        return {"Where": found.details, **texts}
    return {"Split": found.split, "Row": found.number + 1, **texts, "Details": found.details}


def _columns(corpus: Corpus) -> dict[str, Any]:
    texts: dict[str, Any] = {
        label: st.column_config.TextColumn(width=TEXT_PX) for label in side_labels(corpus)
    }
    return texts | {
        "Split": st.column_config.TextColumn(width=60),
        "Row": st.column_config.NumberColumn(
            width=70, format="localized", help="Its number in the split, from 1"
        ),
        "Reasons": st.column_config.TextColumn(width=170),
        "Details": st.column_config.TextColumn(width=260, help="What exactly was found"),
    }


def _in_full(corpus: Corpus, found: Finding, *, is_of_import: bool) -> None:
    source, target = side_labels(corpus)
    place = found.details if is_of_import else f"{found.split}, row {found.number + 1:,}"
    if found.document:
        place += f" · {found.document}"
    why = ", ".join(map(reason_label, found.reasons))
    details = "" if is_of_import or not found.details else f": {found.details}"
    pair_in_full(
        place,
        [(source, found.source, corpus.src_lang), (target, found.target, corpus.tgt_lang)],
        key=f"finding-{found.split}-{found.number}-{question_key(found.details)}",
        note=f"{why}{details}",
    )
