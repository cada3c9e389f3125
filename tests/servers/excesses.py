"""Endpoints that answer more than anybody wants, compressed, or with the key at any place.

They do so on all of their paths: they also stand in for a translation service.
"""

from __future__ import annotations

import gzip
import json
import re

from tests.servers.exchange import KEY, Exchange, Handler
from tests.servers.talk import Talk

FILLER = b"x" * 65_536
ENDLESS_BYTES = 100_000_000  # the cap of what has no end; no sensible client reads so far
ERROR = "Out of order"

NUM_PADDED = 250
PADDING = "x" * 20_000

THOUGHT = "Hm, " * 2_500


def handler(situation: str) -> Handler | None:
    """Gives what answers in a situation; None if there is no such situation."""
    if situation.startswith("coded-"):
        return _coded
    if situation.startswith("busy-coded-"):
        return _busy_coded
    if re.fullmatch(r"key-at-\d+", situation):
        return _key_at
    return SITUATIONS.get(situation)


def _endless(status: int, media: str, start: bytes, filler: bytes = FILLER) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.begin(status, media)
        await exchange.chunk(start)
        for _ in range(ENDLESS_BYTES // len(filler)):
            await exchange.chunk(filler)
        await exchange.finish()

    return answer


async def _padded_events(exchange: Exchange) -> None:
    """Says a little in each of many events, as servers do that hide how long their tokens are."""
    delta = {"content": "a ", "obfuscation": PADDING}
    event = json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]})
    await exchange.begin()
    for _ in range(NUM_PADDED):
        await exchange.chunk(f"data: {event}\n\n".encode())
    await exchange.chunk(b"data: [DONE]\n\n")
    await exchange.finish()


async def _endless_thoughts(exchange: Exchange) -> None:
    talk = Talk(exchange)
    await exchange.begin()
    for _ in range(ENDLESS_BYTES // len(THOUGHT)):
        await talk.delta(THOUGHT, "reasoning_content")
    await talk.end_stream("stop", None)


async def _coded(exchange: Exchange) -> None:
    """Says that it is compressed, as the situation says; what comes is."""
    coding = exchange.asked.situation.removeprefix("coded-")
    message = {"role": "assistant", "content": "a"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    content = json.dumps({"choices": choices, "translatedText": "a"}).encode()
    data = content if coding == "identity" else gzip.compress(content)
    await exchange.reply(data, content_encoding=coding)


async def _busy_coded(exchange: Exchange) -> None:
    """Refuses with a body that says that it is compressed, as the situation says."""
    coding = exchange.asked.situation.removeprefix("busy-coded-")
    data = gzip.compress(b'{"error": {"message": "slower, please"}}')
    await exchange.reply(data, status=429, content_encoding=coding)


async def _key_at(exchange: Exchange) -> None:
    num = int(exchange.asked.situation.removeprefix("key-at-"))
    await exchange.reply(f"{'x' * num} {KEY} {'x' * 100}", media="text/plain")


async def _key_as_model(exchange: Exchange) -> None:
    await exchange.reply({"object": "list", "data": [{"id": f"model of {KEY}"}, {"id": 7}]})


_WHOLE = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "'
_EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "'
_SAID = _EVENT + b'a"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'

SITUATIONS: dict[str, Handler] = {
    "endless-json": _endless(200, "application/json", _WHOLE),
    "endless-page": _endless(200, "text/html", b"<html>"),
    "endless-text": _endless(200, "text/plain", b""),
    "endless-event": _endless(200, "text/event-stream", _EVENT),
    "endless-lines": _endless(200, "text/event-stream", b"", b"data: x\r\n" * 8_000),
    "endless-blanks": _endless(200, "application/json", _WHOLE[:-1], b"\n" * 65_536),
    "endless-rest": _endless(200, "text/event-stream", _SAID),
    "endless-error": _endless(500, "text/html", f"<h1>{ERROR}</h1>".encode()),
    "endless-refusal": _endless(429, "application/json", b'{"error": {"message": "Slow down. '),
    "endless-thoughts": _endless_thoughts,
    "padded-events": _padded_events,
    "key-as-model": _key_as_model,
}
