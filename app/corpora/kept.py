"""What the page of a corpus keeps between reruns, all of it bounded; segments never change."""

from __future__ import annotations

import tempfile
from typing import Literal

import streamlit as st

from app import cache
from core.corpora.browsing import Page, Side, page
from core.corpora.exporting import export_corpus
from core.corpora.formats.writing import ExportFormat
from core.corpora.measuring import statistics_of
from core.corpora.statistics import CorpusStatistics, measure
from core.errors import AdaptMLLMError
from core.storage.corpus_records import SPLITS, Corpus

PAGE_ROWS = 50
MAX_MEASURED_AT_ONCE = 20_000  # pairs; of these it takes less than a second
MAX_TRIED_ROWS = 100_000  # takes about a second

_BLOCK_BYTES = 1 << 20
_DOCUMENT_KEY = b'"document":'  # within a text, its quotation marks are escaped
_HOLD_ANY_TEXT = ("jsonl", "parquet")
_SHORT_S = 600

LineBreaks = Literal["refuse", "space"]


def rows_page(
    corpus: Corpus, split: str, search: str, in_side: Side, *, is_pattern: bool, number: int
) -> Page:
    """Gives a page of a split, of 50 rows that match; pages count from 1.

    Raises:
        ConfigError: The regular expression is none, or takes too long.
    """
    root = str(cache.workspace().root)
    return _rows_page(root, corpus.id, split, search, in_side, is_pattern, number)


@st.cache_data(max_entries=64, ttl=_SHORT_S, show_spinner="Searching …")
def _rows_page(
    root: str,
    corpus_id: str,
    split: str,
    search: str,
    in_side: Side,
    is_pattern: bool,
    number: int,
) -> Page:
    del root
    return page(
        cache.workspace().split_file(corpus_id, split),
        search=search,
        in_side=in_side,
        is_pattern=is_pattern,
        limit=PAGE_ROWS,
        offset=(number - 1) * PAGE_ROWS,
    )


def has_documents(corpus: Corpus) -> bool:
    """Tells whether any segment says which document it comes from."""
    return _has_documents(str(cache.workspace().root), corpus.id)


@st.cache_data(max_entries=256, show_spinner=False)
def _has_documents(root: str, corpus_id: str) -> bool:
    del root
    for split in SPLITS:
        try:
            file = cache.workspace().split_file(corpus_id, split).open("rb")
        except FileNotFoundError:
            continue
        with file:
            while block := file.read(_BLOCK_BYTES):
                if _DOCUMENT_KEY in block + file.readline():
                    return True
    return False


def known_statistics(corpus: Corpus) -> CorpusStatistics | None:
    """Gives the statistics of a corpus; a small one is measured at once, a large one by a job."""
    root = str(cache.workspace().root)
    if sum(corpus.counts.values()) < MAX_MEASURED_AT_ONCE:
        return _measured(root, corpus.id)
    return statistics_of(cache.workspace(), corpus.id)


@st.cache_data(max_entries=32, show_spinner="Measuring …")
def _measured(root: str, corpus_id: str) -> CorpusStatistics:
    del root
    workspace = cache.workspace()
    found = statistics_of(workspace, corpus_id)
    if found is not None:
        return found
    corpus = workspace.corpora.get(corpus_id)
    paths = {split: workspace.split_file(corpus_id, split) for split in SPLITS}
    return measure(paths, corpus.src_lang, corpus.tgt_lang)


def export_problem(
    corpus: Corpus, split: str, format: ExportFormat, line_breaks: LineBreaks
) -> str:
    """Gives why a format cannot hold a split; empty if it can, or if trying would take long."""
    num_rows = corpus.counts.get(split, sum(corpus.counts.values()))
    if format in _HOLD_ANY_TEXT or num_rows > MAX_TRIED_ROWS:
        return ""
    return _export_problem(str(cache.workspace().root), corpus.id, split, format, line_breaks)


@st.cache_data(max_entries=256, show_spinner="Trying whether the format can hold it …")
def _export_problem(
    root: str, corpus_id: str, split: str, format: ExportFormat, line_breaks: LineBreaks
) -> str:
    del root
    workspace = cache.workspace()
    corpus = workspace.corpora.get(corpus_id)
    try:
        with tempfile.TemporaryFile() as nowhere:
            export_corpus(workspace, corpus, nowhere, format, split=split, line_breaks=line_breaks)
    except AdaptMLLMError as error:
        return str(error)
    return ""
