"""A translation service for one measurement: a child of the measuring process, and its callers.

As a child it belongs to the job's process tree, which is what the supervisor's meter counts.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.finetune.command import free_port
from core.host import SHORT_SPIN
from core.jobs.failures import first_failure
from core.jobs.folder import JobFolder
from core.jobs.processes import die_with_parent
from core.serving.settings import ServeSettings
from core.storage.files import write_json
from core.storage.workspace import PROJECT, Workspace

HOST = "127.0.0.1"
TEXTS_PER_REQUEST = 16
# Together 64 segments at once, as a batch translation has them under way.
NUM_CALLERS = 4
LOADING_LIMIT_S = 1800.0
ANSWER_LIMIT_S = 900.0
_END_S = 10.0


@dataclass(frozen=True)
class Amount:
    """How much was translated.

    Attributes:
        num_segments: Texts, each time that one was translated.
        num_source_characters, num_output_characters: Of them and of what came back.
        seconds: From the first request to the last answer.
    """

    num_segments: int
    num_source_characters: int
    num_output_characters: int
    seconds: float


@contextlib.contextmanager
def own_service(workspace: Workspace, model: Path, folder: Path) -> Iterator[int]:
    """Serves a prepared model while the block runs; gives the port once it translates.

    Args:
        workspace: For the service's own records, which it does not use here.
        model: The folder of the prepared model.
        folder: Where its settings and its log go.

    Raises:
        ModelError: It did not begin to serve.
    """
    service = JobFolder(folder)
    service.path.mkdir(exist_ok=True)
    port = free_port()
    settings = ServeSettings(
        model=str(model),
        host=HOST,
        port=port,
        deadline_s=ANSWER_LIMIT_S,
        char_limit=10_000_000,
        cache_limit=0,  # the test set comes again and again, and each time it is to be translated
    )
    settings.save(service.settings_file)
    write_json(service.job_file, {"workspace": str(workspace.root)})
    process = _started(service)
    try:
        _wait_until_ready(process, service, port)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def translate_for(
    port: int,
    sources: Sequence[str],
    direction: tuple[str, str],
    seconds: float,
    tell: Callable[[float], None] = lambda elapsed_s: None,
) -> Amount:
    """Translates texts, over and over, for so many seconds; what was begun is finished.

    Args:
        port: Where the service listens.
        sources: The texts, at least one.
        direction: FLORES-200 codes of source and target.
        seconds: No request begins later; at least one request is made by each caller.
        tell: Called after each answer with the seconds since the beginning.

    Raises:
        ModelError: The service did not answer.
    """
    calls = _Calls(sources)
    began_s = time.monotonic()

    def ask_on() -> list[tuple[int, int, int]]:
        counts: list[tuple[int, int, int]] = []
        connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_LIMIT_S)
        with contextlib.closing(connection):
            while not counts or time.monotonic() - began_s < seconds:
                texts = calls.next_texts()
                answers = _translated(connection, texts, direction)
                counts.append((len(texts), sum(map(len, texts)), sum(map(len, answers))))
                tell(time.monotonic() - began_s)
        return counts

    with ThreadPoolExecutor(NUM_CALLERS) as callers:
        asked = [callers.submit(ask_on) for _ in range(NUM_CALLERS)]
        counts = [count for each in asked for count in each.result()]
    took_s = time.monotonic() - began_s
    segments, characters, outputs = map(sum, zip(*counts, strict=True))
    return Amount(segments, characters, outputs, took_s)


class _Calls:
    """Hands texts out, a few at a time, from the beginning again when they are at their end."""

    def __init__(self, sources: Sequence[str]) -> None:
        # The service translates what comes twice in one request only once: that would not count.
        self._sources = list(dict.fromkeys(sources))
        self._size = min(TEXTS_PER_REQUEST, len(self._sources))
        self._next = 0
        self._lock = threading.Lock()

    def next_texts(self) -> list[str]:
        count = len(self._sources)
        with self._lock:
            first = self._next
            self._next = (first + self._size) % count
        return [self._sources[(first + each) % count] for each in range(self._size)]


def _translated(
    connection: http.client.HTTPConnection, texts: list[str], direction: tuple[str, str]
) -> list[str]:
    body = json.dumps({"q": texts, "source": direction[0], "target": direction[1]})
    try:
        connection.request("POST", "/translate", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        values: Any = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ModelError(
            f"The model's service did not answer: {str(error) or type(error).__name__}.",
            hint="Its log is in the measurement's folder, under service.",
        ) from error
    if answer.status != http.HTTPStatus.OK:
        raise ModelError(f"The model's service answered {answer.status}: {values.get('error')}")
    return [str(text) for text in values["translatedText"]]


def _started(service: JobFolder) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false", **SHORT_SPIN}
    with service.log_file.open("ab") as log_file:
        return subprocess.Popen(
            [sys.executable, "-m", "core.serving.serving", str(service.path)],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent,
        )


def _wait_until_ready(process: subprocess.Popen[bytes], service: JobFolder, port: int) -> None:
    deadline_s = time.monotonic() + LOADING_LIMIT_S
    while time.monotonic() < deadline_s:
        if process.poll() is not None:
            failure = first_failure(service) or {}
            said = failure.get("message") or f"it ended with exit code {process.returncode}"
            hint = failure.get("hint") or "Its log is in the measurement's folder, under service."
            raise ModelError(f"The model could not be served: {said.rstrip('.')}.", hint=hint)
        if _is_ready(port):
            return
        time.sleep(0.1)
    raise ModelError(
        f"The model's service was not ready within {LOADING_LIMIT_S / 60:.0f} minutes.",
        hint="Its log is in the measurement's folder, under service.",
    )


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
