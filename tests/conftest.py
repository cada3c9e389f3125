"""Fixtures of all tests: a private workspace and a clean environment."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from core.storage.workspace import Workspace
from tests import shared_folders
from tests.servers.fault_server import FaultServer
from tests.servers.tiny_llm import LlmServer
from tests.shared_folders import SHARED_VARIABLE


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on the variables of whoever runs it."""
    for name in list(os.environ):
        is_shared = name == "ADAPTMLLM_EXTENSIONS"  # compiled once for all launcher tests
        is_ours = name.startswith(("ADAPTMLLM_", "STREAMLIT_", "HF_", "TRANSFORMERS_"))
        if is_ours and not is_shared:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    # The library reads the variable once, as it is imported: before the first test or in one.
    # Here it is the same for all; what asks the hub in earnest is a process of its own.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
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


@pytest.fixture(scope="session")
def ready_folder(shared_folder: Path) -> Path:
    """A workspace folder with sample corpus and starter model; never to be changed."""
    return shared_folders.ready_folder(shared_folder)


@pytest.fixture
def ready_workspace(ready_folder: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A private copy of the workspace with sample corpus and starter model."""
    shutil.copytree(ready_folder, tmp_path / "ready")
    opened = Workspace(tmp_path / "ready")
    yield opened
    opened.database.dispose()


@pytest.fixture(scope="session")
def trained_folder(shared_folder: Path) -> Path:
    """A workspace with a finished run `demo`; never to be changed."""
    return shared_folders.trained_folder(shared_folder)


@pytest.fixture(scope="session")
def served_folder(shared_folder: Path) -> Path:
    """The same with an accepted int8 version; never to be changed."""
    return shared_folders.served_folder(shared_folder)


@pytest.fixture(scope="session")
def tiny_llm(pytestconfig: pytest.Config, shared_folder: Path) -> Iterator[LlmServer]:
    """A real OpenAI-compatible server whose model knows `tests.servers.tiny_llm.PAIRS`."""
    # Alone, a test need not wait for it every time; `make test` has built it meanwhile.
    assert pytestconfig.cache is not None
    kept = shared_folder if SHARED_VARIABLE in os.environ else pytestconfig.cache.mkdir("tiny_llm")
    server = LlmServer(shared_folders.tiny_llm_folder(kept))
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
