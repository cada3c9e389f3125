"""A request to a server of the tests, and the ways to answer it well or badly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl

# The only key that guarded situations accept.
KEY = "secret-key-123"

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Asked:
    """A request as it arrived.

    Attributes:
        method: GET or POST.
        path: The whole path, without the query.
        query: The last value of each query parameter.
        headers: By lower-case name.
        raw: The body's bytes.
        port: Where it arrived; redirects lead to another one.
        at_s: When, on the monotonic clock.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    port: int
    at_s: float

    @property
    def situation(self) -> str:
        """The first part of the path."""
        return self.path.split("/")[1]

    @property
    def rest(self) -> str:
        """The path behind the situation: "/v1/models"."""
        return self.path.removeprefix(f"/{self.situation}")

    @property
    def body(self) -> Any:
        """The parsed JSON; None if there is none."""
        try:
            return json.loads(self.raw)
        except ValueError:
            return None

    @property
    def fields(self) -> dict[str, Any]:
        """What was asked in JSON, in a form or in the query; lists where a form repeats a name."""
        if isinstance(self.body, dict):
            return {**self.query, **self.body}
        form = parse_qs(self.raw.decode(errors="replace"), keep_blank_values=True)
        return {**self.query, **{name: x if len(x) > 1 else x[0] for name, x in form.items()}}


@dataclass(frozen=True)
class Disconnect:
    """A client that left before its answer was complete.

    Attributes:
        asked: What it had asked.
        num_chunks: Chunks that had been sent to it.
        at_s: When, on the monotonic clock.
    """

    asked: Asked
    num_chunks: int
    at_s: float


class Exchange:
    """One request and the answer to it; an answer without an end drops the connection.

    Attributes:
        asked: The request.
        num_before: Requests to the same situation before this one.
        other_port: A second port of the same server, to redirect to.
        num_chunks: Chunks sent so far.
    """

    def __init__(self, asked: Asked, num_before: int, other_port: int, send: Send) -> None:
        self.asked = asked
        self.num_before = num_before
        self.other_port = other_port
        self.num_chunks = 0
        self._send = send

    async def reply(
        self, content: Any, status: int = 200, media: str = "application/json", **headers: str
    ) -> None:
        """Sends a whole answer; what is neither text nor bytes is sent as JSON."""
        if not isinstance(content, str | bytes):
            content = json.dumps(content)
        data = content.encode() if isinstance(content, str) else content
        await self.begin(status, media, content_length=str(len(data)), **headers)
        await self._send({"type": "http.response.body", "body": data})

    async def begin(
        self, status: int = 200, media: str = "text/event-stream", **headers: str
    ) -> None:
        """Sends the head of an answer; names of headers with `_` for `-`."""
        sent = {"content-type": media, **headers}
        lines = [(name.replace("_", "-").encode(), text.encode()) for name, text in sent.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": lines})

    async def chunk(self, data: bytes) -> None:
        """Sends one chunk of the body."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        self.num_chunks += 1
        await asyncio.sleep(0)  # else a client that left goes unnoticed

    async def finish(self) -> None:
        """Ends the body properly."""
        await self._send({"type": "http.response.body", "body": b""})


Handler = Callable[[Exchange], Awaitable[None]]


async def read_request(scope: dict[str, Any], receive: Receive, at_s: float) -> Asked:
    """Reads a request of the ASGI protocol with its whole body."""
    raw, more = b"", True
    while more:
        message = await receive()
        raw += message.get("body", b"")
        more = message.get("more_body", False)
    return Asked(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
        headers={name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]},
        raw=raw,
        port=scope["server"][1],
        at_s=at_s,
    )


async def not_found(exchange: Exchange) -> None:
    """Answers as FastAPI does where there is nothing."""
    await exchange.reply({"detail": "Not Found"}, 404)
