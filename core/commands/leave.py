"""`python -m core deploy bundle|push|card`: ways in which a model leaves the workspace."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.commands.answers import Answer
from core.storage.workspace import Workspace


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds `bundle`, `push` and `card` to the group `deploy`."""
    bundling = commands.add_parser(
        "bundle", parents=[common], help="write a folder that serves the accepted version anywhere"
    )
    bundling.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    bundling.set_defaults(command=_bundle)
    pushing = commands.add_parser(
        "push", parents=[common], help="push model and card to the Hugging Face Hub (HF_TOKEN)"
    )
    pushing.add_argument("repo_id", metavar="REPO", help="owner/name")
    pushing.add_argument("--public", action="store_true", help="let everybody see the repository")
    pushing.set_defaults(command=_push)
    showing = commands.add_parser("card", parents=[common], help="print the model card")
    showing.set_defaults(command=_card)
    for parser in (bundling, pushing, showing):
        parser.add_argument(
            "--run", dest="model", required=True, help="a run's id or name, RUN@STEP, or a model"
        )


def _bundle(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.serving.bundle import MODEL, write_bundle
    from core.serving.servable import load_servable

    folder = write_bundle(workspace, chosen.model, chosen.output)
    servable = load_servable(folder / MODEL)
    text = f"{servable.name} is in {folder}; README.md there says how to start it."
    values = {"folder": str(folder), "model": servable.model, "notice": servable.notice}
    return Answer(f"{text}\n{servable.notice}".rstrip(), values)


def _push(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.serving.hub import push

    pushed = push(workspace, chosen.model, chosen.repo_id, private=not chosen.public)
    text = f"{pushed.name} is at {pushed.url} ({'private' if pushed.is_private else 'public'})."
    return Answer(f"{text}\n{pushed.notice}".rstrip(), vars(pushed))


def _card(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    from core.serving.hub import weights_card

    card = weights_card(workspace, chosen.model)
    return Answer(card, {"card": card})
