"""`python -m core finetune`, `demo` and `setup`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.commands import preflight as preflight_commands
from core.commands.answers import Answer
from core.commands.follow import follow_run
from core.commands.login import login_name
from core.corpora.leak_notes import corpus_note
from core.demo import run_demo
from core.errors import ConfigError
from core.finetune import runs
from core.finetune.advice import advise, corrected
from core.finetune.chosen import chosen_words
from core.finetune.reproducing import as_recorded, bring_corpora, differences
from core.finetune.run_folder import RunFolder
from core.finetune.settings import RECIPES, FineTuneSettings, with_own_revision
from core.settings import Settings
from core.setup import set_up
from core.storage.files import read_json
from core.storage.workspace import Workspace


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds `finetune`, `demo` and `setup`."""
    finetune = groups.add_parser("finetune", parents=[common], help="fine-tune a model")
    finetune.add_argument("--settings", type=Path, metavar="FILE", help="a settings file to start")
    finetune.add_argument("--recipe", choices=list(RECIPES), help="settings to start from")
    finetune.add_argument("--like", metavar="RUN", help="a run whose settings to start from")
    finetune.add_argument(
        "--fix",
        type=int,
        nargs="?",
        const=1,
        metavar="N",
        help="with --like: apply the fix of this number (default 1) that `runs diagnose` lists",
    )
    finetune.add_argument("--detach", action="store_true", help="return as soon as it is queued")
    preflight_commands.add_options(finetune)
    FineTuneSettings.add_arguments(finetune)
    finetune.set_defaults(command=_finetune)

    demo = groups.add_parser("demo", parents=[common], help="the main job on the sample, headless")
    demo.set_defaults(command=_demo)

    setup = groups.add_parser("setup", parents=[common], help="make sample and starter model")
    setup.set_defaults(command=_setup)


def _finetune(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    settings = _settings(chosen, _like(workspace, chosen))
    if chosen.settings:
        _bring(workspace, settings, chosen.settings)
    if chosen.preflight:
        return preflight_commands.preflight_answer(workspace, settings)
    if chosen.dry_run:
        return preflight_commands.dry_run_answer(workspace, settings)
    run = runs.launch(workspace, settings, by=login_name(), is_forced=chosen.force)
    if chosen.detach:
        return Answer(f"Queued run {run.id}.", {"run": run.id, "state": "queued"})
    state = follow_run(workspace, run.id)
    values: dict[str, Any] = {"run": run.id, "state": state.state, "reason": state.reason}
    if state.state != "finished":
        values["hint"] = state.hint
        return Answer(f"{state.state}: {state.reason} {state.hint}", values, status=1)
    result = read_json(RunFolder(workspace.run_folder(run.id)).result_file)
    lines = [f"finished: run {run.id}, {result['num_segments']} test segments"]
    lines += _differences(result)
    lines.append(chosen_words(workspace.run_folder(run.id)))
    for name, title in (("reverse", "the other direction"), ("general", "general text")):
        if name in result:
            found = result[name]
            lines.append(f"{title}: {found['num_segments']} segments of {found['split']}")
            lines += _differences(found)
    leaks = corpus_note(workspace, run.corpus_id, "test")
    lines.append(f"leaks of test: {leaks.sentence}")
    return Answer("\n".join(lines), {**values, **result, "leaks": leaks.to_dict()})


def _differences(scores: dict[str, Any]) -> list[str]:
    return [
        f"{after['name']:16} {before['value']:7.2f} -> {after['value']:7.2f}"
        for before, after in zip(scores["base"], scores["fine_tuned"], strict=True)
    ]


def _settings(
    chosen: argparse.Namespace, like: Mapping[str, Any] | None = None
) -> FineTuneSettings:
    """Gives the settings of another run, a recipe, a file and options, the later ones on top."""
    values = dict(like or {})
    if chosen.recipe:
        values |= with_own_revision(values, RECIPES[chosen.recipe][1])
    if chosen.settings:
        values |= with_own_revision(values, _given(chosen.settings))
    options = {name: getattr(chosen, name, None) for name in FineTuneSettings.model_fields}
    given = {name: value for name, value in options.items() if value is not None}
    values |= with_own_revision(values, given)
    settings = FineTuneSettings.parse(values)
    return as_recorded(settings, chosen.settings) if chosen.settings else settings


def _bring(workspace: Workspace, settings: FineTuneSettings, settings_file: Path) -> None:
    """Takes the corpora in that came with a run's settings, and says what is not as it was."""
    for corpus in bring_corpora(workspace, settings_file):
        sys.stderr.write(f"Took in the corpus {corpus.name!r} that came with the settings.\n")
    for sentence in differences(workspace, settings, settings_file):
        sys.stderr.write(f"Losses may differ: {sentence}\n")


def _like(workspace: Workspace, chosen: argparse.Namespace) -> dict[str, Any]:
    """Gives the settings of another run, with a fix where one is asked for."""
    if not chosen.like:
        if chosen.fix is not None:
            raise ConfigError("--fix needs --like.", hint="Name the run that is to be corrected.")
        return {}
    run = workspace.runs.get(chosen.like)
    if chosen.fix is None:
        return {**run.settings, "name": ""}
    fix = advise(workspace, run).fix(chosen.fix)
    return corrected(run, fix).model_dump()


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
