"""Dividing a corpus anew into train, dev and test, as a version of its own."""

from __future__ import annotations

import streamlit as st

from app.corpora.kept import has_documents
from app.corpora.split_form import split_fields
from app.corpora.starting import name_field, start_work, work_key
from app.text import plain
from core.corpora.split_again import SplitAgainSettings
from core.corpora.splitting import SplitSettings
from core.corpora.versions import ancestors
from core.errors import DataError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


def split_view(workspace: Workspace, corpus: Corpus) -> None:
    """Shows how all segments are divided anew, and starts it as a job."""
    st.write(
        f"All {sum(corpus.counts.values()):,} segments of the three splits are put together and "
        "divided anew. The result is a new corpus; this one, its checks and the scores that refer "
        "to it stay as they are."
    )
    if has_published_splits(workspace, corpus):
        st.warning(
            "This corpus came with published splits: splitting it anew makes scores incomparable "
            "with those that others report on them."
        )
    key = work_key(f"split.{corpus.id}")
    settings = split_fields(key=key, has_documents=has_documents(corpus))
    ending = "" if settings is None else f" (seed {settings.seed})"
    name, name_problem = name_field(workspace, corpus, ending, key=f"{key}.name")
    missing = _sizes(settings, sum(corpus.counts.values())) or name_problem
    if st.button(
        "Split",
        type="primary",
        icon=":material/call_split:",
        key=f"{key}.go",
        disabled=bool(missing),
        help=missing or "Makes the new corpus as a job and looks for leaks between its splits.",
    ):
        split = settings or SplitSettings()
        again = SplitAgainSettings(corpus=corpus.id, name=name, split=split)
        start_work(workspace, "split", again, refusal="It was not split")
    if missing:
        st.caption(plain(missing))


def _sizes(settings: SplitSettings | None, total: int) -> str:
    """Says how large the splits become; gives why they cannot be had, else nothing."""
    if settings is None:
        return "Correct how it is divided."
    try:
        dev, test = settings.sizes(total)
    except DataError as error:
        return str(error)
    st.caption(f"Gives about {total - dev - test:,} train, {dev:,} dev and {test:,} test segments.")
    return ""


def has_published_splits(workspace: Workspace, corpus: Corpus) -> bool:
    """Tells whether dev or test were given by whoever published the corpus."""
    for each in (corpus, *ancestors(workspace, corpus)):
        made_by = each.details.get("made_by")
        if made_by == "split":
            return False
        parts = (each.details.get("made_with") or {}).get("parts", ())
        if made_by == "import" and any(part.get("split") in ("dev", "test") for part in parts):
            return True
    # Of a version whose parent was deleted, this is known all the same.
    return bool(corpus.details.get("public_set"))
