"""`python -m core runs list|show|stop|resume|delete`; its other actions have own modules."""

from __future__ import annotations

import argparse
from typing import Any

from core.commands import run_checkpoints, run_queue, runs_judged
from core.commands.answers import Answer, table
from core.corpora.leak_notes import corpus_note
from core.finetune import runs
from core.finetune.chosen import chosen_words
from core.finetune.runs import run_state
from core.jobs import queue
from core.storage.run_records import Run
from core.storage.workspace import Workspace


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the group `runs`."""
    group = groups.add_parser("runs", help="list, show, judge, compare, stop, resume and delete")
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = commands.add_parser("list", parents=[common], help="list runs, the newest first")
    listing.add_argument("--limit", type=int, default=50)
    listing.set_defaults(command=_list)
    for name, command, note in (
        ("show", _show, "show one run"),
        ("stop", _stop, "stop a run, saving a checkpoint"),
        ("resume", _resume, "continue an ended run from its last checkpoint"),
        ("delete", _delete, "delete an ended run with its files"),
    ):
        parser = commands.add_parser(name, parents=[common], help=note)
        parser.add_argument("run", help="id or name")
        if name == "stop":
            parser.add_argument("--now", action="store_true", help="end it without saving")
        parser.set_defaults(command=command)
    run_checkpoints.add_command(commands, common)
    run_queue.add_commands(commands, common)
    runs_judged.add_commands(commands, common)


def _list(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    queue.advance(workspace)
    found = workspace.runs.newest(limit=chosen.limit)
    rows = []
    for run in found:
        progress = run.job.progress
        steps = f"{progress.get('step', 0)}/{progress.get('total_steps', 0)}"
        rows.append((run.name, run.job.state, steps, run.corpus_name, run.id))
    text = table(("name", "state", "step", "corpus", "id"), rows)
    return Answer(text, {"runs": [_values(workspace, run) for run in found]})


def _show(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    queue.advance(workspace)
    run = workspace.runs.get(chosen.run)
    values = _values(workspace, run)
    leaks: dict[str, dict[str, str]] = values["leaks"]
    told = {name: value for name, value in values.items() if name != "leaks"}
    told |= {f"leaks of {split}": note["sentence"] for split, note in leaks.items()}
    lines = [f"{name}: {value}" for name, value in told.items() if value not in ("", {}, None)]
    return Answer("\n".join(lines), {**values, "settings": run.settings})


def _stop(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    runs.stop(workspace, chosen.run, "now" if chosen.now else "save")
    run = workspace.runs.get(chosen.run)
    return Answer(f"Asked {run.name!r} to stop.", {"run": run.id, "mode": "asked"})


def _resume(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    runs.resume(workspace, chosen.run)
    run = workspace.runs.get(chosen.run)
    return Answer(f"{run.name!r} is {run.job.state}.", {"run": run.id, "state": run.job.state})


def _delete(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    run = workspace.runs.get(chosen.run)
    runs.delete(workspace, run.id)
    return Answer(f"Deleted {run.name!r}.", {"deleted": run.id})


def _values(workspace: Workspace, run: Run) -> dict[str, Any]:
    state = run_state(workspace, run)
    return {
        "run": run.id,
        "name": run.name,
        "state": state.state,
        "reason": state.reason,
        "hint": state.hint,
        "base_model": run.base_model,
        "corpus": run.corpus_name,
        "direction": f"{run.src_lang}-{run.tgt_lang}",
        "progress": state.progress,
        "model": chosen_words(workspace.run_folder(run.id)),
        "scores": run.scores,
        "leaks": {
            split: corpus_note(workspace, run.corpus_id, split).to_dict()
            for split in ("dev", "test")
        },
        "train_seconds": run.train_seconds,
        "folder": str(workspace.run_folder(run.id)),
    }
