"""Adding translations: files, pasted lines, or what a run made of its test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.evaluation.choice import test_set_labels
from app.forms import language_select
from app.problem_views import shown_in_place
from app.state import session
from app.text import counted, moment
from core.evaluate.adding import (
    Target,
    add_references,
    add_upload,
    target_of_corpus,
    target_of_set,
    target_of_upload,
)
from core.evaluate.combining import as_references, as_sources, combined
from core.evaluate.formats.reading import FORMATS, read_pasted, read_upload
from core.evaluate.formats.upload import Upload
from core.evaluate.run_sets import add_run, has_outputs
from core.languages import language_name
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace

OWN = "own"
MAX_RUNS = 50
WAYS = ("Files", "Paste", "From a run", "References")


def add_form(workspace: Workspace) -> None:
    """Shows the ways in which translations come here."""
    way = st.segmented_control(
        "How", WAYS, default=WAYS[0], required=True, key="add.way", label_visibility="collapsed"
    )
    with shown_in_place("Nothing was added"):
        if way == "Files":
            _files(workspace)
        elif way == "Paste":
            _paste(workspace)
        elif way == "References":
            _references(workspace)
        else:
            _run(workspace)


def _files(workspace: Workspace) -> None:
    key = f"add.{session().evaluate.add_id}"
    files = st.file_uploader(
        "Translations",
        accept_multiple_files=True,
        key=f"{key}.files",
        help="; ".join(FORMATS.values()) + ". A plain text is one system, named after its file.",
    )
    target = _target_select(workspace, key, has_own=True)
    parts: list[Any] = []
    languages = ("", "")
    if target == OWN:
        parts, languages = _own_fields(key)
    is_ready = bool(files or parts)
    if st.button(
        "Add",
        type="primary",
        icon=":material/add:",
        key="add.files",
        disabled=not is_ready,
        help=None if is_ready else "Choose at least one file.",
    ):
        uploads = [read_upload(file.name, file.getvalue()) for file in files]
        upload = combined([*uploads, *parts])
        found = _target(workspace, target, upload, languages)
        _store(workspace, upload, found)


def _own_fields(key: str) -> tuple[list[Upload], tuple[str, str]]:
    """Shows fields for a test set that is not here yet: its files and its languages."""
    st.caption(
        "A TSV, JSONL or WMT file may hold sources, references and translations at once. "
        "With plain texts, give sources and references here."
    )
    left, right = st.columns(2)
    with left:
        sources = st.file_uploader("Sources", key=f"{key}.sources")
        src_lang = language_select("Source language", "eng_Latn", key=f"{key}.src")
    with right:
        references = st.file_uploader(
            "References", accept_multiple_files=True, key=f"{key}.references"
        )
        tgt_lang = language_select("Target language", "gle_Latn", key=f"{key}.tgt")
    parts = [as_sources(read_upload(sources.name, sources.getvalue()))] if sources else []
    parts += [as_references(read_upload(each.name, each.getvalue())) for each in references]
    return parts, (src_lang, tgt_lang)


def _paste(workspace: Workspace) -> None:
    key = f"add.{session().evaluate.add_id}"
    target = _target_select(workspace, key, has_own=False)
    if target is None:
        st.info("Pasted lines need a test set: import a corpus with a test split first.")
        return
    name = st.text_input("System", key=f"{key}.name", placeholder="what to call it", max_chars=200)
    text = st.text_area("Translations, one a line", key=f"{key}.text", height=160)
    is_ready = bool(name.strip() and text)
    if st.button(
        "Add",
        type="primary",
        icon=":material/add:",
        key="add.paste",
        disabled=not is_ready,
        help=None if is_ready else "Give the system a name, and paste its translations.",
    ):
        upload = read_pasted(text, name=name.strip())
        _store(workspace, upload, _target(workspace, target, upload, ("", "")))


def _references(workspace: Workspace) -> None:
    sets = workspace.translation_sets.all()
    if not sets:
        st.info("Further references belong to a test set: add translations first.")
        return
    key = f"add.{session().evaluate.add_id}"
    labels = test_set_labels(sets)
    chosen = st.selectbox(
        "Test set",
        list(labels),
        format_func=lambda each: labels[each],
        key=f"{key}.more.set",
    )
    files = st.file_uploader(
        "Further references", accept_multiple_files=True, key=f"{key}.more.files"
    )
    if st.button(
        "Add references",
        type="primary",
        icon=":material/add:",
        key="add.references",
        disabled=not files,
        help=None if files else "Choose at least one file.",
    ):
        uploads = [as_references(read_upload(each.name, each.getvalue())) for each in files]
        added = add_references(workspace, combined(uploads), chosen)
        _done(" ".join([f"Added {counted(len(added.names), 'reference')}.", *added.notes]))


def _run(workspace: Workspace) -> None:
    runs = workspace.runs.newest(limit=MAX_RUNS, states=("finished",))
    runs = [run for run in runs if has_outputs(workspace, run)]
    if not runs:
        st.info("No run has finished yet. A finished run has translated its test split twice.")
        return
    run = st.selectbox(
        "Run",
        runs,
        format_func=lambda each: f"{each.name} · {each.corpus_name} · {moment(each.created_at)}",
        key="add.run",
    )
    st.caption(
        "Adds what the fine-tuned model made of the run's test split, and the base model where "
        "there is one."
    )
    if st.button("Add its models", type="primary", icon=":material/add:", key="add.run.models"):
        sets = add_run(workspace, run.id)
        _look_at(sets)
        _done(f"Added {counted(len(sets), 'model')} of the run.")


def _target_select(workspace: Workspace, key: str, *, has_own: bool) -> Any:
    """Shows which test set translations belong to; None if there is none to choose."""
    labels = test_set_labels(workspace.translation_sets.all())
    options: list[Any] = [OWN] if has_own else []
    options += list(labels)
    for corpus in workspace.corpora.all():
        directions = ((corpus.src_lang, corpus.tgt_lang), (corpus.tgt_lang, corpus.src_lang))
        for split in ("test", "dev"):
            if corpus.counts[split]:
                options += [(corpus, split, *direction) for direction in directions]
    if not options:
        return None
    return st.selectbox(
        "Translations of",
        options,
        index=min(1, len(options) - 1) if has_own else 0,
        format_func=lambda each: _target_label(each, labels),
        key=f"{key}.target.{len(options)}",
        help="Their number must be that of its segments; sources that come along are compared.",
    )


def _target_label(option: Any, labels: Mapping[str, str]) -> str:
    if option == OWN:
        return "a test set that comes with the files"
    if isinstance(option, str):
        return labels[option]
    corpus, split, src_lang, tgt_lang = option
    direction = f"{language_name(src_lang)} → {language_name(tgt_lang)}"
    return f"Corpus {corpus.name} · {split} · {direction} · {corpus.counts[split]:,} segments"


def _target(
    workspace: Workspace, option: Any, upload: Upload, languages: tuple[str, str]
) -> Target:
    if option == OWN:
        src_lang, tgt_lang = upload.src_lang or languages[0], upload.tgt_lang or languages[1]
        return target_of_upload(upload, upload.name, src_lang, tgt_lang)
    if isinstance(option, str):
        return target_of_set(workspace, option)
    corpus, split, src_lang, tgt_lang = option
    return target_of_corpus(workspace, corpus.id, split, src_lang, tgt_lang)


def _store(workspace: Workspace, upload: Upload, target: Target) -> None:
    added = add_upload(workspace, upload, target, add_id=session().evaluate.add_id)
    _look_at(added.sets)
    _done(" ".join([f"Added {counted(len(added.sets), 'system')}.", *added.notes]))


def _look_at(added: Sequence[TranslationSet]) -> None:
    """Opens the test set of new translations; what was chosen for it before stays."""
    draft, test_set = session().evaluate, added[0].test_set_hash
    values = dict(draft.values) if draft.test_set == test_set else {}
    if values.get("systems"):
        ids = (*values["systems"], *(each.id for each in added))
        values["systems"] = tuple(dict.fromkeys(ids))
    draft.replace(test_set, values)


def _done(notice: str) -> None:
    session().evaluate.renew_add_id()
    session().notice = notice
    st.rerun()
