"""Reading what OpenAI-compatible endpoints answer: chunks of a stream, or one whole object."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.systems.endpoint import EndpointSettings
from core.systems.failures import LOOKED_AT, SHOWN, AskError, engine_error, not_an_api
from core.systems.protocol import Delta, Event, Finished, Usage
from core.systems.secrets import scrubbed_message

MAX_REASON = 32  # characters
MAX_TOKENS = 10**9  # a count beyond it is none
# How servers of other origin say why they ended.
_SAME_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
}


@dataclass(frozen=True)
class Chunk:
    """What one chunk holds.

    Attributes:
        text: A piece of the answer.
        reasoning: A piece of what some models think before they answer.
        finish_reason: Why it ends here; empty if it does not.
        usage: Tokens, if the chunk tells them.
        is_understood: Whether it is a chunk of an answer at all.
    """

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    is_understood: bool = False


def chunk_of(chunk: Any, secrets: Iterable[str] = ()) -> Chunk:
    """Gives what a chunk holds, of a chat or of a completion; servers leave out this and that.

    Args:
        chunk: As OpenAI's SDK gives it.
        secrets: Texts that its finish reason must not repeat.
    """
    choices = getattr(chunk, "choices", None)
    usage = _counts(partial(_of, getattr(chunk, "usage", None)))
    if not isinstance(choices, list) or not choices:
        return Chunk(usage=usage, is_understood=usage is not None)
    choice = choices[0]
    delta = getattr(choice, "delta", None)
    text = text_of(getattr(delta, "content", None) if delta is not None else _of(choice, "text"))
    reasoning = text_of(_of(delta, "reasoning_content") or _of(delta, "reasoning"))
    is_understood = delta is not None or isinstance(_of(choice, "text"), str)
    reason = reason_of(_of(choice, "finish_reason"), secrets)
    return Chunk(text, reasoning, reason, usage, is_understood)


def whole_answer(
    body: bytes, kind: str, settings: EndpointSettings, secrets: Iterable[str] = ()
) -> list[Event]:
    """Gives the events of an answer that came in one piece although a stream was asked for.

    Args:
        body: The answer.
        kind: Its media type.
        settings: Of the endpoint.
        secrets: Texts that an error must not repeat.

    Raises:
        AskError: It is no answer of such an API.
    """
    name, url = settings.name, settings.url
    if kind == "text/html" or body.lstrip()[:1] == b"<":
        raise not_an_api(name, url, "it answered with a web page")
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        text = body[:LOOKED_AT].decode("utf-8", errors="replace")
        shown = scrubbed_message(text, secrets)[:SHOWN]
        raise not_an_api(name, url, f"it answered with other than JSON ({shown!r})") from None
    if isinstance(values, dict) and values.get("error"):
        raise engine_error(name, values, secrets)
    otherwise = not_an_api(name, url, "the answer holds no choices")
    return _completion_events(values, otherwise, secrets)


def _completion_events(values: Any, otherwise: AskError, secrets: Iterable[str]) -> list[Event]:
    try:
        choice = values["choices"][0]
        message = choice.get("message")
        text = message["content"] if message is not None else choice["text"]
    except (KeyError, IndexError, TypeError, AttributeError):
        raise otherwise from None
    events: list[Event] = [Delta(text_of(text))] if text else []
    usage = values.get("usage")
    counts = _counts(usage.get) if isinstance(usage, dict) else None
    events += [counts] if counts is not None else []
    reason = reason_of(choice.get("finish_reason"), secrets)
    events.append(Finished(reason or "incomplete"))
    return events


def _counts(get: Callable[[str], Any]) -> Usage | None:
    """Gives the tokens that a server counted; None if it says nothing that is a number."""
    counts = (get("prompt_tokens"), get("completion_tokens"))
    numbers = [
        max(0, count) if isinstance(count, int) and count <= MAX_TOKENS else None
        for count in counts
    ]
    if numbers == [None, None]:
        return None
    return Usage(numbers[0] or 0, numbers[1] or 0)


def _of(value: Any, name: str) -> Any:
    """Gives an attribute, None where the server left it out."""
    return getattr(value, name, None)


def reason_of(value: Any, secrets: Iterable[str] = ()) -> str:
    """Gives a finish reason in OpenAI's words, where a server has others for the same."""
    reason = scrubbed_message(text_of(value)[:LOOKED_AT], secrets)
    reason = "".join(filter(str.isprintable, reason)).strip()[:MAX_REASON]
    return _SAME_REASONS.get(reason.lower(), reason)


def text_of(value: Any) -> str:
    """Gives a text of the answer; half a character cannot be stored, so it is replaced."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", errors="replace").decode("utf-8")
