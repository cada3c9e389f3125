"""Downloading a model into the hub's cache: goes on where it stopped, and checks what came.

The hub's library begins a file anew after each interruption, because several processes may write
it at once. Here one process at a time downloads a model, so that what is there can be kept; the
bytes themselves, the links of the cache and the errors are the library's own.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from core.errors import HostError, ModelError
from core.hub import cached
from core.hub.refusals import cause_of, hub_token, is_connection, one_sentence
from core.hub.remote import RemoteFile, RemoteModel, ask
from core.jobs.entering import locked

MAX_TRIES = 6  # one after the other without a single byte
FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 30.0
SPARE_BYTES = 50_000_000
_PIECE_BYTES = 1 << 20
_TRANSIENT = (408, 425, 429, 500, 502, 503, 504)

log = logging.getLogger(__name__)


class Watcher(Protocol):
    """What is told about a download."""

    def begins(self, model: RemoteModel, done_bytes: int) -> None:
        """It is known what has to be downloaded, and how much of it is here."""

    def has(self, done_bytes: int) -> None:
        """So many bytes are here now."""

    def pauses(self, why: str) -> None:
        """The connection broke; it is tried again."""


def download(
    repo_id: str,
    revision: str,
    watcher: Watcher,
    on_resolved: Callable[[str], None] = lambda commit: None,
) -> Path:
    """Downloads what a run needs of a model and gives its folder; what is here already is kept.

    Args:
        repo_id: The model.
        revision: A commit, branch or tag; empty = the newest.
        watcher: Told how far it is.
        on_resolved: Called with the commit before the first byte comes.

    Raises:
        ModelError: The hub does not give it, the connection stays broken, or a checksum is wrong.
        HostError: There is too little space on the disk.
    """
    if not cached.is_hub_id(repo_id):
        raise ModelError(f"{repo_id[:120]!r} is no id of a model on the hub.", hint="owner/name")
    with locked(cached.cache_folder() / ".locks" / cached.repo_folder(repo_id).name / "model"):
        model = ask(repo_id, revision, trying=lambda work: _trying_again(work, watcher))
        on_resolved(model.commit)
        with one_sentence(repo_id, revision):
            _fetch_all(model, watcher)
            _write_ref(repo_id, revision or cached.NEWEST, model.commit)
    folder = cached.snapshot(repo_id, model.commit)
    if folder is None:
        raise ModelError(
            f"{repo_id} was downloaded, but it is no whole model: configuration, tokenizer or "
            "weights are missing.",
            hint="Choose a model that was published for Transformers.",
        )
    return folder


def _fetch_all(model: RemoteModel, watcher: Watcher) -> None:
    folder = cached.repo_folder(model.repo_id)
    places = {file: _Place(folder, model.commit, file) for file in model.files}
    here = sum(place.num_bytes() for place in places.values())
    _check_space(model, model.size_bytes - here)
    watcher.begins(model, here)
    done = 0
    for file, place in places.items():
        if not place.is_linked():
            _fetch(model, file, place, watcher, done)
        done += file.size_bytes
        watcher.has(done)


class _Place:
    """Where one file of a model is in the cache: whole, begun, or not yet."""

    def __init__(self, folder: Path, commit: str, file: RemoteFile) -> None:
        self.folder = folder
        self.link = folder / "snapshots" / commit / file.name
        self._size_bytes = file.size_bytes
        self._sha256 = file.sha256

    def is_linked(self) -> bool:
        return self.link.exists()

    def blob(self, etag: str) -> Path:
        return self.folder / "blobs" / etag

    def partial(self, etag: str) -> Path:
        return self.folder / "blobs" / f"{etag}.incomplete"

    def num_bytes(self) -> int:
        """Gives how much is here; of small files a begun one counts as nothing."""
        if self.is_linked() or (self._sha256 and self.blob(self._sha256).exists()):
            return self._size_bytes
        partial = self.partial(self._sha256)
        return partial.stat().st_size if self._sha256 and partial.exists() else 0


def _check_space(model: RemoteModel, missing_bytes: int) -> None:
    folder = cached.cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if missing_bytes and free < missing_bytes + min(SPARE_BYTES, missing_bytes):
        raise HostError(
            f"The disk is full: {model.repo_id} needs {_gb(missing_bytes)} more and {_gb(free)} "
            f"are free under {folder}.",
            hint="Delete models that you no longer need (Settings, or `python -m core hub list`), "
            "or set HF_HOME to a larger disk.",
        )


def _gb(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.2f} GB" if num_bytes >= 1e8 else f"{num_bytes / 1e6:.2f} MB"


def _fetch(
    model: RemoteModel, file: RemoteFile, place: _Place, watcher: Watcher, before: int
) -> None:
    """Downloads one file, checks it, and links it into the snapshot."""
    from huggingface_hub import hf_hub_download

    etag = str(_trying_again(lambda: _metadata(model, file), watcher).etag)
    blob, partial = place.blob(etag), place.partial(etag)
    if not blob.exists():
        blob.parent.mkdir(parents=True, exist_ok=True)
        _receive(model, file, partial, watcher, before)
        _verify(model.repo_id, file, partial, etag)
        partial.replace(blob)
    token = hub_token() or False
    # Finds the file in the cache, and links it as Transformers expects it.
    _trying_again(
        lambda: hf_hub_download(model.repo_id, file.name, revision=model.commit, token=token),
        watcher,
    )


def _metadata(model: RemoteModel, file: RemoteFile) -> Any:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(model.repo_id, file.name, revision=model.commit)
    meta = get_hf_file_metadata(url, token=hub_token() or False)
    if not meta.etag or meta.commit_hash != model.commit:
        raise ModelError(
            f"The hub's answer for {file.name} of {model.repo_id} names no commit and no checksum.",
            hint="Something between this machine and the hub changes its answers: a proxy?",
        )
    return meta


def _receive(
    model: RemoteModel, file: RemoteFile, partial: Path, watcher: Watcher, before: int
) -> None:
    """Appends to what is there of a file until all of it is; a broken connection is taken up."""
    with partial.open("ab", buffering=0) as opened:
        growth = _Growth(opened.tell())

        def more() -> None:
            # The address of a large file is good for an hour or so: asked anew each time.
            location = _metadata(model, file).location
            for done_bytes in _pieces(location, opened, file.size_bytes):
                growth.done_bytes = done_bytes
                watcher.has(before + done_bytes)

        _trying_again(more, watcher, growth)
        os.fsync(opened.fileno())


def _pieces(location: str, opened: Any, size_bytes: int) -> Iterator[int]:
    """Appends what is missing, and gives after each piece how much is there.

    The library's own function hands on ten megabytes at a time, and loses what came of them when
    the connection breaks.
    """
    from huggingface_hub import constants, get_session
    from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

    here = opened.seek(0, os.SEEK_END)
    if here > size_bytes:  # of another download, or another file: begun anew
        here = opened.truncate(0)
    if here == size_bytes:
        return
    headers = {**_headers(location), "Accept-Encoding": "identity"}
    if here:
        headers["Range"] = f"bytes={here}-"
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", location, headers=headers, timeout=timeout) as response:
        if response.is_error:
            response.read()  # the sentence of the server is in it
        hf_raise_for_status(response)
        if here and response.status_code == 200:  # the server gives the whole file or nothing
            here = opened.truncate(0)
        for piece in response.iter_bytes():
            opened.write(piece)
            here += len(piece)
            yield here
    if here != size_bytes:
        raise ConnectionError(f"the answer ended after {here:,} of {size_bytes:,} bytes")


class _Growth:
    """How much of a file is there, and whether that changed since it was last asked."""

    def __init__(self, done_bytes: int) -> None:
        self.done_bytes = done_bytes
        self._before = done_bytes

    def has_grown(self) -> bool:
        before, self._before = self._before, self.done_bytes
        return self.done_bytes > before


def _headers(location: str) -> dict[str, str]:
    """Gives the headers for a file; the token goes to the hub alone, not to where it stores."""
    from urllib.parse import urlsplit

    from huggingface_hub import constants
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    is_hub = urlsplit(location).netloc == urlsplit(constants.ENDPOINT).netloc
    return dict(build_hf_headers(token=(hub_token() or False) if is_hub else False))


def _trying_again(work: Callable[[], Any], watcher: Watcher, growth: _Growth | None = None) -> Any:
    """Does work that needs the network; gives up after several tries that brought nothing."""
    attempt = 0
    while True:
        try:
            return work()
        except Exception as error:
            attempt = 1 if growth is not None and growth.has_grown() else attempt + 1
            if attempt >= MAX_TRIES or not _is_passing(error):
                raise
            _pause(attempt - 1, type(error).__name__, watcher)


def _is_passing(error: Exception) -> bool:
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    error = cause_of(error)
    if isinstance(error, OfflineModeIsEnabled):  # a wish, though the library calls it a failure
        return False
    if isinstance(error, HfHubHTTPError):
        return error.response is not None and error.response.status_code in _TRANSIENT
    return is_connection(error)


def _pause(attempt: int, why: str, watcher: Watcher) -> None:
    seconds = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2**attempt)
    log.warning("tried again in %.0f s: %s", seconds, why)
    watcher.pauses(f"the connection broke; tried again in {seconds:.0f} s")
    time.sleep(seconds)


def _verify(repo_id: str, file: RemoteFile, path: Path, etag: str) -> None:
    """Compares what came with its checksum; wrong bytes are deleted.

    The hub's ETag is the SHA-256 of a large file, and git's own SHA-1 of a small one; other
    servers may send what they like for small files.
    """
    wanted = file.sha256 or (etag if len(etag) == 64 else "")
    if wanted:
        found = _digest(hashlib.sha256(), path)
    elif cached.COMMIT.fullmatch(etag):
        wanted = etag
        found = _digest(hashlib.sha1(f"blob {path.stat().st_size}\0".encode()), path)
    else:
        return
    if found != wanted:
        path.unlink()
        raise ModelError(
            f"{file.name} of {repo_id} came with a wrong checksum ({found[:12]}… instead of "
            f"{wanted[:12]}…) and was deleted.",
            hint="Download it again; if it stays so, something between this machine and the hub "
            "changes files.",
        )


def _digest(digest: Any, path: Path) -> str:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return str(digest.hexdigest())


def _write_ref(repo_id: str, revision: str, commit: str) -> None:
    """Writes down what a branch or tag stood for, once everything of it is here."""
    from core.storage.files import write_text

    if cached.COMMIT.fullmatch(revision):
        return
    ref = cached.repo_folder(repo_id) / "refs" / revision
    ref.parent.mkdir(parents=True, exist_ok=True)
    write_text(ref, commit)
