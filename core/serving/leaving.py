"""Leaving with a model from the page: the commands, in a process of their own.

They may load tokenizers and, for a checkpoint, torch: nothing for the page server.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.storage.workspace import PROJECT, Workspace

LIMIT_S = 6 * 3600


def bundle_in_process(workspace: Workspace, model: str, folder: Path) -> dict[str, Any]:
    """Writes a bundle and gives what `deploy bundle --json` answers.

    Raises:
        ModelError: The command's own sentence.
    """
    return _answer(workspace, ["bundle", "--run", model, "--output", str(folder)])


def push_in_process(
    workspace: Workspace, model: str, repo_id: str, *, is_public: bool
) -> dict[str, Any]:
    """Pushes model and card to the Hub and gives what `deploy push --json` answers.

    Raises:
        ModelError: The command's own sentence.
    """
    public = ["--public"] if is_public else []
    return _answer(workspace, ["push", "--run", model, *public, "--", repo_id])


def _answer(workspace: Workspace, words: list[str]) -> dict[str, Any]:
    options = ["--json", "--workspace", str(workspace.root)]
    done = subprocess.run(
        [sys.executable, "-m", "core", "deploy", words[0], *options, *words[1:]],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["The command ended without a word."]
        raise ModelError(lines[-1])
    values: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return values
