"""Which corpus is meant by a name that others had before."""

from __future__ import annotations

import pytest

from core.corpora.leak_search import compared_id
from core.corpora.storing import store_corpus
from core.errors import DataError
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

PAIRS = {"train": [("a", "b")], "dev": [("c", "d")], "test": [("e", "f")]}


def stored(workspace: Workspace, name: str) -> Corpus:
    return store_corpus(
        workspace, name=name, src_lang="eng_Latn", tgt_lang="gle_Latn", splits=PAIRS
    )


def test_the_corpus_that_is_here_comes_before_a_deleted_one_of_its_name(
    workspace: Workspace,
) -> None:
    stored(workspace, "own")
    known = {each: {"name": each[:1], "status": {}} for each in ("A-before", "B-before")}
    own = workspace.corpora.get("own")
    workspace.corpora.change_details(own.id, leakage_against=known)
    own, now = workspace.corpora.get("own"), stored(workspace, "A")
    assert compared_id(workspace, own, "A") == compared_id(workspace, own, now.id) == now.id
    assert compared_id(workspace, own, "B") == "B-before"
    assert compared_id(workspace, own, "A-before") == "A-before"
    assert compared_id(workspace, own, "") == ""
    with pytest.raises(DataError, match="C"):
        compared_id(workspace, own, "C")
