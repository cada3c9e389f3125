"""Which corpus a corpus was made from, and how."""

from __future__ import annotations

from typing import Any

from core.corpora.storing import names_to_come
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace

INHERITED = (  # of every version
    "public_set", "licence", "licence_url", "citation", "translated_lang", "tag",
)  # fmt: skip

MADE_BY = {
    "import": "imported",
    "clean": "cleaned",
    "split": "split again",
    "unleak": "leaks removed",
    "restore": "rows taken back",
    "back-translate": "back-translated",
}


def lineage(parent: Corpus, made_by: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Gives what a version stores of where it comes from."""
    inherited: dict[str, Any] = {
        key: parent.details[key] for key in INHERITED if key in parent.details
    }
    return {
        **inherited,
        "made_by": made_by,
        "parent": parent.id,
        "parent_name": parent.name,
        "made_with": settings,
    }


def ancestors(workspace: Workspace, corpus: Corpus) -> list[Corpus]:
    """Gives the versions that a corpus comes from, its parent first; deleted ones end the list."""
    by_id = {each.id: each for each in workspace.corpora.all()}
    found: list[Corpus] = []
    parent = by_id.get(str(corpus.details.get("parent", "")))
    while parent is not None and parent not in found:
        found.append(parent)
        parent = by_id.get(str(parent.details.get("parent", "")))
    return found


def children(workspace: Workspace, corpus: Corpus) -> list[Corpus]:
    """Gives the versions that were made from a corpus, the newest first."""
    return [each for each in workspace.corpora.all() if each.details.get("parent") == corpus.id]


def free_name(workspace: Workspace, name: str) -> str:
    """Gives the name, or with the first number behind it that makes it one of its own."""
    taken = {corpus.name for corpus in workspace.corpora.all()} | names_to_come(workspace)
    candidates = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in candidates if each not in taken)
