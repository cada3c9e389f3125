"""OpenAI-compatible endpoints, one situation each: good ones, and every way to fail.

Each has /v1/models, /v1/chat/completions and /v1/completions, with and without streaming. Those
that refuse, say nothing or answer nonsense do so on other paths as well: they also stand in for
a translation service that is out of order.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

from tests.servers.exchange import KEY, Exchange, Handler, not_found
from tests.servers.talk import MODEL, Talk

# What endpoints answer that do not echo, and what is left of it where it is cut off.
DELTAS = ("Scríobhann", " an t-altra", " litir.")
TEXT = "".join(DELTAS)
PARTIAL = "".join(DELTAS[:2])

THOUGHTS = ("The nurse ", "writes a letter.")
PAGE_502 = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
PAGE_200 = "<!doctype html><html><body><h1>Welcome!</h1></body></html>"

HUGE_CHARS = 20_000_000
HUGE_DELTA_CHARS = 10_000

_FIELDS = {"model", "messages", "prompt", "stream", "temperature", "top_p", "max_tokens", "stop"}


def handler(situation: str) -> Handler | None:
    """Gives what answers in a situation; None if there is no such situation."""
    if re.fullmatch(r"slow-\d+-\d+", situation):
        situation = "slow"
    return SITUATIONS.get(situation)


def error(message: str, kind: str, code: str | None = None, param: str | None = None) -> Any:
    """Gives an error as OpenAI words it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _refusing(
    status: int, content: Any, media: str = "application/json", **headers: str
) -> Handler:
    async def answer(exchange: Exchange) -> None:
        await exchange.reply(content, status, media, **headers)

    return answer


def _talking(speak: Callable[[Talk], Any]) -> Handler:
    """Makes a whole API of what it says."""

    async def answer(exchange: Exchange) -> None:
        asked = exchange.asked
        if asked.rest == "/v1/models":
            model = {"id": MODEL, "object": "model", "created": 1_700_000_000, "owned_by": "tests"}
            await exchange.reply({"object": "list", "data": [model]})
        elif asked.rest not in ("/v1/chat/completions", "/v1/completions"):
            await not_found(exchange)
        elif not isinstance(asked.body, dict):
            message = "We could not parse the JSON body of your request."
            await exchange.reply(error(message, "invalid_request_error"), 400)
        else:
            await speak(Talk(exchange))

    return answer


def _guarded(behind: Handler) -> Handler:
    async def answer(exchange: Exchange) -> None:
        if exchange.asked.headers.get("authorization") == f"Bearer {KEY}":
            await behind(exchange)
        else:
            await _key_refused(exchange)

    return answer


async def _key_refused(exchange: Exchange) -> None:
    key = exchange.asked.headers.get("authorization", "").removeprefix("Bearer ")
    message = f"Incorrect API key provided: {key}. You can find your key in your account."
    content = error(message, "invalid_request_error", "invalid_api_key")
    await exchange.reply(content, 401)


async def _busy_once(exchange: Exchange) -> None:
    if exchange.num_before == 0:
        content = error("Rate limit reached for requests.", "requests", "rate_limit_exceeded")
        await exchange.reply(content, 429, retry_after="1")
    else:
        await _talking(_echo)(exchange)


async def _stall(exchange: Exchange) -> None:
    await asyncio.Event().wait()


async def _redirect(exchange: Exchange) -> None:
    place = f"http://127.0.0.1:{exchange.other_port}/echo{exchange.asked.rest}"
    await exchange.reply(b"", 307, location=place)


def _rejecting(status: int, word: Callable[[str], Any], *names: str) -> Handler:
    """Gives an API that rejects requests with one of these fields, one field at a time."""

    async def speak(talk: Talk) -> None:
        for name in names:
            if talk.body.get(name) is not None:
                await talk.exchange.reply(word(name), status)
                return
        await _echo(talk)

    return _talking(speak)


def _unsupported_value(name: str) -> Any:
    message = f"Unsupported value: '{name}' does not support 0.2 with this model. "
    message += "Only the default (1) value is supported."
    return error(message, "invalid_request_error", "unsupported_value", name)


def _unsupported_parameter(name: str) -> Any:
    message = f"Unsupported parameter: '{name}' is not supported with this model. "
    message += "Use 'max_completion_tokens' instead."
    return error(message, "invalid_request_error", "unsupported_parameter", name)


def _unrecognized(name: str) -> Any:
    message = f"Unrecognized request argument supplied: {name}"
    return error(message, "invalid_request_error")


def _unexpected(name: str) -> Any:
    return {"detail": f"Unexpected fields in the request: {{'{name}'}}"}


