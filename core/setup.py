"""What a fresh workspace gets: the sample corpus and the starter model."""

from __future__ import annotations

import shutil

from core.corpora.importing import ensure_sample
from core.corpora.segments import read_segments
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace


def has_starter(workspace: Workspace) -> bool:
    """Whether the starter model is there, whole."""
    return (workspace.starter_model / "config.json").exists()


def set_up(workspace: Workspace) -> Corpus:
    """Makes sample corpus and starter model where they are missing; gives the sample.

    Building the starter imports torch, so this must not be called in the page server.
    """
    corpus = ensure_sample(workspace)
    if not has_starter(workspace):
        from core.finetune.starter import build_starter

        shutil.rmtree(workspace.models_folder / ".starter.partial", ignore_errors=True)
        pairs = read_segments(workspace.split_file(corpus.id, "train"))
        build_starter(workspace.starter_model, [text for pair in pairs for text in pair])
    return corpus
