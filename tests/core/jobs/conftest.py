"""Fixtures of the queue's tests: a kind of job without a model, and machines with GPUs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import core
from core.jobs.processes import become_subreaper, end_job_leftovers
from core.storage.job_records import ACTIVE
from core.storage.workspace import Workspace
from tests.core.jobs.queued_work import KIND_FOLDER, GpuMachine
from tests.servers.nvml_gpus import Gpu, Gpus, compile_stand_in
from tests.shared_folders import built_once

MakeMachine = Callable[..., GpuMachine]


@pytest.fixture
def stand_in_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets this process know the stand-in's kind of job, as `sitecustomize` does for others."""
    monkeypatch.setattr(core, "__path__", [*core.__path__, str(KIND_FOLDER)])


@pytest.fixture
def machine(
    workspace: Workspace, shared_folder: Path, tmp_path: Path, stand_in_kind: None
) -> Iterator[MakeMachine]:
    """Makes a machine with the GPUs that are given; what still works at the end is ended."""
    become_subreaper()
    library = built_once(shared_folder / "nvml", compile_stand_in)

    def made(*gpus: Gpu) -> GpuMachine:
        return GpuMachine(Gpus(library, tmp_path / "gpus.txt", *gpus), tmp_path / "site", workspace)

    yield made
    for job in workspace.jobs.in_states(*ACTIVE):
        end_job_leftovers(job.id)
