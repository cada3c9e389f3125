"""The form of a back-translation: which text is translated by whom."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.corpora.starting import start_work, work_key
from app.forms import group_fields, language_select
from app.playground.labels import system_label
from app.state import session
from app.text import plain
from core.corpora.formats.files import MAX_FILE_BYTES, InputFile, uploaded_file
from core.corpora.storing import MAX_NAME_CHARS, check_name
from core.corpora.versions import free_name
from core.errors import AdaptMLLMError
from core.languages import language_name
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from core.systems.back_translation.settings import BackTranslateSettings
from core.systems.catalogue import all_systems

FROM_FILE, FROM_CORPUS = "A text file", "One side of a corpus"
_FIELDS = ["tag", "max_segments", "max_length_ratio", "budget_usd"]


def back_translate_form(workspace: Workspace, corpora: Sequence[Corpus]) -> None:
    """Shows the form and starts the work as a job."""
    st.caption(
        "Text in the language that you translate into, translated back by a system that exists: "
        "its pairs can be mixed into a run. The targets are real, the sources are a machine's."
    )
    systems = {info.id: info for info in all_systems(workspace)}
    if not systems:
        st.info("There is no system yet: fine-tune a model, or add an endpoint in the settings.")
        return
    key = f"corpora.back.{session().corpora.version}"
    values, file = _text(corpora, key=key)
    values["system"] = st.selectbox(
        "System",
        list(systems),
        format_func=lambda each: system_label(systems[each]),
        key=f"{key}.system",
        help="It must know the direction: a model that learnt both directions, a base model of "
        "many languages, or an endpoint whose key is in an environment variable.",
    )
    values |= group_fields(BackTranslateSettings, _FIELDS, values, key=key, columns=4)
    of_what = values.pop("of_what")
    usual = free_name(workspace, f"{of_what[:150]}, back-translated") if of_what else ""
    name = st.text_input("Name", usual, key=f"{key}.name.{usual}", max_chars=MAX_NAME_CHARS)
    missing = _what_is_missing(workspace, values, name, of_what)
    if st.button(
        "Back-translate",
        type="primary",
        icon=":material/undo:",
        key=work_key("corpora.back.go"),
        disabled=bool(missing),
        help=plain(missing) or "Starts a job; what is translated is kept when it is stopped.",
    ):
        settings = BackTranslateSettings.parse({**values, "name": name})
        files = () if file is None else (file,)
        start_work(workspace, "back-translate", settings, files=files, refusal="It was not started")
    if missing:
        st.caption(plain(missing))


def _text(corpora: Sequence[Corpus], *, key: str) -> tuple[dict[str, Any], InputFile | None]:
    """Shows where the text comes from; gives settings, what it is called, and an uploaded file."""
    kinds = [FROM_FILE, *([FROM_CORPUS] if corpora else [])]
    kind = st.segmented_control(
        "Text",
        kinds,
        default=FROM_FILE,
        key=f"{key}.from",
        required=True,
        label_visibility="collapsed",
    )
    if kind == FROM_CORPUS:
        return _corpus_side(corpora, key=key), None
    upload = st.file_uploader(
        "Text file",
        key=f"{key}.file",
        help=f"Plain text with a segment a line, at most {MAX_FILE_BYTES / 1e6:.0f} MB. It stays "
        "on this machine, unless the system is an endpoint elsewhere.",
    )
    newest = corpora[0] if corpora else None
    left, right = st.columns(2)
    with left:
        from_lang = language_select(
            "Language of the text",
            newest.tgt_lang if newest else "gle_Latn",
            key=f"{key}.from_lang",
        )
    with right:
        to_lang = language_select(
            "Translate into", newest.src_lang if newest else "eng_Latn", key=f"{key}.to_lang"
        )
    values = {"from_lang": from_lang, "to_lang": to_lang, "of_what": ""}
    if upload is None:
        return values, None
    file = uploaded_file(upload.name, upload)
    digest = hashlib.sha256(file.data).hexdigest()
    named = {"file_name": file.name, "text_sha256": digest, "of_what": file.name}
    return {**values, **named}, file


def _corpus_side(corpora: Sequence[Corpus], *, key: str) -> dict[str, Any]:
    by_id = {corpus.id: corpus for corpus in corpora}
    left, right = st.columns(2)
    with left:
        chosen = st.selectbox(
            "Corpus",
            list(by_id),
            format_func=lambda corpus_id: by_id[corpus_id].name,
            key=f"{key}.corpus",
            help="Of its training segments one side is taken; dev and test stay out.",
        )
    corpus = by_id[chosen]
    with right:
        from_lang, to_lang = st.selectbox(
            "Side",
            [(corpus.tgt_lang, corpus.src_lang), (corpus.src_lang, corpus.tgt_lang)],
            format_func=lambda pair: f"{language_name(pair[0])} → {language_name(pair[1])}",
            key=f"{key}.side.{chosen}",
        )
    return {
        "corpus": chosen,
        "from_lang": from_lang,
        "to_lang": to_lang,
        "of_what": corpus.name,
    }


def _what_is_missing(workspace: Workspace, values: dict[str, Any], name: str, of_what: str) -> str:
    if not of_what:
        return "Choose a text file with a segment a line."
    try:
        BackTranslateSettings.parse({**values, "name": name})
        check_name(workspace, name)
    except AdaptMLLMError as error:
        return error.message
    return ""
