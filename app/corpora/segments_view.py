"""The segments of a corpus: searched, page by page, each shown exactly."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.components.answer_text import answer_text
from app.corpora.invisible import hidden_characters, made_visible
from app.corpora.kept import PAGE_ROWS, has_documents, rows_page
from app.corpora.pair_texts import picked_rows, question_key, side_labels
from app.corpora.sides import shown_split, side_names
from app.state import widget_value
from app.text import counted, plain, shortened
from core.corpora.browsing import MAX_COUNTED, MAX_PATTERN_CHARS, Page, Side
from core.corpora.segments import Row
from core.errors import ConfigError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

SHOWN_CHARS = 500  # of a segment in the list; whole below it
TEXT_PX = 340
MAX_LISTED = 200  # invisible characters
SIDES: tuple[Side, ...] = ("both", "source", "target")


def segments_view(workspace: Workspace, corpus: Corpus) -> None:
    """Shows the rows of a split, all or those that hold some words, and the one that was chosen."""
    key = f"corpus.segments.{corpus.id}"
    split = shown_split(corpus, key=f"{key}.split")
    if not split:
        return
    search, in_side, is_pattern = _search_fields(corpus, key=key)
    asked = question_key(split, search, in_side, is_pattern)
    page_key = f"{key}.page.{asked}"
    number = int(widget_value(page_key) or 1)
    try:
        found = rows_page(corpus, split, search, in_side, is_pattern=is_pattern, number=number)
    except ConfigError as error:
        st.warning(plain(str(error)))
        return
    st.caption(_counted(found, split, search))
    if not found.rows:
        return
    chosen = _table(corpus, found, key=f"{key}.table.{asked}.{number}")
    num_pages = -(-found.num_matching // PAGE_ROWS)
    if num_pages > 1:
        st.pagination(num_pages, key=page_key)
    if chosen is None:
        st.caption("Choose a row to see it whole, with its invisible characters.")
    else:
        _detail(corpus, split, *chosen, key=key)


def _search_fields(corpus: Corpus, *, key: str) -> tuple[str, Side, bool]:
    words, side, pattern = st.columns([3, 2, 2], vertical_alignment="bottom")
    with words:
        search = st.text_input(
            "Search",
            key=f"{key}.search",
            max_chars=MAX_PATTERN_CHARS,
            placeholder="Words of a segment",
            persist_state="session",
            help="Case does not count, nor whether an accent is a character of its own.",
        )
    with side:
        names = side_names(corpus)
        labels = {"both": "both sides", "source": names[0], "target": names[1]}
        in_side: Side = st.selectbox(
            "In", SIDES, format_func=labels.__getitem__, key=f"{key}.side", persist_state="session"
        )
    with pattern:
        is_pattern = st.toggle(
            "Regular expression",
            key=f"{key}.pattern",
            persist_state="session",
            help=r"Such as `\d+ (km|kg)` or `^\p{Lu}`; a search ends after ten seconds.",
        )
    return search or "", in_side, is_pattern


def _counted(found: Page, split: str, search: str) -> str:
    """Says how many rows match, and where the search ended early."""
    if not search:
        return counted(found.num_matching, f"{split} segment")
    if found.is_count_exact:
        verb = "matches" if found.num_matching == 1 else "match"
        return f"{counted(found.num_matching, 'segment')} of the {split} split {verb}."
    if found.num_matching >= MAX_COUNTED:
        return f"More than {MAX_COUNTED:,} segments match; the first {MAX_COUNTED:,} are shown."
    return (
        f"{counted(found.num_matching, 'segment')} of the first {found.num_searched:,} match; the "
        "search took too long and ended there. A simpler expression gets further."
    )


def _table(corpus: Corpus, found: Page, *, key: str) -> tuple[int, Row] | None:
    """Shows the rows of a page and gives the chosen one."""
    source, target = side_labels(corpus)
    with_document = has_documents(corpus)
    rows = [
        {
            "Row": number,
            source: shortened(row.source, SHOWN_CHARS),
            target: shortened(row.target, SHOWN_CHARS),
        }
        | ({"Document": row.document} if with_document else {})
        for number, row in found.rows
    ]
    columns = {
        "Row": st.column_config.NumberColumn(width=70, format="localized"),
        source: st.column_config.TextColumn(width=TEXT_PX),
        target: st.column_config.TextColumn(width=TEXT_PX),
        "Document": st.column_config.TextColumn(width=140),
    }
    chosen = picked_rows(rows, columns, key=key, alt="Segments of the split")
    return found.rows[chosen[0]] if chosen else None


def _detail(corpus: Corpus, split: str, number: int, row: Row, *, key: str) -> None:
    """Shows one row whole."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(f"{split.capitalize()}, row {number:,}", anchor=False)
        shows_all = st.toggle(
            "Show invisible characters",
            key=f"{key}.invisible",
            persist_state="session",
            help="A space becomes ·, a tab ⇥, a line break ¶; other characters that cannot be seen "
            "become their short name or code point, such as ⟨NBSP⟩ or ⟨ZWJ⟩.",
        )
    if row.document:
        st.caption("Document")
        st.text(row.document)
    texts = (
        ("source", side_labels(corpus)[0], corpus.src_lang, row.source),
        ("target", side_labels(corpus)[1], corpus.tgt_lang, row.target),
    )
    for column, (side, label, lang, text) in zip(st.columns(2), texts, strict=True):
        with column, st.container(border=True, key=f"bidi-corpus-{side}"):
            st.caption(f"{label} · {counted(len(text), 'character')}")
            if shows_all:
                st.text(made_visible(text), width="stretch")
                _hidden(text, key=f"{key}.hidden.{side}")
            else:
                answer_text(
                    text,
                    key=f"corpus-{side}-{split}-{number}",
                    lang=lang,
                    placeholder="An empty segment.",
                )


def _hidden(text: str, *, key: str) -> None:
    """Lists what cannot be seen in a text, and marks that sit on letters."""
    found = hidden_characters(text)
    if not found:
        st.caption("No invisible or combining characters but plain spaces.")
        return
    rows = [
        {"Code point": each.code, "Name": each.name, "Times": each.count}
        for each in found[:MAX_LISTED]
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key=key)
