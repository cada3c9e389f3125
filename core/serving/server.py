"""The service's process: a socket, a model, uvicorn, and an end in good order."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from core.serving.app import create_app
from core.serving.idleness import idle_sentence, until_idle
from core.serving.server_socket import bound_socket
from core.serving.service import Service, open_service
from core.serving.settings import ServeSettings
from core.storage.files import write_json
from core.storage.workspace import Workspace

# What is in the model may finish; what still waits after this is refused.
DRAIN_S = 4.0
SHUTDOWN_S = 8
FIGURES_EVERY_S = 2.0

log = logging.getLogger(__name__)


class ServiceServer(uvicorn.Server):
    """Uvicorn that tells the service as soon as it has to end.

    Attributes:
        end_sentence: Why it ended by itself; empty where a signal ended it.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.end_sentence = ""
        self._service = service
        self._draining: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Takes a signal: no new work from now on, and soon an end to what waits."""
        self._service.refuse()
        super().handle_exit(sig, frame)

    async def end_when_idle(self) -> None:
        """Ends in good order, as after a signal, once nobody has used the service for long."""
        service, minutes = self._service, self._service.settings.idle_minutes
        await until_idle(service.statistics, service.documents, minutes)
        self.end_sentence = idle_sentence(minutes)
        service.refuse()
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Begins to drain once the signal has come; called ten times a second."""
        should_exit = await super().on_tick(counter)
        if should_exit and self._draining is None:
            self._draining = asyncio.create_task(self._service.drain(DRAIN_S))
        return should_exit


def serve(
    workspace: Workspace,
    settings: ServeSettings,
    folder: Path,
    *,
    figures_file: Path | None = None,
    when_ready: Callable[[], Coroutine[Any, Any, None]] | None = None,
) -> str:
    """Serves a prepared model until a signal ends it, or until nobody has used it for long.

    Args:
        workspace: Keys and feedback are its records.
        settings: How it answers.
        folder: The prepared model.
        figures_file: Where the figures of the Deploy page go; None = nowhere.
        when_ready: Called once the model has translated something.

    Returns:
        Why it ended by itself, in one sentence.

    Raises:
        HostError: The port is taken, or there is too little memory.
        ModelError: The folder holds no prepared model.
        ConfigError: A key is demanded and there is none.
    """
    _log_to_stderr()
    listener = bound_socket(settings.host, settings.port)
    service = open_service(workspace, settings, folder)
    if figures_file is not None:
        service.on_start.append(lambda: _report(service, figures_file))
    if when_ready is not None:
        service.on_start.append(when_ready)
    service.on_start.append(lambda: _announce(service))
    server = ServiceServer(_config(service), service)
    if settings.idle_minutes:
        service.on_start.append(server.end_when_idle)
    server.run(sockets=[listener])
    if server.end_sentence:
        log.info(server.end_sentence)
    return server.end_sentence


def _config(service: Service) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(service),
        access_log=False,  # its lines would hold what users wrote into addresses
        log_config=None,
        server_header=False,
        proxy_headers=False,  # any caller could claim another address and dodge its limits
        timeout_graceful_shutdown=SHUTDOWN_S,
        timeout_keep_alive=15,
    )


def _log_to_stderr() -> None:
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(name)s %(message)s",
        force=True,  # the command line has set its own, for warnings only
    )
    for name in ("httpx", "uvicorn", "python_multipart", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


async def _announce(service: Service) -> None:
    settings = service.settings
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    log.info("%s is served at http://%s:%d", service.servable.name, host, settings.port)


async def _report(service: Service, path: Path) -> None:
    """Writes the figures every two seconds, as long as the service runs."""
    while not service.is_stopping:
        figures = {
            **service.statistics.snapshot(),
            "queue": service.batcher.num_waiting,
            "num_guarded": service.translator.num_guarded,
            "num_cached": service.translator.num_cached,
        }
        try:
            await asyncio.to_thread(write_json, path, figures)
        except OSError as error:  # a full disk must not end the service
            log.warning("the figures could not be written: %s", error.strerror)
        await asyncio.sleep(FIGURES_EVERY_S)
