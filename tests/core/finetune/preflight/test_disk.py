"""What a run needs of the disk beside what is free."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.errors import HostError
from core.finetune import runs
from core.finetune.preflight.disk import check_disk, needed_bytes, weights_bytes
from core.finetune.settings import FineTuneSettings
from core.storage.workspace import Workspace
from tests.pages.test_pages import stored_run

NLLB = "facebook/nllb-200-distilled-600M"


def leave_free(monkeypatch: pytest.MonkeyPatch, num_bytes: int) -> None:
    usage = shutil.disk_usage("/")._replace(free=num_bytes)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)


def test_a_resumed_run_needs_no_space_for_what_it_holds(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stored_run(ready_workspace, state="stopped")
    settings = FineTuneSettings.parse(run.settings)
    needed = needed_bytes(ready_workspace, settings)
    checkpoint = ready_workspace.run_folder(run.id) / "checkpoints" / "step-1"
    checkpoint.mkdir(parents=True)
    (checkpoint / "weights").write_bytes(bytes(4_000_000))
    leave_free(monkeypatch, needed - 3_000_000)
    with pytest.raises(HostError, match="of disk and"):
        check_disk(ready_workspace, settings)
    resumed: list[str] = []
    monkeypatch.setattr(runs.queue, "resume", lambda _, run_id: resumed.append(run_id))
    runs.resume(ready_workspace, run.id)
    assert resumed == [run.id]
    leave_free(monkeypatch, needed - 5_000_000)
    with pytest.raises(HostError, match="of disk and"):
        runs.resume(ready_workspace, run.id)


def test_weights_of_two_bytes_or_in_two_formats_are_counted_once_as_float32(
    ready_workspace: Workspace, tmp_path: Path
) -> None:
    starter = ready_workspace.starter_model
    whole = weights_bytes(ready_workspace, FineTuneSettings())
    folder = tmp_path / "half"
    shutil.copytree(starter, folder)
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])  # its size alone is looked at
    half = weights_bytes(ready_workspace, FineTuneSettings(base_model=str(folder)))
    assert half == pytest.approx(whole, rel=0.02) and half <= whole
    shutil.copy(starter / "model.safetensors", file)
    shutil.copy(file, folder / "pytorch_model.bin")
    assert weights_bytes(ready_workspace, FineTuneSettings(base_model=str(folder))) == whole


def test_a_download_onto_the_same_disk_is_counted(
    ready_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = FineTuneSettings(base_model=NLLB)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub" / "cache"))
    leave_free(monkeypatch, needed_bytes(ready_workspace, settings) + 1_000_000_000)
    with pytest.raises(HostError, match="of disk and"):  # of 2.5 GB of weights
        check_disk(ready_workspace, settings)
    monkeypatch.setattr("core.finetune.preflight.disk.cache_folder", lambda: Path("/proc"))
    check_disk(ready_workspace, settings)
