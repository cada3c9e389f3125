"""Fixtures of all tests: a private workspace and a clean environment."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.setup import set_up
from core.storage.workspace import Workspace


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


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    opened = Workspace(tmp_path / "workspace")
    yield opened
    opened.database.dispose()


@pytest.fixture(scope="session")
def ready_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace folder with sample corpus and starter model; never to be changed."""
    folder = tmp_path_factory.mktemp("ready") / "workspace"
    opened = Workspace(folder)
    set_up(opened)
    opened.database.dispose()
    return folder


@pytest.fixture
def ready_workspace(ready_folder: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A private copy of the workspace with sample corpus and starter model."""
    import shutil

    shutil.copytree(ready_folder, tmp_path / "ready")
    opened = Workspace(tmp_path / "ready")
    yield opened
    opened.database.dispose()
