"""Fixtures of all tests: a private workspace and a clean environment."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.finetune import runs
from core.finetune.settings import from_recipe
from core.jobs import queue
from core.jobs.entering import locked
from core.serving import versions
from core.serving.settings import PrepareSettings
from core.setup import set_up
from core.storage.workspace import Workspace
from tests.servers.fault_server import FaultServer
from tests.servers.tiny_llm import LlmServer, cached_tiny_llm

SHARED_VARIABLE = "SHARED_TEST_FOLDER"  # set by scripts/check.py


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the variables of whoever runs it."""
    for name in list(os.environ):
        is_shared = name == "ADAPTMLLM_EXTENSIONS"  # compiled once for all launcher tests
        is_ours = name.startswith(("ADAPTMLLM_", "STREAMLIT_", "HF_", "TRANSFORMERS_"))
        if is_ours and not is_shared:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def empty_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an empty workspace, to be copied: its tables take long to make."""
    made = Workspace(tmp_path_factory.mktemp("empty") / "workspace")
    made.database.dispose()
    return made.root


@pytest.fixture
def workspace(tmp_path: Path, empty_workspace: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    opened = Workspace(shutil.copytree(empty_workspace, tmp_path / "workspace"))
    yield opened
    opened.database.dispose()


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """A shell lets what it starts in the background ignore Ctrl-C; our tests send it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of one `make test` share; else one of this session."""
    return Path(os.environ.get(SHARED_VARIABLE) or tmp_path_factory.mktemp("shared"))


def built_once(folder: Path, build: Callable[[Path], None]) -> Path:
    """Gives a folder that the first process to need it builds; a half-built one begins anew."""
    done = folder.with_name(f"{folder.name}.done")
    with locked(folder):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            build(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def ready_folder(shared_folder: Path) -> Path:
    """A workspace folder with sample corpus and starter model; never to be changed."""
    return built_once(shared_folder / "ready", _ready)


def _ready(folder: Path) -> None:
    opened = Workspace(folder)
    set_up(opened)
    opened.database.dispose()


@pytest.fixture
def ready_workspace(ready_folder: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A private copy of the workspace with sample corpus and starter model."""
    shutil.copytree(ready_folder, tmp_path / "ready")
    opened = Workspace(tmp_path / "ready")
    yield opened
    opened.database.dispose()


@pytest.fixture(scope="session")
def trained_folder(ready_folder: Path, shared_folder: Path) -> Path:
    """A workspace with a finished run `demo`; never to be changed."""

    def build(folder: Path) -> None:
        shutil.copytree(ready_folder, folder)
        _train(folder)

    return built_once(shared_folder / "trained", build)


def _train(folder: Path) -> None:
    workspace = Workspace(folder)
    corpus = workspace.corpora.all()[0]
    values = {"engine": "plain", "threads_per_process": 2, "eval_every_steps": 500}
    settings = from_recipe("Try it in a minute", corpus=corpus.id, name="demo", **values)
    run = runs.launch(workspace, settings)
    state = queue.wait(workspace, run.id)
    assert state.state == "finished", f"{state.reason} {state.detail}"
    workspace.database.dispose()


@pytest.fixture(scope="session")
def served_folder(trained_folder: Path, shared_folder: Path) -> Path:
    """The same with an accepted int8 version; never to be changed."""

    def build(folder: Path) -> None:
        shutil.copytree(trained_folder, folder)
        _prepare(folder)

    return built_once(shared_folder / "served", build)


def _prepare(folder: Path) -> None:
    workspace = Workspace(folder)
    version = versions.prepare(workspace, PrepareSettings(model="demo", num_segments=50))
    state = queue.wait(workspace, version.id)
    assert state.state == "finished", f"{state.reason} {state.detail}"
    versions.accept(workspace, version.id)
    workspace.database.dispose()


@pytest.fixture(scope="session")
def tiny_llm(pytestconfig: pytest.Config) -> Iterator[LlmServer]:
    """A real OpenAI-compatible server whose model knows `tests.servers.tiny_llm.PAIRS`."""
    assert pytestconfig.cache is not None
    server = LlmServer(cached_tiny_llm(pytestconfig.cache.mkdir("tiny_llm")))
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.end()


@pytest.fixture(scope="session")
def fault_server() -> Iterator[FaultServer]:
    """A server that fails in chosen ways, for the whole session."""
    server = FaultServer()
    server.start()
    yield server
    server.end()


@pytest.fixture
def faults(fault_server: FaultServer) -> FaultServer:
    """A server that fails in chosen ways; its notes begin anew with each test."""
    fault_server.forget()
    return fault_server
