"""The head of a corpus's page: what it holds, where it comes from, and what one can do with it."""

from __future__ import annotations

import streamlit as st

from app.corpora.leak_badge import leak_badge
from app.navigation import page_path
from app.problem_views import shown_in_place
from app.state import session
from app.text import moment, plain
from core.corpora.deleting import delete_corpus
from core.corpora.doctor.checks import REASONS
from core.corpora.versions import MADE_BY, ancestors, children
from core.errors import DataError
from core.languages import language_name
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


def chosen_corpus(workspace: Workspace) -> Corpus:
    """Gives the corpus of the address; if it names none, the one that was shown last.

    What Streamlit leaves behind in the browser's history is the page without its corpus.

    Raises:
        DataError: No corpus was chosen, or it is gone.
    """
    draft = session().corpora
    corpus_id = st.query_params.get("id", "") or draft.shown_id
    if not corpus_id:
        raise DataError("No corpus was chosen.", hint="Choose one on the Corpora page.")
    corpus = workspace.corpora.get(corpus_id)
    if not st.query_params.get("id"):
        st.query_params["id"] = corpus.id
    draft.shown_id = corpus.id
    return corpus


def subtitle(corpus: Corpus) -> str:
    """Gives languages and origin in a line."""
    names = f"{language_name(corpus.src_lang)} – {language_name(corpus.tgt_lang)}"
    parts = (names, corpus.origin, moment(corpus.created_at))
    return plain(" · ".join(filter(None, parts)))


def overview(workspace: Workspace, corpus: Corpus) -> None:
    """Shows counts, leaks, licence and versions."""
    with st.container(horizontal=True):
        for split, count in corpus.counts.items():
            st.metric(split.capitalize(), f"{count:,}", border=True)
        rejected = corpus.details.get("rejected") or {}
        if rejected:
            words = ", ".join(f"{REASONS[key].label} {num:,}" for key, num in rejected.items())
            total = corpus.details.get("num_left_out", sum(rejected.values()))
            st.metric("Left out", f"{total:,}", border=True, help=words)
    if corpus.details.get("made_by") == "back-translate":
        system, tag = corpus.details["system_name"], corpus.details["tag"] or "none"
        st.badge("synthetic: its sources are machine translations", color="orange")
        st.caption(plain(f"Back-translated by {system}. Tag of its sources in a run: {tag}"))
    elif corpus.is_synthetic:
        st.badge("synthetic: for trying things out, not for conclusions", color="orange")
    leak_badge(corpus)
    licence = corpus.details.get("licence")
    if licence:
        st.caption(plain(f"Licence: {licence}. Cite: {corpus.details.get('citation', '')}"))
    _versions(workspace, corpus)


def _versions(workspace: Workspace, corpus: Corpus) -> None:
    """Links the versions before and after."""
    before, after = ancestors(workspace, corpus), children(workspace, corpus)
    lost = corpus.details.get("parent_name") if not before else ""
    if not (before or after or lost):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="corpus.versions"):
        if before:
            made_by = MADE_BY.get(str(corpus.details.get("made_by")), "made")
            st.caption(f"{made_by.capitalize()} from", width="content")
            _link(before[0])
        elif lost:
            st.caption(plain(f"Made from {lost}, which was deleted."), width="content")
        if after:
            st.caption("Versions made from it", width="content")
            for each in after[:5]:
                _link(each)


def _link(corpus: Corpus) -> None:
    st.page_link(
        page_path("corpus"),
        label=plain(corpus.name),
        icon=":material/library_books:",
        query_params={"id": corpus.id},
    )


def action_bar(workspace: Workspace, corpus: Corpus) -> None:
    """Shows what one can do with the corpus as a whole."""
    empty = [split for split, count in corpus.counts.items() if not count]
    missing = f"{' and '.join(empty).capitalize()} would be empty: split it first." if empty else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            "Fine-tune on this corpus",
            icon=":material/tune:",
            type="primary",
            key="corpus.finetune",
            disabled=bool(missing),
            help=missing or "Opens Fine-tune with this corpus and its languages.",
        ):
            chosen = {
                "corpus": corpus.id,
                "src_lang": corpus.src_lang,
                "tgt_lang": corpus.tgt_lang,
            }
            session().replace_draft({**session().draft, **chosen})
            st.switch_page(page_path("finetune"))
        if st.button("Delete …", icon=":material/delete:", key="corpus.delete"):
            _confirm_deletion(workspace, corpus)
    if missing:
        st.caption(f"Fine-tune: {missing}")


@st.dialog("Delete this corpus?")
def _confirm_deletion(workspace: Workspace, corpus: Corpus) -> None:
    st.text(corpus.name)
    st.write("Its segments, its checks and the uploaded files are deleted for good.")
    with st.container(horizontal=True):
        is_meant = st.button("Delete for good", type="primary", key="corpus.delete.yes")
        is_kept = st.button("Keep it", key="corpus.delete.no")
    if is_kept:
        st.rerun()
    if is_meant:
        with shown_in_place("It was not deleted"):
            delete_corpus(workspace, corpus.id)
            session().notice = f"Deleted {corpus.name}."
            st.switch_page(page_path("corpora"))
