"""Deleting a corpus with all that belongs to it."""

from __future__ import annotations

import shutil

from core.corpora.works import undisturbed
from core.errors import DataError
from core.storage.workspace import Workspace


def delete_corpus(workspace: Workspace, name_or_id: str) -> None:
    """Deletes a corpus, its segments, its raw files, and what was found out about it.

    Versions that were made from it stay.

    Raises:
        DataError: There is no such corpus, runs still refer to it, or it is being worked on.
    """
    corpus = workspace.corpora.get(name_or_id)
    count = workspace.runs.of_corpus(corpus.id)
    if count:
        raise DataError(
            f"{count} run(s) use the corpus {corpus.name!r}.",
            hint="Delete these runs first, or keep the corpus: their scores refer to it.",
        )
    with undisturbed(workspace, corpus):
        workspace.corpora.delete(corpus.id)
        shutil.rmtree(workspace.corpus_folder(corpus.id), ignore_errors=True)
