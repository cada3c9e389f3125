"""`python -m core finetune`, `demo` and `setup`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from core.commands.answers import Answer
from core.commands.follow import follow_run
from core.commands.login import login_name
from core.demo import run_demo
from core.finetune import runs
from core.finetune.run_folder import RunFolder
from core.finetune.settings import RECIPES, FineTuneSettings
from core.settings import Settings
from core.setup import set_up
from core.storage.files import read_json
from core.storage.workspace import Workspace


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds `finetune`, `demo` and `setup`."""
    finetune = groups.add_parser("finetune", parents=[common], help="fine-tune a model")
    finetune.add_argument("--settings", type=Path, metavar="FILE", help="a settings file to start")
    finetune.add_argument("--recipe", choices=list(RECIPES), help="settings to start from")
    finetune.add_argument("--detach", action="store_true", help="return as soon as it is queued")
    FineTuneSettings.add_arguments(finetune)
    finetune.set_defaults(command=_finetune)

    demo = groups.add_parser("demo", parents=[common], help="the main job on the sample, headless")
    demo.set_defaults(command=_demo)

    setup = groups.add_parser("setup", parents=[common], help="make sample and starter model")
    setup.set_defaults(command=_setup)


def _finetune(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    run = runs.launch(workspace, _settings(chosen), by=login_name())
    if chosen.detach:
        return Answer(f"Queued run {run.id}.", {"run": run.id, "state": "queued"})
    state = follow_run(workspace, run.id)
    values: dict[str, Any] = {"run": run.id, "state": state.state, "reason": state.reason}
    if state.state != "finished":
        values["hint"] = state.hint
        return Answer(f"{state.state}: {state.reason} {state.hint}", values, status=1)
    result = read_json(RunFolder(workspace.run_folder(run.id)).result_file)
    lines = [f"finished: run {run.id}, {result['num_segments']} test segments"]
    for before, after in zip(result["base"], result["fine_tuned"], strict=True):
        lines.append(f"{after['name']:16} {before['value']:7.2f} -> {after['value']:7.2f}")
    return Answer("\n".join(lines), {**values, **result})


def _settings(chosen: argparse.Namespace) -> FineTuneSettings:
    values: dict[str, Any] = {}
    if chosen.recipe:
        values.update(RECIPES[chosen.recipe][1])
    if chosen.settings:
        values.update(_given(chosen.settings))
    for name in FineTuneSettings.model_fields:
        value = getattr(chosen, name, None)
        if value is not None:
            values[name] = value
    return FineTuneSettings.parse(values)


def _given(path: Path) -> dict[str, Any]:
    """Gives only what the file says, so that a recipe's other values stay."""
    settings: Settings = FineTuneSettings.load(path)
    return settings.model_dump(exclude_unset=True)


def _demo(workspace: Workspace, _: argparse.Namespace) -> Answer:
    def follow(run_id: str) -> None:
        follow_run(workspace, run_id)

    values = run_demo(workspace, follow)
    return Answer(json.dumps(values, ensure_ascii=False), values)


def _setup(workspace: Workspace, _: argparse.Namespace) -> Answer:
    corpus = set_up(workspace)
    text = f"{workspace.root} is ready: sample corpus {corpus.name!r} and the starter model."
    return Answer(text, {"workspace": str(workspace.root), "sample": corpus.id})
