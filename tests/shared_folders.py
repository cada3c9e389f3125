"""What several test processes need and none may change: built once, by the first that needs it.

`python -m tests.shared_folders NAME` builds one of BUILDS in the folder of SHARED_TEST_FOLDER,
while little else needs the machine.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from core.finetune import runs
from core.finetune.settings import from_recipe
from core.jobs import queue
from core.jobs.entering import locked
from core.serving import versions
from core.serving.settings import PrepareSettings
from core.setup import set_up
from core.storage.workspace import DATABASE_VARIABLE, Workspace
from tests.servers.tiny_llm import cached_tiny_llm

SHARED_VARIABLE = "SHARED_TEST_FOLDER"  # set by scripts/check.py


def built_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """Gives a folder that the first process to need it builds; a half-built one begins anew."""
    done = folder.with_name(f"{folder.name}.done")
    with locked(folder):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            build(folder)
            done.touch()
    return folder


def ready_folder(shared: Path) -> Path:
    """A workspace with sample corpus and starter model."""

    def build(folder: Path) -> None:
        workspace = Workspace(folder)
        set_up(workspace)
        workspace.database.dispose()

    return built_once(shared / "ready", build)


def trained_folder(shared: Path) -> Path:
    """The same with a finished run `demo`."""

    def build(folder: Path) -> None:
        shutil.copytree(ready_folder(shared), folder)
        _train(folder)

    return built_once(shared / "trained", build)


def served_folder(shared: Path) -> Path:
    """The same with an accepted int8 version."""

    def build(folder: Path) -> None:
        shutil.copytree(trained_folder(shared), folder)
        _prepare(folder)

    return built_once(shared / "served", build)


def tiny_llm_folder(cache: Path) -> Path:
    """A model that knows `tests.servers.tiny_llm.PAIRS`."""
    with locked(cache / "training"):
        return cached_tiny_llm(cache)


def _train(folder: Path) -> None:
    workspace = Workspace(folder)
    corpus = workspace.corpora.all()[0]
    # Two threads would wait for each other beside whatever else is built.
    values = {"engine": "plain", "threads_per_process": 1, "eval_every_steps": 500}
    settings = from_recipe("Try it in a minute", corpus=corpus.id, name="demo", **values)
    run = runs.launch(workspace, settings)
    _wait_for(workspace, run.id)
    workspace.database.dispose()


def _prepare(folder: Path) -> None:
    workspace = Workspace(folder)
    version = versions.prepare(workspace, PrepareSettings(model="demo", num_segments=50))
    _wait_for(workspace, version.id)
    versions.accept(workspace, version.id)
    workspace.database.dispose()


def _wait_for(workspace: Workspace, job_id: str) -> None:
    """Waits for a job and its supervisor, which has the database open a moment longer.

    The folder is copied afterwards: a file of the database that goes meanwhile would end that.
    """
    state = queue.wait(workspace, job_id)
    assert state.state == "finished", f"{state.reason} {state.detail}"
    supervisor = queue.folder_of(workspace, job_id).read_state().supervisor
    deadline = time.monotonic() + 60
    while supervisor is not None and supervisor.is_alive():
        assert time.monotonic() < deadline
        time.sleep(0.1)


BUILDS = {"served": served_folder, "tiny_llm": tiny_llm_folder}


def main() -> None:
    """Builds what is named on the command line in the folder that `make test` shares."""
    shared = Path(os.environ[SHARED_VARIABLE])
    os.environ.pop(DATABASE_VARIABLE, None)
    os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    for name in sys.argv[1:]:
        BUILDS[name](shared)


if __name__ == "__main__":
    main()
