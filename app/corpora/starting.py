"""Starting work on a corpus: one click makes one job, and what it makes gets a name of its own."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.access.visiting import visitor_name
from app.problem_views import shown_in_place
from app.state import session
from app.text import shortened
from core.corpora import works
from core.corpora.formats.files import InputFile
from core.corpora.storing import MAX_NAME_CHARS, check_name
from core.corpora.versions import free_name
from core.errors import DataError
from core.settings import Settings
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

_NAME_CHARS = MAX_NAME_CHARS - 40  # leaves room for what is said of the version


def work_key(name: str) -> str:
    """Gives a button's key that changes when work was started: a second click finds no button."""
    return f"{name}.{session().corpora.version}"


def start_work(
    workspace: Workspace,
    task: str,
    settings: Settings,
    *,
    refusal: str,
    files: Sequence[InputFile] = (),
) -> None:
    """Starts work and shows the page anew; a refusal of core is shown in place.

    Args:
        workspace: Where it is stored.
        task: A key of `core.corpora.tasks.MODULES`.
        settings: Of that task.
        refusal: What is said above core's sentence, such as "The check was not started".
        files: What people uploaded for it.
    """
    draft, by = session().corpora, visitor_name()
    with shown_in_place(refusal):
        # Between these two a second click cannot come in: Streamlit ends a run at its own calls.
        works.start(workspace, task, settings, files=files, work_id=draft.work_id, by=by)
        draft.renew()
        st.rerun()


def name_field(workspace: Workspace, corpus: Corpus, ending: str, *, key: str) -> tuple[str, str]:
    """Shows the field for a new version's name, and gives it with what is wrong with it, if at all.

    Args:
        workspace: Where the other corpora are.
        corpus: What the version is made from.
        ending: What its usual name says behind the corpus's own.
        key: Of the widget.
    """
    usual = free_name(workspace, shortened(corpus.name, _NAME_CHARS) + ending)
    # With the usual name in the key, the field is filled anew once that name has been taken.
    name = st.text_input(
        "Name of the new version", usual, key=f"{key}.{usual}", max_chars=MAX_NAME_CHARS
    )
    try:
        check_name(workspace, name)
    except DataError as error:
        return name, str(error)
    return name, ""
