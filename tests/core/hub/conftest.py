"""Fixtures of the hub's tests: the stand-in, a tiny repository on it, and an empty cache."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.hub import HubServer

WEIGHTS = bytes(range(256)) * 800  # 204,800 bytes
FILES = {
    "config.json": b'{"model_type": "m2m_100"}',
    "generation_config.json": b"{}",
    "tokenizer.json": b'{"version": "1.0"}' + b" " * 12_000,
    "tokenizer_config.json": b'{"a": 1}',
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"never" * 4000,
    "tf_model.h5": b"never" * 4000,
    "onnx/model.onnx": b"never" * 4000,
    "README.md": b"# A model",
}
REPO = "tests/tiny"


@pytest.fixture(scope="session")
def hub_server() -> Iterator[HubServer]:
    server = HubServer()
    server.start()
    yield server
    server.end()


@pytest.fixture
def hub(
    hub_server: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubServer]:
    """The stand-in with the tiny repository, as the hub of this process and of its children."""
    from huggingface_hub import constants
    from huggingface_hub.utils import close_session  # type: ignore[attr-defined]

    hub_server.forget()
    hub_server.add(REPO, FILES)
    # Read from the environment when the library was imported.
    cache = tmp_path / "home" / "hub"
    for name, value in (
        ("HF_HUB_OFFLINE", False),
        ("ENDPOINT", hub_server.endpoint),
        ("HF_HUB_CACHE", str(cache)),
        ("HF_TOKEN_PATH", str(tmp_path / "home" / "token")),
        (
            "HUGGINGFACE_CO_URL_TEMPLATE",
            hub_server.endpoint + "/{repo_id}/resolve/{revision}/{filename}",
        ),
    ):
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_ENDPOINT", hub_server.endpoint)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    close_session()
    yield hub_server
    close_session()


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between tries are as long as they need to be for a test."""
    from core.hub import downloading

    monkeypatch.setattr(downloading, "FIRST_PAUSE_S", 0.01)
