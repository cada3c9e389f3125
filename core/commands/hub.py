"""`python -m core hub …`: models of the Hugging Face Hub on this machine."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from core.commands.answers import Answer, table
from core.commands.login import login_name
from core.errors import ModelError
from core.hub import cached, downloads
from core.hub.remote import ask
from core.hub.settings import DownloadSettings
from core.jobs import queue
from core.storage.workspace import Workspace

POLL_S = 1.0


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Adds the group `hub`."""
    group = groups.add_parser("hub", help="download, list and delete models of the hub")
    commands = group.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, command, note in (
        ("download", _download, "download a model, or go on with it; Ctrl-C leaves it running"),
        ("stop", _stop, "stop a download; what came stays for the next time"),
        ("show", _show, "ask the hub about a model: size, licence, who may have it"),
        ("delete", _delete, "delete a model, or one revision, from this machine"),
    ):
        parser = commands.add_parser(name, parents=[common], help=note)
        parser.add_argument("model", metavar="ID", help="owner/name")
        parser.add_argument("--revision", default="", help="a commit, branch or tag")
        parser.set_defaults(command=command)
    listing = commands.add_parser(
        "list", parents=[common], help="list the models on this machine; asks nobody"
    )
    listing.set_defaults(command=_list)


def _download(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    settings = DownloadSettings.parse({"model": chosen.model, "revision": chosen.revision})
    job = downloads.start(workspace, settings, by=login_name())
    last = ""
    while True:
        queue.advance(workspace)
        found = downloads.get(workspace, job.id)
        if found.note and found.note != last:
            sys.stderr.write(found.note + "\n")
            sys.stderr.flush()
            last = found.note
        if found.state.has_ended and found.job.has_ended:
            break
        time.sleep(POLL_S)
    if found.state.state != "finished":
        raise ModelError(found.state.reason, hint=found.state.hint)
    folder = cached.snapshot(settings.model, settings.revision)
    commit = folder.name if folder else ""
    values = {"model": settings.model, "commit": commit, "folder": str(folder or "")}
    return Answer(f"{settings.model} is on this machine: commit {commit}.", values)


def _stop(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    of_model = [each for each in downloads.recent(workspace) if each.settings.model == chosen.model]
    found = next(
        (
            each for each in of_model
            if not each.state.has_ended and chosen.revision in ("", each.settings.revision)
        ),
        None,
    )  # fmt: skip
    if found is None:
        raise ModelError(
            f"No download of {chosen.model} is under way.",
            hint="`hub list` shows what is on this machine.",
        )
    downloads.stop(workspace, found.job.id)
    text = f"Stopped the download of {chosen.model}; `hub download` goes on where it is."
    return Answer(text, {"download": found.job.id, "model": chosen.model})


def _show(_: Workspace, chosen: argparse.Namespace) -> Answer:
    found = ask(chosen.model, chosen.revision)
    here = cached.snapshot(found.repo_id, found.commit)
    who = "only its owner" if found.is_private else "everybody"
    if found.gated:
        who = f"accounts that accepted its terms ({found.gated})"
    lines = [
        f"{found.repo_id}, commit {found.commit}",
        f"licence: {found.licence or 'not named'}; readable by {who}",
        f"a run needs {_size(found.size_bytes)} of {_size(found.total_bytes)}: "
        + ", ".join(f"{file.name} {_size(file.size_bytes)}" for file in found.files),
        f"on this machine: {'yes' if here else 'no'}",
    ]
    files = [{"name": file.name, "size_bytes": file.size_bytes} for file in found.files]
    values = {**vars(found), "files": files, "size_bytes": found.size_bytes}
    return Answer("\n".join(lines), {**values, "is_here": here is not None})


def _list(_: Workspace, __: argparse.Namespace) -> Answer:
    models = cached.cached_models()
    if not models:
        text = f"No model of the hub is in {cached.cache_folder()}."
        return Answer(text, {"models": []})
    rows = [
        (
            model.repo_id,
            model.commit[:12] or "-",
            " ".join(model.refs) or "-",
            _size(model.size_bytes + (0 if model.is_complete else model.partial_bytes)),
            "complete" if model.is_complete else "not complete",
            model.last_used[:16],
        )
        for model in models
    ]
    header = ("model", "commit", "stands for", "size", "state", "last used")
    values = [{**vars(model), "folder": str(model.folder)} for model in models]
    return Answer(table(header, rows), {"models": values})


def _delete(_: Workspace, chosen: argparse.Namespace) -> Answer:
    freed = cached.delete(chosen.model, chosen.revision)
    return Answer(
        f"Deleted {chosen.model}{f' {chosen.revision}' if chosen.revision else ''}; {_size(freed)} "
        "became free.",
        {"deleted": chosen.model, "freed_bytes": freed},
    )


def _size(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.2f} GB" if num_bytes >= 1e8 else f"{num_bytes / 1e6:.2f} MB"
