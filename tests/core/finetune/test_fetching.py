"""Runs of hub models: downloaded once before the launch, pinned to a commit, reproducible."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import ModelError
from core.finetune import runs
from core.finetune.fetching import fetch_model, is_to_fetch
from core.finetune.models import load_tokenizer, model_source, pinned_commit
from core.finetune.preview import preview_in_process
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.hub import cached
from core.storage.files import read_json
from core.storage.workspace import Workspace
from tests.core.finetune.conftest import Lab
from tests.core.hub.conftest import hub as hub  # noqa: PLC0414 (a fixture)
from tests.core.hub.conftest import hub_server as hub_server  # noqa: PLC0414
from tests.core.hub.conftest import no_patience as no_patience  # noqa: PLC0414
from tests.servers.hub import HubServer, files_of

REPO = "tests/starter"


@pytest.fixture
def starter_repo(hub: HubServer, ready_folder: Path) -> str:
    """The starter model as a repository of the stand-in; gives its first commit."""
    repo = hub.add(REPO, files_of(ready_folder / "models" / "starter"))
    return repo.refs["main"]


def second_commit(hub: HubServer) -> str:
    """Somebody publishes another version, which cannot be loaded."""
    repo = hub.repos[REPO]
    return repo.commit({**repo.commits[repo.refs["main"]], "config.json": b"{}"})


def stored(lab: Lab, settings: FineTuneSettings) -> RunFolder:
    """A run's folder without a run."""
    folder = RunFolder(lab.workspace.run_folder("without-a-run"))
    folder.path.mkdir(parents=True, exist_ok=True)
    settings.save(folder.settings_file)
    return folder


@pytest.mark.launcher
def test_run_downloads_its_model_first_and_stays_with_the_commit(
    lab: Lab, hub: HubServer, starter_repo: str
) -> None:
    hub.faults.breaks["model.safetensors"] = [60_000]
    run = lab.finish(base_model=REPO, engine="plain", max_steps=2, num_processes=2)
    folder = lab.folder(run)
    notes = [record["note"] for record in lab.records(run, "phase")]
    assert any(note.startswith(f"downloading {REPO} ") for note in notes)
    assert read_json(folder.settings_file)["base_model_revision"] == starter_repo
    assert lab.workspace.runs.get(run.id).settings["base_model_revision"] == starter_repo
    assert read_json(folder.environment_file)["base_model_revision"] == starter_repo
    weights = [each for each in hub.gets("model.safetensors") if "cdn" in each.path]
    assert [each.range for each in weights] == ["", "bytes=60000-"]  # once, whatever the ranks
    notices = lab.workspace.notices
    told = lab.until(run, "told", lambda: notices.newest(limit=5))
    assert [(each.event, each.job_id) for each in told] == [("finished", run.id)]
    # What others publish afterwards changes nothing: no stage downloads anything any more.
    second_commit(hub)
    hub.requests.clear()
    again = FineTuneSettings.load(folder.settings_file)
    assert not is_to_fetch(lab.workspace, again)
    assert preview_in_process(lab.workspace, again).family == "NLLB"
    assert hub.requests == []


def test_settings_of_a_run_bring_the_same_commit_to_another_machine(
    lab: Lab, hub: HubServer, starter_repo: str
) -> None:
    second_commit(hub)
    settings = lab.settings(base_model=REPO, base_model_revision=starter_repo)
    assert is_to_fetch(lab.workspace, settings)
    folder = stored(lab, settings)
    fetch_model(folder, settings, lab.workspace)
    source = model_source(lab.workspace, REPO, revision=starter_repo)
    assert Path(source).name == starter_repo
    assert load_tokenizer(source).get_vocab()


def test_newest_version_is_pinned_before_its_first_byte(
    lab: Lab, hub: HubServer, starter_repo: str
) -> None:
    settings = lab.settings(base_model=REPO)
    folder = stored(lab, settings)
    hub.faults.breaks["model.safetensors"] = [0] * 100
    with pytest.raises(ModelError):
        fetch_model(folder, settings, lab.workspace)
    hub.faults.breaks.clear()
    second_commit(hub)
    pinned = FineTuneSettings.load(folder.settings_file)
    assert pinned.base_model_revision == starter_repo
    fetch_model(folder, pinned, lab.workspace)
    assert pinned_commit(lab.workspace, REPO, "") == starter_repo


def test_tokenizer_alone_is_taken_of_the_pinned_commit(
    workspace: Workspace, hub: HubServer, starter_repo: str
) -> None:
    """The preview of a model that is not here: a few files, of exactly this commit."""
    second_commit(hub)
    assert model_source(workspace, REPO, revision=starter_repo) == REPO
    assert load_tokenizer(REPO, revision=starter_repo).get_vocab()
    assert cached.snapshot(REPO, starter_repo) is None
    assert not hub.gets("model.safetensors")


def test_launch_pins_a_model_that_is_here(lab: Lab, hub: HubServer, starter_repo: str) -> None:
    settings = lab.settings(base_model=REPO)
    fetch_model(stored(lab, settings), settings, lab.workspace)
    second_commit(hub)
    pinned = runs._pinned(lab.workspace, settings)
    assert pinned.base_model_revision == starter_repo
    assert runs._pinned(lab.workspace, lab.settings()).base_model_revision == ""


def test_model_that_is_not_here_is_refused_while_the_hub_is_switched_off(
    lab: Lab, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"tests/none is not on this machine, and the hub is"):
        runs.check_launch(lab.workspace, lab.settings(base_model="tests/none"))


@pytest.mark.launcher
def test_refusal_of_the_hub_ends_the_run_with_its_sentence(lab: Lab, hub: HubServer) -> None:
    run, state = lab.run(base_model="tests/none", engine="plain")
    assert state.state == "failed"
    assert state.reason == (
        "The hub does not give tests/none without a token: it is private, or misspelt."
    )
    assert "HF_TOKEN" in state.hint
    assert not lab.folder(run).environment_file.exists()
    assert "hf_" not in json.dumps(state.detail)
