"""Downloads as jobs: a real supervisor, a real process, the stand-in of the hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ModelError, TrainingError
from core.hub import cached, downloads
from core.hub.downloads import Download
from core.hub.settings import DownloadSettings
from core.jobs import queue
from core.storage.files import JsonLinesTail
from core.storage.workspace import PROJECT, WORKSPACE_VARIABLE, Workspace
from tests.core.hub.conftest import REPO, WEIGHTS
from tests.servers.hub import TOKEN, HubServer

LIMIT_S = 120.0


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def started(workspace: Workspace, **values: str) -> str:
    return downloads.start(workspace, DownloadSettings.parse({"model": REPO, **values})).id


def ended(workspace: Workspace, job_id: str) -> Download:
    queue.wait(workspace, job_id, poll_s=0.1)
    return downloads.get(workspace, job_id)


def test_download_tells_how_far_it_is_and_finishes(workspace: Workspace, hub: HubServer) -> None:
    job_id = started(workspace)
    found = ended(workspace, job_id)
    assert found.state.state == "finished", found.state.reason
    assert found.done_bytes == found.total_bytes > len(WEIGHTS)
    assert found.note.startswith(f"downloading {REPO} 0.2 of 0.2 MB")
    assert cached.snapshot(REPO) is not None
    folder = queue.folder_of(workspace, job_id)
    kinds = [record["kind"] for record in JsonLinesTail(folder.metrics_file).read()]
    assert kinds.count("translated") <= 5  # not one for each piece that comes


def test_stopped_download_goes_on_where_it_was(workspace: Workspace, hub: HubServer) -> None:
    hub.faults.piece_pause_s = 0.2
    job_id = started(workspace)
    assert started(workspace) == job_id  # a second click starts no second one
    partials = cached.repo_folder(REPO) / "blobs"

    def here() -> int:
        return sum(file.stat().st_size for file in partials.glob("*.incomplete"))

    until(lambda: here() > 20_000)
    downloads.stop(workspace, job_id)
    found = ended(workspace, job_id)
    assert found.state.state == "stopped"
    assert "it goes on from there" in found.state.reason
    assert cached.snapshot(REPO) is None
    kept = here()
    assert kept > 20_000
    hub.faults.piece_pause_s = 0.0
    hub.requests.clear()
    downloads.resume(workspace, job_id)
    assert ended(workspace, job_id).state.state == "finished"
    ranges = [each.range for each in hub.gets("model.safetensors") if "cdn" in each.path]
    assert ranges == [f"bytes={kept}-"]
    with pytest.raises(TrainingError):
        downloads.stop(workspace, job_id)
    downloads.dismiss(workspace, job_id)
    assert downloads.recent(workspace) == []
    assert cached.snapshot(REPO) is not None


def test_refusal_is_told_and_no_token_is_kept(
    workspace: Workspace, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.repos[REPO].gated = True
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    job_id = started(workspace)
    found = ended(workspace, job_id)
    assert found.state.state == "failed"
    assert found.state.reason.startswith("tests/tiny is gated, and the account of this token")
    folder = queue.folder_of(workspace, job_id).path
    kept = [file.read_bytes() for file in workspace.root.rglob("*") if file.is_file()]
    assert kept and not any(TOKEN.encode() in content for content in kept)
    assert folder.is_dir()


def test_wrong_id_and_switched_off_hub_start_nothing(
    workspace: Workspace, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    with pytest.raises(ModelError, match="is no id of a model on the hub"):
        started(workspace, model="../x")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="the hub is switched off"):
        started(workspace)
    assert downloads.recent(workspace) == []


def command(workspace: Workspace, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, WORKSPACE_VARIABLE: str(workspace.root)}
    return subprocess.run(
        [sys.executable, "-m", "core", "hub", *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_commands(workspace: Workspace, hub: HubServer, tmp_path: Path) -> None:
    commit = hub.repos[REPO].refs["main"]
    showing = command(workspace, "show", REPO)
    assert "licence: cc-by-nc-4.0; readable by everybody" in showing.stdout
    assert "on this machine: no" in showing.stdout
    done = command(workspace, "download", REPO, "--revision", commit, "--json")
    assert json.loads(done.stdout)["commit"] == commit, done.stderr
    listing = json.loads(command(workspace, "list", "--json").stdout)
    assert [(m["repo_id"], m["is_complete"]) for m in listing["models"]] == [(REPO, True)]
    assert REPO in command(workspace, "list").stdout
    deleted = command(workspace, "delete", REPO)
    assert "became free" in deleted.stdout
    assert "No model of the hub is in" in command(workspace, "list").stdout
    refused = command(workspace, "download", "tests/none")
    assert refused.returncode == 2 and "private, or misspelt" in refused.stderr
    hub.faults.piece_pause_s = 0.2
    job_id = started(workspace)
    stopped = command(workspace, "stop", REPO, "--json")
    assert json.loads(stopped.stdout)["download"] == job_id, stopped.stderr
    assert ended(workspace, job_id).state.state == "stopped"
    late = command(workspace, "stop", REPO)
    assert late.returncode == 2 and "No download of tests/tiny is under way." in late.stderr