def _out_of_range(name: str) -> Any:
    return error(f"{name} must be between 0 and 1", "invalid_request_error", None, name)


async def _refuse_in_stream(talk: Talk) -> None:
    if talk.is_stream and talk.body.get("temperature") is not None:
        await talk.exchange.begin()
        await talk.event(_unsupported_value("temperature"))
        await talk.exchange.finish()
        return
    await _echo(talk)


async def _forbid_extra(talk: Talk) -> None:
    extra = sorted(talk.body.keys() - _FIELDS)
    if not extra:
        await _echo(talk)
        return
    message = "Extra inputs are not permitted"
    wrong = [{"type": "extra_forbidden", "loc": ["body", each], "msg": message} for each in extra]
    await talk.exchange.reply({"detail": wrong}, 422)


async def _echo(talk: Talk) -> None:
    await talk.say(re.findall(r"\s*\S+|\s+", f"echo: {talk.last_message}"))


async def _no_usage(talk: Talk) -> None:
    await talk.say(DELTAS, has_usage=False)


async def _length(talk: Talk) -> None:
    await talk.say(DELTAS[:2], "length")


async def _filtered(talk: Talk) -> None:
    await talk.say(DELTAS[:1], "content_filter")


async def _empty(talk: Talk) -> None:
    await talk.say([])


async def _think(talk: Talk) -> None:
    # Marks are spread over several pieces, as with real tokens.
    thoughts = ("<th", "ink>\n", *THOUGHTS, "\n</", "think>\n\n")
    await talk.say((*thoughts, "``", "`text\n", *DELTAS, "\n`", "``"))


async def _chatty(talk: Talk) -> None:
    await talk.say(("Here is the translation:\n\n", '"', *DELTAS, '"'))


async def _reasoning(talk: Talk) -> None:
    if not talk.is_stream:
        await talk.exchange.reply(talk.whole(TEXT, reasoning_content="".join(THOUGHTS)))
        return
    await talk.exchange.begin()
    for piece in THOUGHTS:
        await talk.delta(piece, "reasoning_content")
    for piece in DELTAS:
        await talk.delta(piece)
    await talk.end_stream("stop", None)


async def _slow(talk: Talk) -> None:
    """Says "0 1 2 …": as many pieces in such distances as path, query or headers say."""
    asked = talk.exchange.asked
    given = asked.situation.split("-")[1:]
    num, delay = given or (
        asked.query.get(name, asked.headers.get(f"x-{name}", default))
        for name, default in (("chunks", "100"), ("delay-ms", "20"))
    )
    pieces = [f"{index} " for index in range(int(num))]
    if not talk.is_stream:
        await asyncio.sleep(int(delay) * int(num) / 1000)
        await talk.say(pieces)
        return
    await talk.exchange.begin()
    for piece in pieces:
        await talk.delta(piece)
        await asyncio.sleep(int(delay) / 1000)
    await talk.end_stream("stop", None)


async def _huge(talk: Talk) -> None:
    """Says "aaa…" without an end, up to a cap that no sensible client waits for."""
    delta = "a" * HUGE_DELTA_CHARS
    num = HUGE_CHARS // HUGE_DELTA_CHARS
    if talk.is_stream:
        await talk.exchange.begin()
        for _ in range(num):
            await talk.delta(delta)
        await talk.end_stream("length", None)
        return
    before, _, after = json.dumps(talk.whole("<here>", "length")).partition("<here>")
    await talk.exchange.begin(media="application/json")
    for text in (before, *[delta] * num, after):
        await talk.exchange.chunk(text.encode())
    await talk.exchange.finish()


async def _half(talk: Talk) -> None:
    """Sends the first two pieces, or half of an answer that is not streamed."""
    if talk.is_stream:
        await talk.exchange.begin()
        for piece in DELTAS[:2]:
            await talk.delta(piece)
    else:
        await talk.exchange.begin(media="application/json")
        await talk.exchange.chunk(json.dumps(talk.whole(TEXT)).encode()[:60])


async def _stall_midway(talk: Talk) -> None:
    await _half(talk)
    await asyncio.Event().wait()


def _half_then(data: Any) -> Handler:
    """Gives an API whose streams end, properly for HTTP, after two pieces and this event."""

    async def speak(talk: Talk) -> None:
        if not talk.is_stream:
            await talk.exchange.reply(data if data else talk.whole(PARTIAL, None))
            return
        await _half(talk)
        if data:
            await talk.event(data)
        await talk.exchange.finish()

    return _talking(speak)


