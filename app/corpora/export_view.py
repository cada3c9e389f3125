"""A corpus as a file of a format, and the files that it was imported from."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.corpora.exported import export_url
from app.corpora.kept import MAX_TRIED_ROWS, LineBreaks, export_problem
from app.corpora.raw_files import RawFile, raw_files
from app.downloads import raw_url
from app.text import plain, size
from core.corpora.exporting import ALL, export_name
from core.corpora.formats.writing import ExportFormat
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

FORMATS: dict[ExportFormat, tuple[str, str]] = {
    "tsv": ("TSV", "A table with a header; every cell stands in quotation marks."),
    "jsonl": ("JSONL", "A JSON object a line, with `source` and `target`; holds any text."),
    "moses": ("Two text files", "A zip of two line-aligned files (Moses), without documents."),
    "tmx": ("TMX", "A translation memory, for tools of translators."),
    "parquet": ("Parquet", "A compressed table for pandas, Spark or Hugging Face; any text."),
}


def export_view(workspace: Workspace, corpus: Corpus) -> None:
    """Shows format and split with the link to the file, and the raw files."""
    format, split, line_breaks = _choice(corpus)
    problem = export_problem(corpus, split, format, line_breaks)
    if problem:
        st.warning(plain(problem))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.link_button(
            "Download",
            export_url(corpus.id, split, format, line_breaks),
            type="primary",
            icon=":material/download:",
            disabled=bool(problem),
            help=plain(problem) if problem else "Written by the server first, then sent.",
        )
        st.text(export_name(corpus, format, split))
    if corpus.counts.get(split, sum(corpus.counts.values())) > MAX_TRIED_ROWS:
        st.caption(
            "The file is written first, about a second for 100,000 segments. If the format cannot "
            "hold one of them, the answer says which."
        )
    elif line_breaks == "refuse" and not problem:
        st.caption("Read back, the segments are exactly the same.")
    _raw(corpus, raw_files(workspace, corpus))


def _choice(corpus: Corpus) -> tuple[ExportFormat, str, LineBreaks]:
    """Shows what can be chosen and gives it."""
    key = f"corpus.export.{corpus.id}"
    format: ExportFormat = (
        st.segmented_control(
            "Format",
            list(FORMATS),
            default="tsv",
            format_func=lambda each: FORMATS[each][0],
            key=f"{key}.format",
            required=True,
            persist_state="session",
        )
        or "tsv"
    )
    st.caption(FORMATS[format][1])
    counts = {ALL: sum(corpus.counts.values()), **corpus.counts}
    filled = [split for split, count in counts.items() if count]
    split: str = (
        st.segmented_control(
            "Split",
            filled,
            default=filled[0],
            format_func=lambda each: f"{each} · {counts[each]:,}",
            key=f"{key}.split",
            required=True,
            persist_state="session",
        )
        or ALL
    )
    line_breaks: LineBreaks = "refuse"
    if format == "moses" and st.toggle(
        "Line breaks within segments become spaces",
        key=f"{key}.line_breaks",
        help="Two line-aligned files cannot hold them.",
    ):
        line_breaks = "space"
    return format, split, line_breaks


def _raw(corpus: Corpus, files: list[RawFile]) -> None:
    st.subheader("What was imported", anchor=False)
    if not files:
        parent = corpus.details.get("parent_name")
        st.caption(
            plain(f"This version was made from {parent}; the files are kept with the import.")
            if parent
            else "No files were kept: the segments did not come from files."
        )
        return
    rows = [{"File": each.name, "Size": _size(each.size_bytes)} for each in files]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, width="stretch", key=f"corpus.raw.{corpus.id}"
    )
    st.link_button(
        f"Raw files as zip · {_size(sum(each.size_bytes for each in files))}",
        raw_url(corpus.id),
        icon=":material/folder_zip:",
        help="The files as they were given, not changed in any way.",
    )


def _size(num_bytes: int) -> str:
    """Gives bytes so that small files do not seem empty."""
    if num_bytes < 1000:
        return f"{num_bytes} bytes"
    return f"{num_bytes / 1000:.0f} kB" if num_bytes < 1e6 else size(num_bytes)
