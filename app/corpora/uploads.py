"""What uploaded files are, looked at once a file and kept while it is there."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from core.corpora.formats.archives import by_name, unpacked
from core.corpora.formats.choice import Choice
from core.corpora.formats.files import InputFile, uploaded_file
from core.corpora.formats.looking import Look, look
from core.corpora.planning import looks_of
from core.errors import AdaptMLLMError

KEPT = 16


@dataclass(frozen=True)
class Seen:
    """What uploads are.

    Attributes:
        looks: Of each file, those within archives in their places, by name.
        problems: Of the files that cannot be read, one sentence each.
    """

    looks: dict[str, Look]
    problems: tuple[str, ...]


def input_files(uploads: Sequence[Any]) -> list[InputFile]:
    """Gives uploads as the import reads them; their bytes are not copied."""
    return [uploaded_file(upload.name, upload) for upload in uploads]


def seen(upload: Any, choice: Choice) -> Seen:
    """Looks at an upload, as somebody says that it is to be read."""
    return _seen(upload.file_id, choice.model_dump_json(), upload)


def together(found: Sequence[Seen]) -> Seen:
    """Puts what uploads are together; two files of one name are a problem."""
    looks: dict[str, Look] = {}
    problems: list[str] = []
    for of_one in found:
        problems += of_one.problems
        for name, each in of_one.looks.items():
            if name in looks:
                problems.append(f"Two of the files are called {name!r}: give one another name.")
            looks[name] = each
    return Seen(looks, tuple(problems))


def seen_again(uploads: Sequence[Any], name: str, choice: Choice) -> Look:
    """Looks at one of the files as somebody says that it is to be read.

    Raises:
        DataError: It cannot be read like that.
    """
    ids = tuple(upload.file_id for upload in uploads)
    return _seen_again(ids, name, choice.model_dump_json(), uploads)


@st.cache_resource(max_entries=KEPT, show_spinner="Looking at the file …")
def _seen_again(ids: tuple[str, ...], name: str, choice: str, _uploads: Sequence[Any]) -> Look:
    with tempfile.TemporaryDirectory() as folder:
        files = by_name(unpacked(input_files(_uploads), Path(folder)))
        return look(files[name], Choice.model_validate_json(choice))


@st.cache_resource(max_entries=KEPT, show_spinner="Looking at the files …")
def _seen(file_id: str, choice: str, _upload: Any) -> Seen:
    try:
        file = uploaded_file(_upload.name, _upload)
        return Seen(looks_of([file], choice=Choice.model_validate_json(choice)), ())
    except AdaptMLLMError as error:
        return Seen({}, (f"{error.message} {error.hint}".strip(),))