def _answering(whole: str | bytes, event: str | bytes) -> Handler:
    """Gives an API that answers with these bytes, or with these as the only event."""

    async def speak(talk: Talk) -> None:
        if not talk.is_stream:
            await talk.exchange.reply(whole)
            return
        await talk.exchange.begin()
        data = event.encode() if isinstance(event, str) else event
        await talk.exchange.chunk(b"data: " + data + b"\n\n")
        await talk.event("[DONE]")
        await talk.exchange.finish()

    async def answer(exchange: Exchange) -> None:
        if exchange.asked.rest.startswith("/v1/"):
            await _talking(speak)(exchange)
        else:
            await exchange.reply(whole)

    return answer


_LATIN_1 = '{"choices": [{"index": 0, "%s": {"content": "Scríobhann"}, "finish_reason": "stop"}]}'

_NESTED = "[" * 200_000
_INFINITE = """
    {"choices": [{"index": 1e999, "%s": {"content": "Dia duit"}, "finish_reason": "stop"}],
    "created": 1e999, "usage": {"prompt_tokens": 1e999, "completion_tokens": -1e999}}
""".replace("\n", " ")
_NO_TEXTS = json.dumps(
    {
        "translatedText": 7,
        "data": {"translations": [{"translatedText": ["a"]}]},
        "translations": [{"text": None}],
    }
)

SITUATIONS: dict[str, Handler] = {
    # Good ones
    "echo": _talking(_echo),
    "needs-key": _guarded(_talking(_echo)),
    "no-usage": _talking(_no_usage),
    "length": _talking(_length),
    "content-filter": _talking(_filtered),
    "empty": _talking(_empty),
    "think": _talking(_think),
    "chatty": _talking(_chatty),
    "reasoning": _talking(_reasoning),
    "slow": _talking(_slow),
    "huge": _talking(_huge),
    # Refusals
    "401": _key_refused,
    "403": _refusing(
        403,
        error(
            "Country, region, or territory not supported",
            "request_forbidden",
            "unsupported_country_region_territory",
        ),
    ),
    "404": not_found,
    "404-model": _refusing(
        404,
        error("The model `x` does not exist.", "invalid_request_error", "model_not_found"),
    ),
    "context-length": _refusing(
        400,
        error(
            "This model's maximum context length is 1024 tokens. However, your messages resulted "
            "in 2048 tokens.",
            "invalid_request_error",
            "context_length_exceeded",
            "messages",
        ),
    ),
    "429-retry-1": _busy_once,
    "429-retry-300": _refusing(
        429,
        error("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
        retry_after="300",
    ),
    "429-quota": _refusing(
        429,
        error(
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
            "insufficient_quota",
        ),
    ),
    "500": _refusing(500, error("The server had an error.", "server_error")),
    "502-html": _refusing(502, PAGE_502, "text/html"),
    "redirect": _redirect,
    # Rejected fields
    "no-temperature": _rejecting(400, _unsupported_value, "temperature"),
    "no-max-tokens": _rejecting(400, _unsupported_parameter, "max_tokens"),
    "no-seed-no-stream-options": _rejecting(400, _unrecognized, "seed", "stream_options"),
    "no-top-k": _rejecting(422, _unexpected, "top_k"),
    "no-extra": _talking(_forbid_extra),
    "sse-no-temperature": _talking(_refuse_in_stream),
    "temperature-range": _rejecting(400, _out_of_range, "temperature"),
    # Cut off
    "stall-before": _stall,
    "stall-midway": _talking(_stall_midway),
    "drop-midway": _talking(_half),
    "sse-error": _half_then({"error": {"message": "engine died"}}),
    "sse-error-text": _half_then({"error": "engine died"}),
    "sse-429": _half_then(
        error("Rate limit reached. Please try again in 1m30s.", "requests", "rate_limit_exceeded")
    ),
    "sse-late-temperature": _half_then(_unsupported_value("temperature")),
    "no-done": _half_then(None),
    # Nonsense
    "html-200": _refusing(200, PAGE_200, "text/html"),
    "malformed-json": _answering('{"choices": [{"index": 0, ', '{"choices": [{"index": 0, '),
    "wrong-schema": _answering(json.dumps({"text": TEXT}), json.dumps({"text": TEXT})),
    "choices-null": _answering('{"choices": null}', '{"choices": null}'),
    "choices-infinite": _answering('{"choices": 1e999}', '{"choices": 1e999}'),
    "infinite": _answering(_INFINITE % "message", _INFINITE % "delta"),
    "long-number": _answering("9" * 5000, "9" * 5000),
    "nested": _answering(_NESTED, _NESTED),
    "no-texts": _answering(_NO_TEXTS, _NO_TEXTS),
    "non-utf8": _answering(
        (_LATIN_1 % "message").encode("latin-1"), (_LATIN_1 % "delta").encode("latin-1")
    ),
}
