"""Answers in the format of OpenAI's chat completions and completions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.servers.exchange import Exchange

MODEL = "fault-model"


class Talk:
    """An answer in the form in which it was asked for: chat or completion, streamed or whole.

    Attributes:
        exchange: The request and the way to answer.
        body: What was asked.
        is_stream: Whether it is to be streamed.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.body: dict[str, Any] = exchange.asked.body
        self.is_stream = bool(self.body.get("stream"))
        self._is_chat = exchange.asked.path.endswith("/chat/completions")

    @property
    def last_message(self) -> str:
        """What the user said last, or the text to be completed."""
        if not self._is_chat:
            return str(self.body.get("prompt"))
        users = [each for each in self.body.get("messages", []) if each["role"] == "user"]
        return str(users[-1]["content"]) if users else ""

    async def say(
        self, pieces: Iterable[str], finish_reason: str | None = "stop", *, has_usage: bool = True
    ) -> None:
        """Sends a whole good answer; with usage as OpenAI does, in a stream only if asked for."""
        pieces = list(pieces)
        usage = self._usage(len(pieces)) if has_usage else None
        if not self.is_stream:
            await self.exchange.reply(self.whole("".join(pieces), finish_reason, usage))
            return
        await self.exchange.begin()
        for piece in pieces:
            await self.delta(piece)
        await self.end_stream(finish_reason, usage)

    async def delta(self, text: str, name: str = "content") -> None:
        """Sends one piece of a stream."""
        await self.event(self._part({name: text}, None))

    async def event(self, data: Any) -> None:
        """Sends one event of a stream."""
        text = data if isinstance(data, str) else json.dumps(data)
        await self.exchange.chunk(f"data: {text}\n\n".encode())

    async def end_stream(self, finish_reason: str | None, usage: dict[str, int] | None) -> None:
        """Sends what comes after the last piece."""
        await self.event(self._part({}, finish_reason))
        if usage and (self.body.get("stream_options") or {}).get("include_usage"):
            await self.event({**self._part({}, None), "choices": [], "usage": usage})
        await self.event("[DONE]")
        await self.exchange.finish()

    def whole(
        self,
        content: str,
        finish_reason: str | None = "stop",
        usage: dict[str, int] | None = None,
        **more: str,
    ) -> dict[str, Any]:
        """Gives an answer that is not streamed; `more` are further fields of the message."""
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish_reason}
        if self._is_chat:
            choice["message"] = {"role": "assistant", "content": content, **more}
        else:
            choice["text"] = content
        kind = "chat.completion" if self._is_chat else "text_completion"
        answer = {**self._head(kind), "choices": [choice]}
        return {**answer, "usage": usage} if usage else answer

    def _part(self, delta: Mapping[str, str], finish_reason: str | None) -> dict[str, Any]:
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish_reason}
        if self._is_chat:
            choice["delta"] = dict(delta)
            return {**self._head("chat.completion.chunk"), "choices": [choice]}
        return {
            **self._head("text_completion"),
            "choices": [choice | {"text": "".join(delta.values())}],
        }

    def _head(self, kind: str) -> dict[str, Any]:
        model = self.body.get("model", MODEL)
        return {"id": "fault-1", "object": kind, "created": 1_700_000_000, "model": model}

    def _usage(self, num_pieces: int) -> dict[str, int]:
        num_words = len(json.dumps(self.body.get("messages") or self.body.get("prompt")).split())
        total = num_words + num_pieces
        return {
            "prompt_tokens": num_words,
            "completion_tokens": num_pieces,
            "total_tokens": total,
        }
