"""What the tests of core share: reproducible property tests, a served model, LoResMT."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from core.storage.workspace import PROJECT, Workspace

settings.register_profile("reproducible", deadline=None, derandomize=True, database=None)
settings.load_profile("reproducible")

LORESMT = PROJECT.parent / "shared/data/loresmt2021/en_ga"


@pytest.fixture(scope="session")
def loresmt() -> Path:
    """The folder of the English–Irish corpus of LoResMT 2021, which is not ours to bundle."""
    if not (LORESMT / "train.en").exists():
        pytest.skip(f"the LoResMT 2021 corpus is not at {LORESMT}")
    return LORESMT


@pytest.fixture
def private_workspace(served_folder: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A private copy of the workspace with an accepted version."""
    shutil.copytree(served_folder, tmp_path / "served")
    opened = Workspace(tmp_path / "served")
    yield opened
    opened.database.dispose()
