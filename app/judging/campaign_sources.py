"""Where the translations of a new campaign come from: sets of a test set, or files."""

from __future__ import annotations

import streamlit as st

from app.evaluation.choice import test_set_labels
from app.forms import language_select
from app.navigation import page_path
from app.text import counted, plain
from core.annotate.sources import CampaignSources, texts_of_sets, texts_of_upload
from core.annotate.uploads import read_texts
from core.corpora.formats.files import MemoryFile
from core.evaluate.texts import display_names
from core.storage.workspace import Workspace

SETS, FILES = "Translation sets", "Files"
MAX_USUAL = 4
ENDINGS = ["tsv", "tab", "csv", "xlsx", "jsonl", "ndjson", "txt"]


def source_fields(workspace: Workspace, *, key: str) -> CampaignSources | None:
    """Shows what can be judged and gives what was chosen; None while nothing is.

    Raises:
        DataError: The chosen sets or files cannot be judged together.
    """
    way = st.segmented_control(
        "What is judged", [SETS, FILES], default=SETS, required=True, key=f"{key}.way"
    )
    found = _from_sets(workspace, key) if way == SETS else _from_files(key)
    if found is not None:
        documents = {each.document for each in found.segments if each.document}
        parts = [
            counted(len(found.systems), "system"),
            counted(len(found.segments), "segment"),
            counted(len(documents), "document") if documents else "no documents named",
        ]
        if found.num_left_out:
            parts.append(f"{found.num_left_out:,} left out: not translated by all")
        st.caption(" · ".join(parts))
    return found


def _from_sets(workspace: Workspace, key: str) -> CampaignSources | None:
    sets = workspace.translation_sets.all()
    if not sets:
        st.info(
            "No translations yet. Translate a test set as a batch, add translations on the page "
            "Evaluate, or choose files."
        )
        st.page_link(page_path("evaluate"), label="Add translations", icon=":material/add:")
        return None
    labels = test_set_labels(sets)
    test_set = st.selectbox(
        "Test set", list(labels), format_func=lambda each: labels[each], key=f"{key}.test_set"
    )
    comparable = workspace.translation_sets.of_test_set(test_set)
    names = display_names(comparable)
    chosen = st.multiselect(
        "Systems",
        list(names),
        default=list(names)[-MAX_USUAL:],
        format_func=lambda each: names[each],
        key=f"{key}.sets.{test_set[:12]}",
        help="Raters never see these names. Segments that one of them did not translate are left "
        "out.",
    )
    return texts_of_sets(workspace, chosen) if chosen else None


def _from_files(key: str) -> CampaignSources | None:
    files = st.file_uploader(
        "Files",
        accept_multiple_files=True,
        type=ENDINGS,
        key=f"{key}.files",
        help="One table (TSV, CSV, xlsx, JSON lines) with a column `source`, a column for each "
        "system and, if you like, `document` and `reference`. Or plain text files, a segment a "
        "line: the sources first, then a file for each system.",
    )
    left, right = st.columns(2)
    with left:
        src_lang = language_select("Source language", "eng_Latn", key=f"{key}.src")
    with right:
        tgt_lang = language_select("Target language", "gle_Latn", key=f"{key}.tgt")
    if not files:
        return None
    upload = read_texts([MemoryFile(each.name, each.getvalue()) for each in files])
    found = texts_of_upload(upload, src_lang, tgt_lang)
    st.caption("Systems: " + ", ".join(plain(each.name) for each in found.systems))
    return found
