"""Small imports that several tests make."""

from __future__ import annotations

from typing import Any

from core.corpora.formats.files import MemoryFile
from core.corpora.importing import ImportSettings, import_corpus
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


def tsv(num_pairs: int, prefix: str = "", name: str = "x.tsv") -> MemoryFile:
    rows = [f"{prefix}source {n}\t{prefix}target {n}\n" for n in range(num_pairs)]
    return MemoryFile(name, "".join(rows).encode())


def imported(workspace: Workspace, *files: MemoryFile, **changes: Any) -> Corpus:
    """Imports files, 100 made-up pairs if none are given, as the corpus "Covid"."""
    settings = ImportSettings.parse({"name": "Covid", **changes})
    return import_corpus(workspace, settings, files or (tsv(100),))
