"""`/v1`: the service as an OpenAI-compatible model; the last user message is the source."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from core.errors import DataError
from core.serving.batching.batcher import BusyError
from core.serving.language_codes import AUTO
from core.serving.routes.answers import accepts
from core.serving.routes.fields import (
    Beams,
    LengthPenalty,
    caller_of,
    clean,
    parse_fields,
    read_values,
    service_of,
)
from core.serving.routes.leaving import unless_client_leaves
from core.serving.routes.translation import count_texts
from core.serving.service import Service
from core.serving.translator import Direction
from core.text.detection import detect
from core.text.splitting import split_text

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])


class OpenAIError(BaseModel):
    """An error as OpenAI's clients read it."""

    error: dict[str, Any]


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": OpenAIError, "description": meaning}
    for status, meaning in {
        400: "A field is missing, wrong or too long.",
        403: "The API key is wrong or missing.",
        413: "The body is too large.",
        429: "A limit a minute is reached; see Retry-After.",
        503: "Busy or stopping; see Retry-After.",
    }.items()
}


class TextPart(BaseModel):
    """A part of a message; only texts are understood."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: str = ""


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(extra="allow")

    role: str
    content: str | list[TextPart] | None = None

    @property
    def text(self) -> str:
        """The message's text."""
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream should hold besides text."""

    model_config = ConfigDict(extra="allow")

    include_usage: bool = False


class ChatFields(BaseModel):
    """What `/v1/chat/completions` takes; sampling parameters are accepted and change nothing."""

    model_config = ConfigDict(extra="allow")

    messages: list[Message] = Field(min_length=1, max_length=1000)
    model: str = ""
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int = Field(1, ge=1, le=8, description="Alternatives wanted; 1 when streaming.")
    source: str = Field("", max_length=100, description="Language code; beyond OpenAI's fields.")
    target: str = Field("", max_length=100, description="Language code; beyond OpenAI's fields.")
    num_beams: Beams = None
    length_penalty: LengthPenalty = None


@router.get("/models", responses={403: ERRORS[403]})
async def models(request: Request) -> dict[str, Any]:
    """Names the model."""
    caller_of(request)
    servable = service_of(request).servable
    model = {"id": servable.name, "object": "model", "created": 0, "owned_by": "adaptmllm"}
    return {"object": "list", "data": [model]}


@router.post(
    "/chat/completions",
    responses=ERRORS,
    openapi_extra=accepts(ChatFields, with_forms=False),
    response_model=None,
)
async def chat(request: Request) -> dict[str, Any] | StreamingResponse:
    """Translates the last user message; with `stream` sentence by sentence."""
    service = service_of(request)
    values = await read_values(request)
    caller = caller_of(request, values.pop("api_key", None))
    # OpenAI's clients send null for what they leave open.
    sent = {name: value for name, value in values.items() if value is not None}
    fields = parse_fields(ChatFields, sent)
    text = clean(next((m.text for m in reversed(fields.messages) if m.role == "user"), ""))
    if not text.strip():
        raise DataError("There is no user message with text to translate.")
    direction = await asyncio.to_thread(_direction, service, fields, text)
    count_texts(service, [text], caller)
    service.statistics.translated(len(text))
    head = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "created": int(time.time()),
        "model": service.servable.name,
    }
    if fields.stream:
        chunks = _streamed(service, text, direction, fields, head)
        # The first sentence is waited for: until it is there, an error can still be a status.
        first = await unless_client_leaves(request, _first(chunks))
        return StreamingResponse(_all(first, chunks), media_type="text/event-stream")
    return await unless_client_leaves(request, _whole(service, text, direction, head))


def _direction(service: Service, fields: ChatFields, text: str) -> Direction:
    """Gives the direction that was asked for, or the only one.

    Raises:
        DataError: Several are possible and none was named.
    """
    src_lang, tgt_lang = service.default_direction or ("", "")
    if fields.target:
        tgt_lang = service.codes.flores(fields.target)
    if fields.source and fields.source.lower() != AUTO:
        src_lang = service.codes.flores(fields.source)
    elif not src_lang or fields.source:
        src_lang = detect(text, service.servable.sources)[0].lang
    if not tgt_lang:
        raise DataError(
            "This model translates into several languages and none was named.",
            hint='Add "target": "ga" to the request (extra_body in OpenAI\'s SDK).',
        )
    service.servable.require(src_lang, tgt_lang)
    count = 0 if fields.stream else fields.n - 1
    return service.direction(
        src_lang,
        tgt_lang,
        num_alternatives=count,
        num_beams=fields.num_beams,
        length_penalty=fields.length_penalty,
    )


def _usage(text: str, answer: str) -> dict[str, int]:
    """Gives words for tokens: callers compare lengths with it, they do not pay by it."""
    prompt, completion = len(text.split()), len(answer.split())
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


async def _whole(
    service: Service, text: str, direction: Direction, head: dict[str, Any]
) -> dict[str, Any]:
    (found,) = await service.translator.translate([text], direction)
    texts = [found.text, *found.alternatives]
    choices = [
        {
            "index": index,
            "message": {"role": "assistant", "content": answer},
            "finish_reason": "stop",
        }
        for index, answer in enumerate(texts)
    ]
    return {
        **head,
        "object": "chat.completion",
        "choices": choices,
        "usage": _usage(text, found.text),
    }


async def _streamed(
    service: Service,
    text: str,
    direction: Direction,
    fields: ChatFields,
    head: dict[str, Any],
) -> AsyncIterator[str]:
    answer = ""
    for piece in await asyncio.to_thread(split_text, text, direction.src_lang):
        part = piece.text
        if piece.is_translatable:
            (found,) = await service.translator.translate([part], direction)
            part = found.text
        role = {} if answer else {"role": "assistant"}
        answer += part
        yield _chunk(head, {**role, "content": part}, None)
    yield _chunk(head, {}, "stop")
    if fields.stream_options and fields.stream_options.include_usage:
        values = {**head, "object": "chat.completion.chunk", "choices": []}
        yield _event({**values, "usage": _usage(text, answer)})
    yield "data: [DONE]\n\n"


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish_reason: str | None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _event({**head, "object": "chat.completion.chunk", "choices": [choice]})


def _event(values: dict[str, Any]) -> str:
    return f"data: {json.dumps(values, ensure_ascii=False)}\n\n"


async def _first(chunks: AsyncIterator[str]) -> str:
    return await anext(chunks)


async def _all(first: str, chunks: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    try:
        async for chunk in chunks:
            yield chunk
    except BusyError as error:  # the status was sent long ago
        yield _event({"error": {"message": error.reason, "type": "server_error"}})
