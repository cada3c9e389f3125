"""A server of OpenAI-compatible endpoints and translation services that fail in chosen ways.

The first part of a path names the situation: `server.url("stall-midway")` is the base URL of an
API that stops answering in the middle of a stream. The situations are those of `chat_faults`,
`excesses` and `translation_services`. Every request is noted, and every client that leaves before
the end.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
import traceback
from collections import Counter
from types import TracebackType
from typing import Any

import uvicorn

from tests.servers import chat_faults, excesses, translation_services
from tests.servers.exchange import (
    KEY,
    Asked,
    Disconnect,
    Exchange,
    Handler,
    Receive,
    Send,
    not_found,
    read_request,
)

__all__ = ["KEY", "Asked", "Disconnect", "FaultServer"]

START_LIMIT_S = 30.0


class FaultServer:
    """The server, in a thread of this process.

    Attributes:
        port: Where it listens.
        other_port: Where it listens too, for situations that redirect.
    """

    def __init__(self) -> None:
        self._noted = threading.Condition()
        self._requests: list[Asked] = []
        self._disconnects: list[Disconnect] = []
        self._num_asked: Counter[str] = Counter()
        self._working: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sockets = [_bound(), _bound()]
        self.port, self.other_port = (int(sock.getsockname()[1]) for sock in self._sockets)
        config = uvicorn.Config(
            self._answer,
            interface="asgi3",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=(self._sockets,))

    def __enter__(self) -> FaultServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def start(self) -> None:
        """Returns as soon as it answers."""
        self._thread.start()
        deadline = time.monotonic() + START_LIMIT_S
        while not self._server.started:
            assert self._thread.is_alive(), "the fault server did not start"
            assert time.monotonic() < deadline, "the fault server did not start in time"
            time.sleep(0.01)

    def end(self) -> None:
        """Stops it, whoever still waits for an answer."""
        self._server.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._give_up)
        self._thread.join(START_LIMIT_S)
        assert not self._thread.is_alive(), f"the fault server did not stop:\n{self._at_work()}"

    def _at_work(self) -> str:
        """Where its thread stands and what its loop still waits for."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        stack = "".join(traceback.format_stack(frame)) if frame else "no thread"
        tasks = asyncio.all_tasks(self._loop) if self._loop is not None else ()
        return "\n".join([stack, *map(str, tasks), *map(str, threading.enumerate())])

    def url(self, situation: str = "echo") -> str:
        """Gives the base URL of an OpenAI-compatible API, which ends in /v1."""
        return f"{self.root(situation)}/v1"

    def root(self, situation: str) -> str:
        """Gives the URL below which a translation service has its paths."""
        return f"http://127.0.0.1:{self.port}/{situation}"

    @property
    def requests(self) -> list[Asked]:
        """All requests so far, in order of arrival."""
        with self._noted:
            return list(self._requests)

    @property
    def disconnects(self) -> list[Disconnect]:
        """All clients that left early so far."""
        with self._noted:
            return list(self._disconnects)

    def asked(self, situation: str) -> list[Asked]:
        """Gives the requests to a situation."""
        return [request for request in self.requests if request.situation == situation]

    def wait_for_requests(self, num: int = 1, *, limit_s: float = 10.0) -> list[Asked]:
        """Gives the requests as soon as there are `num`; fails after `limit_s`."""
        with self._noted:
            came = self._noted.wait_for(lambda: len(self._requests) >= num, limit_s)
            assert came, f"{len(self._requests)} of {num} requests came in {limit_s} s"
            return list(self._requests)

    def wait_for_disconnects(self, num: int = 1, *, limit_s: float = 10.0) -> list[Disconnect]:
        """Gives the clients that left as soon as there are `num`; fails after `limit_s`."""
        with self._noted:
            left = self._noted.wait_for(lambda: len(self._disconnects) >= num, limit_s)
            assert left, f"{len(self._disconnects)} of {num} clients left in {limit_s} s"
            return list(self._disconnects)

    def forget(self) -> None:
        """Forgets all requests, so that the next one is the first."""
        with self._noted:
            self._requests.clear()
            self._disconnects.clear()
            self._num_asked.clear()

    async def _answer(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self._loop = asyncio.get_running_loop()
        asked = await read_request(scope, receive, time.monotonic())
        exchange = Exchange(asked, self._note(asked), self.other_port, send)
        work = asyncio.ensure_future(_work(exchange))
        leaving = asyncio.ensure_future(receive())  # the body is read: it says only "disconnect"
        self._working.add(work)
        try:
            await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self._note_disconnect(exchange)
        finally:
            self._working.discard(work)
            work.cancel()
            leaving.cancel()
            outcomes = await asyncio.gather(work, leaving, return_exceptions=True)
        if isinstance(outcomes[0], Exception):
            raise outcomes[0]

    def _note(self, asked: Asked) -> int:
        with self._noted:
            num_before = self._num_asked[asked.situation]
            self._num_asked[asked.situation] += 1
            self._requests.append(asked)
            self._noted.notify_all()
            return num_before

    def _note_disconnect(self, exchange: Exchange) -> None:
        left = Disconnect(exchange.asked, exchange.num_chunks, time.monotonic())
        with self._noted:
            self._disconnects.append(left)
            self._noted.notify_all()

    def _give_up(self) -> None:
        for work in self._working:
            work.cancel()


def _bound() -> socket.socket:
    # Only of sockets that say "TCP" asyncio takes the delay; else small chunks wait 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.bind(("127.0.0.1", 0))
    return sock


async def _work(exchange: Exchange) -> None:
    situation = exchange.asked.situation
    handler: Handler | None = chat_faults.handler(situation)
    handler = handler or excesses.handler(situation)
    handler = handler or translation_services.handler(situation) or not_found
    await handler(exchange)
