from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import ModelCard

from core.errors import ConfigError, ModelError
from core.serving.hub import push
from core.storage.workspace import PROJECT, WORKSPACE_VARIABLE, Workspace

TOKEN = "hf_" + "SecretOfTheTest" * 2


class Hub(ThreadingHTTPServer):
    """The few routes of the Hub that a push needs, on this machine.

    Attributes:
        files: What was committed, by path.
        tokens: Authorization headers that came.
        status: Answer to every attempt to write; other than 200 it refuses.
        is_private: What an existing repository says of itself.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.tokens: set[str] = set()
        self.created: list[dict[str, Any]] = []
        self.status = 200
        self.is_private = True
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer({"id": "me/demo", "private": self.server.is_private, "sha": "0" * 40})

    def do_POST(self) -> None:
        hub = self.server
        hub.tokens.add(self.headers.get("Authorization", ""))
        body = self._body()
        if hub.status != 200:
            self._answer({"error": f"no: {hub.tokens}"}, hub.status)
        elif self.path == "/api/repos/create":
            hub.created.append(json.loads(body))
            self._answer({"url": f"{hub.url}/me/demo"})
        elif "/preupload/" in self.path:
            files = json.loads(body)["files"]
            modes = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files
            ]
            self._answer({"files": modes})
        elif "/commit/" in self.path:
            for line in body.splitlines():
                record = json.loads(line)
                if record["key"] == "file":
                    value = record["value"]
                    hub.files[value["path"]] = base64.b64decode(value["content"])
            self._answer(
                {"commitUrl": f"{hub.url}/me/demo/commit/1", "commitOid": "1" * 40, "success": True}
            )
        else:
            self._answer({})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def trained(trained_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained_folder, tmp_path / "trained"))


def _push(
    folder: Path, model: str, *options: str, home: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, WORKSPACE_VARIABLE: str(folder), "HF_HOME": str(home), **variables}
    if "HF_HUB_OFFLINE" not in variables:
        del environment["HF_HUB_OFFLINE"]
    return subprocess.run(
        [sys.executable, "-m", "core", "deploy", "push", "--run", model, "me/demo", *options],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("model", ["demo", "demo@latest"])
def test_model_and_card_are_pushed_and_the_token_is_written_nowhere(
    trained: Path, hub: Hub, tmp_path: Path, model: str
) -> None:
    home = tmp_path / "home"
    done = _push(trained, model, "--json", home=home, HF_TOKEN=TOKEN, HF_ENDPOINT=hub.url)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["repo_id"] == "me/demo" and answer["is_private"] is True
    asked = hub.created[0]
    assert asked.get("visibility") == "private" or asked.get("private") is True
    assert hub.tokens == {f"Bearer {TOKEN}"}
    assert {"config.json", "generation_config.json", "tokenizer.json"} <= hub.files.keys()
    assert ModelCard(hub.files["README.md"].decode()).data.language == ["en", "ga"]
    assert '"me/demo"' in hub.files["README.md"].decode()
    weights = hub.files["model.safetensors"]
    run = next((trained / "runs").iterdir())
    assert len(weights) == (run / "model" / "model.safetensors").stat().st_size
    assert TOKEN not in done.stdout + done.stderr
    kept = [path for root in (trained, home) for path in root.rglob("*") if path.is_file()]
    assert [path for path in kept if TOKEN.encode() in path.read_bytes()] == []
    assert list(trained.glob(".push-*")) == []


def test_public_repository_is_not_written_to_unless_asked(
    trained: Path, hub: Hub, tmp_path: Path
) -> None:
    hub.is_private = False
    variables = {"HF_TOKEN": TOKEN, "HF_ENDPOINT": hub.url}
    refused = _push(trained, "demo", home=tmp_path, **variables)
    assert refused.returncode == 2
    assert "me/demo exists and is public" in refused.stderr
    assert hub.files == {}
    done = _push(trained, "demo", "--public", home=tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    assert "(public)" in done.stdout


@pytest.mark.parametrize(("status", "says"), [(401, "does not let"), (400, "refused the push")])
def test_refusal_of_the_hub_is_one_line_without_the_token(
    trained: Path, hub: Hub, tmp_path: Path, status: int, says: str
) -> None:
    hub.status = status  # the answer repeats the token
    done = _push(trained, "demo", home=tmp_path, HF_TOKEN=TOKEN, HF_ENDPOINT=hub.url)
    assert done.returncode == 2
    assert says in done.stderr and f"status {status}" in done.stderr
    assert done.stderr.count("\n") == 1 and "Secret" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "The Hub cannot be reached"),
    ],
)
def test_hub_out_of_reach_is_one_line(
    trained: Path, tmp_path: Path, variables: dict[str, str], says: str
) -> None:
    done = _push(trained, "demo", home=tmp_path, HF_TOKEN=TOKEN, **variables)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1 and "Secret" not in done.stderr


@pytest.mark.parametrize("token", ["", "  ", None])
def test_missing_token_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    if token is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(ConfigError, match="the environment has no HF_TOKEN"):
        push(workspace, "demo", "me/demo")


@pytest.mark.parametrize("token", ["hf_a\nb", "hf_é", "hf_a b"])
def test_broken_token_is_not_repeated(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(ConfigError, match="characters that no token has") as caught:
        push(workspace, "demo", "me/demo")
    assert "hf_" not in str(caught.value)


@pytest.mark.parametrize(
    "repo_id", ["", "demo", "a/b/c", "me/..", "me/x y", "../x", "me/" + "x" * 200]
)
def test_wrong_name_of_a_repository_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, repo_id: str
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(ConfigError, match="is no name of a repository"):
        push(workspace, "demo", repo_id)


def test_base_model_is_not_pushed(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(ModelError, match="starter is a base model"):
        push(ready_workspace, "starter", "me/demo")
