from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from core.finetune.run_folder import RunFolder
from core.jobs import folder as folder_module
from core.jobs.folder import RESERVE_BYTES, JobFolder, JobState
from core.jobs.kind import job_folder, load_kind
from core.jobs.processes import ProcessIdentity
from core.storage.files import append_json_line, read_json, write_json
from core.storage.workspace import Workspace


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_state_comes_back_as_it_was_written(folder: RunFolder) -> None:
    assert folder.read_state() == JobState()
    state = JobState(
        state="training",
        reason="é",
        supervisor=ProcessIdentity.of(os.getpid()),
        started_at="2024-01-01",
        progress={"step": 3},
    )
    folder.write_state(state)
    found = folder.read_state()
    assert found.heartbeat
    assert found == JobState(**{**vars(state), "heartbeat": found.heartbeat})
    assert found.is_active
    assert folder.observed_state() == found


def test_active_job_without_its_supervisor_is_lost(folder: RunFolder) -> None:
    gone = ProcessIdentity(**{**vars(ProcessIdentity.of(os.getpid())), "boot_id": "another boot"})
    folder.write_state(JobState(state="training", supervisor=gone, progress={"step": 7}))
    state = folder.observed_state()
    assert state.state == "lost"
    assert "while training at step 7" in state.reason
    assert state.ended_at == folder.read_state().heartbeat
    folder.write_state(JobState(state="finished", supervisor=gone))
    assert folder.observed_state().state == "finished"


def test_a_lost_job_is_known_to_its_last_step_not_its_last_heartbeat(folder: RunFolder) -> None:
    gone = ProcessIdentity(**{**vars(ProcessIdentity.of(os.getpid())), "boot_id": "another boot"})
    known = {"step": 7, "peak_memory_bytes": 5}
    folder.write_state(JobState(state="training", supervisor=gone, progress=known))
    for step in (7, 8, 9):
        record = {"kind": "train", "step": step, "elapsed_s": step, "loss": 1.0}
        append_json_line(folder.metrics_file, record)
    state = folder.observed_state()
    assert state.reason.endswith("while training at step 9.")
    assert (state.progress["step"], state.progress["peak_memory_bytes"]) == (9, 5)


@pytest.fixture
def full_disk(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lets nothing be written before the reserved space is given back; gives its file."""
    folder.reserve_space()
    reserve = folder.path / ".reserve"
    assert reserve.stat().st_size == RESERVE_BYTES

    def full_until_released(path: Path, values: Any) -> None:
        if reserve.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        write_json(path, values)

    monkeypatch.setattr(folder_module, "write_json", full_until_released)
    return reserve


def test_state_is_written_even_on_a_full_disk(folder: RunFolder, full_disk: Path) -> None:
    partial = folder.path / "checkpoints/step-000000009.partial"
    partial.mkdir(parents=True)
    folder.write_state(JobState(state="failed"))
    assert folder.read_state().state == "failed"
    assert not partial.exists() and not full_disk.exists()


def test_an_end_by_itself_is_written_even_on_a_full_disk(
    folder: RunFolder, full_disk: Path
) -> None:
    folder.record_end("Nobody came.")
    assert read_json(folder.stopped_file)["reason"] == "Nobody came."


def test_stop_request_is_read_and_cleared_at_the_next_start(folder: RunFolder) -> None:
    assert folder.stop_mode() == ""
    folder.request_stop("save")
    assert folder.stop_mode() == "save"
    for path in (folder.result_file, folder.stopped_file, folder.failure_file(1)):
        write_json(path, {})
    folder.metrics_file.write_text("{}\n")
    folder.clear_for_start()
    assert [path.name for path in folder.path.iterdir()] == ["metrics.jsonl"]
    assert folder.size_bytes() == 3


def test_only_modules_of_core_are_asked_for_a_kind_of_job(workspace: Workspace) -> None:
    assert load_kind("core.finetune.job").stages
    with pytest.raises(ValueError, match="'os' is no kind of job"):
        load_kind("os")
    assert isinstance(job_folder(workspace, "runs/r"), JobFolder)
    assert job_folder(workspace, "runs/r").path == workspace.run_folder("r")
