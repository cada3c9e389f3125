"""A trained model, prepared, and real services that serve it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.storage.workspace import PROJECT, WORKSPACE_VARIABLE, Workspace

START_LIMIT_S = 60.0


class Running:
    """A service in a process of its own, as the command line starts it."""

    def __init__(self, workspace: Path, log: Path, arguments: tuple[str, ...]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        command = [sys.executable, "-m", "core", "serve", "--model", "demo"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *arguments],
                cwd=PROJECT,
                env={**os.environ, WORKSPACE_VARIABLE: str(workspace)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log()
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/ready"):
                return
            time.sleep(0.1)
        raise AssertionError(f"the service did not start:\n{self.log()}")

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def send(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
        """Sends JSON (or bytes) and gives status, answer and headers."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **headers} if data is not None else headers
        request = urllib.request.Request(self.url + path, data=data, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, _parsed(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, _parsed(error.read()), error.headers

    def translate(self, q: Any, **fields: Any) -> Any:
        values = {"q": q, "source": "en", "target": "ga", **fields}
        status, answer, _ = self.send("/translate", values)
        assert status == 200, answer
        return answer

    def figure(self, name: str) -> int:
        """Gives one of the figures for Prometheus."""
        lines = self.send("/metrics")[1].splitlines()
        (line,) = (line for line in lines if line.startswith(f"adaptmllm_{name} "))
        return int(float(line.split()[1]))

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=30)


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")


@pytest.fixture(scope="session")
def running(served_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all tests that change nothing about it."""
    folder = tmp_path_factory.mktemp("running")
    shutil.copytree(served_folder, folder / "workspace")
    service = Running(folder / "workspace", folder / "log.txt", ())
    service.wait_until_ready()
    yield service
    service.end(signal.SIGKILL)


@pytest.fixture
def trained(trained_folder: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A private copy of the workspace with the run `demo`."""
    shutil.copytree(trained_folder, tmp_path / "trained")
    workspace = Workspace(tmp_path / "trained")
    yield workspace
    workspace.database.dispose()


@pytest.fixture
def started(private_workspace: Workspace, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts services with options of their own."""
    services: list[Running] = []

    def start(*arguments: str, waits: bool = True) -> Running:
        log = tmp_path / f"log-{len(services)}.txt"
        services.append(Running(private_workspace.root, log, arguments))
        if waits:
            services[-1].wait_until_ready()
        return services[-1]

    yield start
    for service in services:
        service.end(signal.SIGKILL)
