from __future__ import annotations

import errno
import importlib.metadata
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from core.errors import ConfigError, HostError, ModelError
from core.serving import bundle
from core.serving.bundle import serving_requirements, write_bundle
from core.storage.workspace import PROJECT, Workspace

TRAINING_ONLY = ("torch", "deepspeed", "accelerate", "sacrebleu", "pandas", "streamlit")


def _with_dependencies(lines: list[str]) -> set[str]:
    """Gives the distributions that pip would install for these requirements."""
    found: set[str] = set()
    waiting = [(Requirement(line), "") for line in lines]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = f"{requirement.name}[{','.join(sorted(requirement.extras))}]"
        if name in found:
            continue
        found.add(name)
        for text in importlib.metadata.requires(requirement.name) or []:
            waiting += [(Requirement(text), extra) for extra in ("", *requirement.extras)]
    return {name.partition("[")[0] for name in found}


def _environment_of(lines: list[str], folder: Path) -> Path:
    """Makes an environment that holds only these requirements and gives its Python."""
    venv.create(folder, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    for name in _with_dependencies(lines):
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or []:
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not (packages / top).exists():
                (packages / top).symlink_to(Path(str(distribution.locate_file(top))))
    return folder / "bin" / "python"


def _translated(port: int, process: subprocess.Popen[bytes]) -> str:
    body = json.dumps({"q": "Where is the doctor?", "source": "en", "target": "ga"}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/translate", body, headers)
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return str(json.loads(answer.read())["translatedText"])
        except urllib.error.URLError:
            assert process.poll() is None and time.monotonic() < deadline, "it did not start"
            time.sleep(0.1)


@pytest.fixture(scope="session")
def written(served_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of `demo`; never to be changed."""
    folder = tmp_path_factory.mktemp("bundles") / "bundle"
    workspace = Workspace(served_folder)
    try:
        return write_bundle(workspace, "demo", folder)
    finally:
        workspace.database.dispose()


def test_bundle_serves_with_its_own_requirements_alone(written: Path, tmp_path: Path) -> None:
    shutil.copytree(written, tmp_path / "moved")
    lines = (written / "requirements-serve.txt").read_text().splitlines()
    python = _environment_of(lines, tmp_path / "environment")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    absent = subprocess.run([python, "-c", "import torch"], env=environment, capture_output=True)
    assert b"No module named 'torch'" in absent.stderr
    command = [str(python), "-m", "core", "serve", "--model", str(tmp_path / "moved" / "model")]
    with (tmp_path / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=tmp_path / "moved",
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        hypothesis = _translated(port, process)
        loaded = Path(f"/proc/{process.pid}/maps").read_text()
    finally:
        process.terminate()
        process.wait(timeout=30)
    assert hypothesis.endswith("?") and hypothesis != "Where is the doctor?"
    assert "libtorch" not in loaded and "libctranslate2" in loaded
    assert process.returncode in (0, -signal.SIGTERM), (tmp_path / "log.txt").read_text()
    assert (tmp_path / "moved" / "workspace" / "adaptmllm.db").exists()


def test_bundle_makes_its_own_keys(written: Path, tmp_path: Path) -> None:
    shutil.copytree(written, tmp_path / "moved")
    made = subprocess.run(
        [sys.executable, "-m", "core", "deploy", "key", "create", "office"],
        cwd=tmp_path / "moved",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "the only time" in made.stdout
    refused = subprocess.run(
        [sys.executable, "-m", "core", "serve", "--model", "model", "--host", "0.0.0.0"],
        cwd=shutil.copytree(written, tmp_path / "keyless"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert "demands an API key" in refused.stderr


def test_bundle_holds_what_it_says_and_nothing_of_the_workspace(written: Path) -> None:
    names = {path.name for path in written.iterdir()}
    assert names == {
        "model", "core", "requirements-serve.txt", "Dockerfile", ".dockerignore", "README.md",
        "MODEL_CARD.md", "LICENSE",
    }  # fmt: skip
    assert not list(written.rglob("*.pyc")) and not list(written.rglob("*.db"))
    assert not list(written.parent.glob(".*.partial"))
    docker = (written / "Dockerfile").read_text()
    assert docker.startswith("FROM python:3.11-slim\n")
    assert docker.index("\nUSER service\n") < docker.index("\nENTRYPOINT ")
    assert "\nEXPOSE 5000\n" in docker
    assert "deploy key create" in (written / "README.md").read_text()


@pytest.mark.parametrize(("engine", "has_torch"), [("ctranslate2", False), ("transformers", True)])
def test_requirements_are_the_projects_own_without_training(engine: str, has_torch: bool) -> None:
    lines = serving_requirements(engine).splitlines()
    names = [Requirement(line).name for line in lines]
    assert set(lines) <= set((PROJECT / "requirements.txt").read_text().splitlines())
    assert set(names) == {*bundle._PACKAGES, *bundle._ENGINE_PACKAGES[engine]}
    assert ("torch" in names) == has_torch
    if not has_torch:
        assert not _with_dependencies(lines) & set(TRAINING_ONLY)


def test_folder_that_holds_something_is_refused_and_kept(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("taken", "file"):
        with pytest.raises(ConfigError, match=rf"{name} is not an empty folder\."):
            write_bundle(private_workspace, "demo", tmp_path / name)
    assert (tmp_path / "taken" / "mine.txt").read_text() == "mine"
    assert (tmp_path / "file").read_text() == "mine"


def test_empty_folder_is_filled(private_workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert write_bundle(private_workspace, "demo", tmp_path / "empty") == tmp_path / "empty"
    assert (tmp_path / "empty" / "model" / "servable.json").exists()


def test_folder_within_what_is_copied_is_refused(private_workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="lies within"):
        write_bundle(private_workspace, "demo", PROJECT / "core" / "bundle")
    assert not (PROJECT / "core" / "bundle").exists()


@pytest.mark.parametrize("name", ["x" * 300, "nul\0", "~nobody-of-this-name/x"])
def test_impossible_folder_is_one_sentence(
    private_workspace: Workspace, tmp_path: Path, name: str
) -> None:
    folder = Path(name) if name.startswith("~") else tmp_path / name
    with pytest.raises((ConfigError, HostError), match="cannot be"):
        write_bundle(private_workspace, "demo", folder)


def test_model_without_accepted_version_is_refused(trained_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(trained_folder, tmp_path / "trained")
    workspace = Workspace(tmp_path / "trained")
    with pytest.raises(ModelError, match="No version of 'demo' has been accepted yet"):
        write_bundle(workspace, "demo", tmp_path / "bundle")
    workspace.database.dispose()
    assert not (tmp_path / "bundle").exists()


def test_too_little_space_is_told_before_anything_is_written(
    private_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(HostError, match=r"needs 0\.0\d GB and 0\.00 GB are free"):
        write_bundle(private_workspace, "demo", tmp_path / "out" / "bundle")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("fails_at", ["model.bin", "README.md"])
def test_disk_that_fills_up_leaves_nothing(
    private_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    copy, write = shutil.copy2, bundle.write_text

    def copied(source: str, target: str, **options: bool) -> str:
        if Path(target).name == fails_at:
            raise full
        return copy(source, target, **options)

    def wrote(path: Path, text: str) -> None:
        if path.name == fails_at:
            raise full
        write(path, text)

    # copytree's own default was bound when shutil was imported.
    monkeypatch.setattr(shutil.copytree, "__defaults__", (False, None, copied, False, False))
    monkeypatch.setattr(bundle, "write_text", wrote)
    with pytest.raises(HostError, match="No space left on device"):
        write_bundle(private_workspace, "demo", tmp_path / "out" / "bundle")
    assert list((tmp_path / "out").iterdir()) == []
