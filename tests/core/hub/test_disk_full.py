"""A disk that is really full: a small file system in memory, mounted for one test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import HostError
from core.hub import cached
from core.hub.downloading import download
from tests.core.hub.conftest import REPO
from tests.core.hub.test_downloading import Watched
from tests.servers.hub import HubServer

SIZE_BYTES = 600_000


@pytest.fixture
def small_disk(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache on a disk of 600 kB."""
    from huggingface_hub import constants

    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={SIZE_BYTES}"
    mounting = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    mounted = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "hub"))
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_too_small_a_disk_is_told_before_the_first_byte(small_disk: Path, hub: HubServer) -> None:
    (small_disk / "full").write_bytes(b"\0" * 450_000)
    with pytest.raises(HostError, match=r"The disk is full: tests/tiny needs 0\.22 MB more and"):
        download(REPO, "", Watched())
    assert not hub.gets("resolve")


def test_disk_that_fills_up_meanwhile_leaves_no_half_model(
    small_disk: Path, hub: HubServer
) -> None:
    class Filling(Watched):
        def has(self, done_bytes: int) -> None:
            """Somebody else takes the space as soon as the weights begin to come."""
            super().has(done_bytes)
            if done_bytes > 20_000 and not (small_disk / "other").exists():
                (small_disk / "other").write_bytes(b"\0" * 450_000)

    # The check beforehand sees enough space.
    hub.faults.piece_pause_s = 0.001
    with pytest.raises(HostError, match=r"The disk is full while tests/tiny is downloaded\."):
        download(REPO, "", Filling())
    assert cached.snapshot(REPO) is None
    assert not (cached.repo_folder(REPO) / "refs").exists()
    (small_disk / "other").unlink()
    assert download(REPO, "", Watched()) == cached.snapshot(REPO)
