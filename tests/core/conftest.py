"""What the tests of core share: reproducible property tests and the LoResMT corpus."""

from pathlib import Path

import pytest
from hypothesis import settings

from core.storage.workspace import PROJECT

settings.register_profile("reproducible", deadline=None, derandomize=True, database=None)
settings.load_profile("reproducible")

LORESMT = PROJECT.parent / "shared/data/loresmt2021/en_ga"


@pytest.fixture(scope="session")
def loresmt() -> Path:
    """The folder of the English–Irish corpus of LoResMT 2021, which is not ours to bundle."""
    if not (LORESMT / "train.en").exists():
        pytest.skip(f"the LoResMT 2021 corpus is not at {LORESMT}")
    return LORESMT
