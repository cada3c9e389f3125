"""A stand-in for the Hugging Face Hub: repositories made on the spot, and faults on demand.

It answers as the real one does: model info with sizes and checksums, small files behind a relative
redirect, large ones behind one to another host (here `localhost` instead of `127.0.0.1`), ranges,
and errors by status and `X-Error-Code`. Every request is noted.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE_BYTES = 10_000  # from here on a file is kept as the hub keeps large ones
PIECE_BYTES = 4096
TOKEN = "hf_rightTokenOfTheTest"


@dataclass
class Repo:
    """A repository: commits with their files, branches and tags.

    Attributes:
        commits: Commit -> name -> content.
        refs: Branch or tag -> commit.
        token: Who may read it must show this one; empty = everybody may.
        gated: Whether files (not the info) are refused to those who may read it.
    """

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    token: str = ""
    gated: bool = False

    def commit(self, files: dict[str, bytes], ref: str = "main") -> str:
        """Adds a commit with exactly these files and lets the branch stand for it."""
        text = json.dumps([len(self.commits), sorted((n, _sha(c)) for n, c in files.items())])
        commit = hashlib.sha1(text.encode()).hexdigest()
        self.commits[commit] = files
        self.refs[ref] = commit
        return commit

    def resolved(self, revision: str) -> str:
        return revision if revision in self.commits else self.refs.get(revision, "")


@dataclass
class Faults:
    """What goes wrong.

    Attributes:
        breaks: File name -> after how many bytes of an answer the connection ends; one number
            for each request, until there are none left.
        corrupt: Files whose bytes come changed.
        statuses: For the next requests of the model info: the statuses that they get.
        file_statuses: The same for files.
        piece_pause_s: Pause after each piece of a file.
        ignores_range: Whether ranges are answered with the whole file.
    """

    breaks: dict[str, list[int]] = field(default_factory=dict)
    corrupt: set[str] = field(default_factory=set)
    statuses: list[int] = field(default_factory=list)
    file_statuses: list[int] = field(default_factory=list)
    piece_pause_s: float = 0.0
    ignores_range: bool = False


@dataclass(frozen=True)
class Request:
    """One request as it came.

    Attributes:
        method: HEAD or GET.
        path: Without the query.
        host: The host that was asked.
        range: The header, or empty.
        token: Of the header, or empty.
    """

    method: str
    path: str
    host: str
    range: str
    token: str


class HubServer:
    """The stand-in, in threads of this process.

    Attributes:
        repos: Id -> repository.
        faults: What goes wrong now.
        requests: What was asked, in order.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.faults = Faults()
        self.requests: list[Request] = []
        hub = self

        class Bound(_Handler):
            server_hub = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def endpoint(self) -> str:
        """For HF_ENDPOINT."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forget(self) -> None:
        """Begins anew: no repository, no fault, no request."""
        self.repos.clear()
        self.requests.clear()
        self.faults = Faults()

    def add(self, repo_id: str, files: dict[str, bytes], **values: Any) -> Repo:
        """Adds a repository with one commit."""
        repo = Repo(**values)
        repo.commit(files)
        self.repos[repo_id] = repo
        return repo

    def gets(self, part: str) -> list[Request]:
        """Gives the GET requests whose path holds `part`."""
        return [each for each in self.requests if each.method == "GET" and part in each.path]


def files_of(folder: Path) -> dict[str, bytes]:
    """Gives the files of a folder, as a commit takes them."""
    paths: Iterable[Path] = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _etag(content: bytes) -> str:
    """Gives SHA-256 of a large file, git's SHA-1 of a small one."""
    if len(content) >= LARGE_BYTES:
        return _sha(content)
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    server_hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps quiet."""

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def _answer(self, *, has_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        host = self.headers.get("Host", "")
        asked = Request(self.command, path, host, self.headers.get("Range", ""), token)
        self.server_hub.requests.append(asked)
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._info(parts[2:], token)
        elif parts[0] == "cdn":
            self._large(parts[1], parts[2], "/".join(parts[3:]), has_body)
        elif parts[:2] == ["api", "resolve-cache"]:
            self._small("/".join(parts[2:4]), parts[4], "/".join(parts[5:]), has_body)
        elif len(parts) > 4 and parts[2] == "resolve":
            self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]), token)
        else:
            self._error(404, "EntryNotFound", "Entry not found")

    def _readable(self, repo_id: str, token: str) -> Repo | None:
        """Gives the repository if it may be read; else answers as the real hub does."""
        repo = self.server_hub.repos.get(repo_id)
        known = {each.token for each in self.server_hub.repos.values()} | {TOKEN}
        if token and token not in known:
            self._error(401, "", "Invalid credentials in Authorization header")
        elif repo is None or (repo.token and token != repo.token):
            # Without a token the real one does not tell "private" from "there is none".
            self._error(404 if token else 401, "RepoNotFound", "Repository not found")
        else:
            return repo
        return None

    def _info(self, parts: list[str], token: str) -> None:
        faults = self.server_hub.faults
        if faults.statuses:
            self._error(faults.statuses.pop(0), "", "out of order")
            return
        repo_id = "/".join(parts[:2])
        repo = self._readable(repo_id, token)
        if repo is None:
            return
        if len(parts) > 2 and parts[2] == "tree":
            self._error(404, "EntryNotFound", "There is no such folder")
            return
        commit = repo.resolved(parts[3] if len(parts) > 3 else "main")
        if not commit:
            self._error(404, "RevisionNotFound", "Invalid rev id")
            return
        self._json(200, _described(repo_id, repo, commit))

    def _resolve(self, repo_id: str, revision: str, name: str, token: str) -> None:
        faults = self.server_hub.faults
        if faults.file_statuses:
            self._error(faults.file_statuses.pop(0), "", "out of order")
            return
        repo = self._readable(repo_id, token)
        if repo is None:
            return
        commit = repo.resolved(revision)
        if not commit:
            self._error(404, "RevisionNotFound", "Invalid rev id")
        elif repo.gated:
            self._error(403, "GatedRepo", "Access to this model is restricted")
        elif name not in repo.commits[commit]:
            self._error(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": commit})
        else:
            self._redirect(repo_id, commit, name, repo.commits[commit][name])

    def _redirect(self, repo_id: str, commit: str, name: str, content: bytes) -> None:
        if len(content) >= LARGE_BYTES:
            owner, short = repo_id.split("/")
            place = f"http://localhost:{self.server_hub.port}/cdn/{owner}--{short}/{commit}/{name}"
            size = {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{_etag(content)}"'}
            self._headers(302, {"Location": place, "X-Repo-Commit": commit, **size})
        else:
            place = f"/api/resolve-cache/{repo_id}/{commit}/{name}"
            self._headers(307, {"Location": place, "X-Repo-Commit": commit})

    def _small(self, repo_id: str, commit: str, name: str, has_body: bool) -> None:
        content = self.server_hub.repos[repo_id].commits[commit][name]
        values = {"ETag": f'"{_etag(content)}"', "X-Repo-Commit": commit}
        self._file(name, content, values, has_body)

    def _large(self, repo: str, commit: str, name: str, has_body: bool) -> None:
        content = self.server_hub.repos[repo.replace("--", "/")].commits[commit][name]
        self._file(name, content, {"ETag": f'"{_etag(content)}"'}, has_body)

    def _file(self, name: str, content: bytes, values: dict[str, str], has_body: bool) -> None:
        faults, total, status = self.server_hub.faults, len(content), 200
        if name in faults.corrupt:
            content = bytes([content[0] ^ 255]) + content[1:]
        asked = self.headers.get("Range", "")
        if asked and not faults.ignores_range:
            first = int(asked.removeprefix("bytes=").split("-")[0])
            status, content = 206, content[first:]
            values = {**values, "Content-Range": f"bytes {first}-{total - 1}/{total}"}
        self._headers(status, {**values, "Accept-Ranges": "bytes"}, len(content))
        if not has_body:
            return
        broken = faults.breaks.get(name) or [total]
        limit = broken.pop(0) if name in faults.breaks and broken else len(content)
        for first in range(0, min(limit, len(content)), PIECE_BYTES):
            self.wfile.write(content[first : min(first + PIECE_BYTES, limit)])
            self.wfile.flush()
            time.sleep(faults.piece_pause_s)
        self.close_connection = limit < len(content)

    def _headers(self, status: int, values: dict[str, str], length: int = 0) -> None:
        self.send_response(status)
        for name, value in values.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _error(
        self, status: int, code: str, message: str, values: dict[str, str] | None = None
    ) -> None:
        values = {**({"X-Error-Code": code} if code else {}), **(values or {})}
        self._json(status, {"error": message}, {**values, "X-Error-Message": message})

    def _json(self, status: int, value: Any, values: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self._headers(status, {"Content-Type": "application/json", **(values or {})}, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)


def _described(repo_id: str, repo: Repo, commit: str) -> dict[str, Any]:
    siblings = []
    for name, content in repo.commits[commit].items():
        entry: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": "0" * 40}
        if len(content) >= LARGE_BYTES:
            entry["lfs"] = {"sha256": _sha(content), "size": len(content), "pointerSize": 134}
        siblings.append(entry)
    return {
        "id": repo_id,
        "modelId": repo_id,
        "sha": commit,
        "private": bool(repo.token),
        "gated": "manual" if repo.gated else False,
        "tags": ["license:cc-by-nc-4.0"],
        "siblings": siblings,
        "cardData": {"license": "cc-by-nc-4.0"},
    }
