"""What a fresh workspace gets: the sample corpus and the starter model."""

from __future__ import annotations

import json
import subprocess
import sys

from core.corpora.bundled import ensure_sample
from core.corpora.segments import read_segments
from core.errors import ModelError
from core.storage.corpus_records import Corpus
from core.storage.workspace import PROJECT, Workspace


def has_starter(workspace: Workspace) -> bool:
    """Whether the starter model is there, whole."""
    return (workspace.starter_model / "config.json").exists()


def set_up(workspace: Workspace) -> Corpus:
    """Makes sample corpus and starter model where they are missing; gives the sample.

    Raises:
        ModelError: The starter model could not be built.
    """
    corpus = ensure_sample(workspace)
    if not has_starter(workspace):
        pairs = read_segments(workspace.split_file(corpus.id, "train"))
        _build_starter(workspace, [text for pair in pairs for text in pair])
    return corpus


def _build_starter(workspace: Workspace, texts: list[str]) -> None:
    """Builds the starter in a child process: it imports torch, and libraries print as they like."""
    built = subprocess.run(
        [sys.executable, "-m", "core.finetune.starter", str(workspace.starter_model)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    if built.returncode and not has_starter(workspace):
        lines = built.stderr.strip().splitlines() or ["no message"]
        raise ModelError(
            f"The starter model could not be built: {lines[-1]}",
            hint="Check the installation and the disk space, then run `python -m core setup`.",
        )
