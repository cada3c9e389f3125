"""What has come of an answer: events add up to texts, figures and an end, whatever the end is."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from core.errors import AdaptMLLMError
from core.languages import language_name
from core.systems.failures import AskError
from core.systems.prompts.cleaning import clean_output, clean_so_far
from core.systems.protocol import (
    Delta,
    Event,
    Finished,
    Ignored,
    Note,
    Request,
    Sent,
    System,
    Usage,
)

LEFT_OPEN = "incomplete"
INCOMPLETE = {
    LEFT_OPEN: "The stream ended without a finish reason: the answer is incomplete.",
    "length": "The answer was cut at the maximum of tokens.",
    "content_filter": "The endpoint's content filter cut the answer.",
    "error": "The endpoint ended the answer because of an error of its own.",
}


@dataclass
class Collected:
    """An answer that grows.

    Attributes:
        raw: What came, unchanged.
        text: The same, cleaned where the system needs it.
        stages: Texts in between by name, such as `draft`.
        note: What the system is doing before it answers.
        state: `waiting`, `streaming`, `done`, `stopped` or `failed`.
        finish_reason: As in `Finished`; empty before the end.
        failure: Why there is no whole answer; None if there is one.
        ignored: Parameters that were left out.
        usage: Tokens and characters, those of a draft or a first system included.
        messages: What was sent to an LLM.
        loading_s: Seconds in which a system was made ready to be asked.
        first_token_s: Seconds without these to the first piece of the answer.
        total_s: Seconds without these to the end.
        cost_usd: What the calls cost.
    """

    raw: str = ""
    text: str = ""
    stages: dict[str, str] = field(default_factory=dict)
    note: str = ""
    state: str = "waiting"
    finish_reason: str = ""
    failure: AdaptMLLMError | None = None
    ignored: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    messages: tuple[dict[str, str], ...] = ()
    loading_s: float = 0.0
    first_token_s: float | None = None
    total_s: float | None = None
    cost_usd: float = 0.0
    version: int = 0

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes."""
        return self.state not in ("waiting", "streaming")

    @property
    def problem(self) -> str:
        """Why the answer is none, or not whole; empty for a good one."""
        if self.failure is not None:
            return str(self.failure)
        if self.has_ended and self.finish_reason in INCOMPLETE:
            return INCOMPLETE[self.finish_reason]
        if self.state == "done" and not self.text.strip():
            return "The answer is empty."
        return ""

    def figures(self) -> dict[str, Any]:
        """Gives the figures as plain values."""
        return {
            "loading_s": round(self.loading_s, 3),
            "first_token_s": _rounded(self.first_token_s),
            "total_s": _rounded(self.total_s),
            "prompt_tokens": self.usage.prompt_tokens,
            "completion_tokens": self.usage.completion_tokens,
            "characters": self.usage.characters,
            "is_estimated": self.usage.is_estimated,
            "cost_usd": round(self.cost_usd, 8),
            "ignored": list(self.ignored),
        }


async def collect(system: System, request: Request, into: Collected | None = None) -> Collected:
    """Asks a system and collects what comes; a failure or a stop becomes the answer's state.

    Args:
        system: Who is asked.
        request: What is asked.
        into: Where it is collected, to be looked at meanwhile; a new one if None.

    Raises:
        asyncio.CancelledError: The task was cancelled; the answer says `stopped`.
    """
    found = into or Collected()
    clock = _Clock()
    found.state = "streaming"
    try:
        async with aclosing(system.ask(request)) as events:
            async for event in events:
                _take(found, event, system, request, clock)
        found.state = "done"
    except asyncio.CancelledError:
        found.state = "stopped"
        raise
    except AdaptMLLMError as error:
        found.failure = error
        found.state = "failed"
    finally:
        _end(found, system, request, clock)
    return found


class _Clock:
    """How long the system is at work on the answer itself; what leads to a note is loading."""

    def __init__(self) -> None:
        self.loading_s = 0.0
        self._began_s = time.monotonic()
        self._last_event_s = self._began_s

    def elapsed_s(self) -> float:
        return time.monotonic() - self._began_s - self.loading_s

    def tick(self, *, is_note: bool) -> None:
        now_s = time.monotonic()
        if is_note:
            self.loading_s += now_s - self._last_event_s
        self._last_event_s = now_s


def _take(found: Collected, event: Event, system: System, request: Request, clock: _Clock) -> None:
    found.version += 1
    clock.tick(is_note=isinstance(event, Note))
    if isinstance(event, Delta):
        found.note = ""
        if found.first_token_s is None:
            found.first_token_s = clock.elapsed_s()
        if event.stage:
            found.stages[event.stage] = found.stages.get(event.stage, "") + event.text
        else:
            found.raw += event.text
            found.text = _text(found, system, request)
    elif isinstance(event, Note):
        found.note = event.text
        found.loading_s = clock.loading_s
    elif isinstance(event, Sent):
        found.messages = event.messages
    elif isinstance(event, Ignored):
        if event.parameter not in found.ignored:
            found.ignored.append(event.parameter)
    elif isinstance(event, Usage):
        found.usage += event
        found.cost_usd = found.usage.cost_usd
    elif isinstance(event, Finished):
        found.finish_reason = event.reason


def _end(found: Collected, system: System, request: Request, clock: _Clock) -> None:
    found.total_s = clock.elapsed_s()
    found.note = ""
    found.raw = system.scrub(found.raw)
    found.stages = {name: system.scrub(text) for name, text in found.stages.items()}
    found.text = _text(found, system, request)
    if isinstance(found.failure, AskError):
        found.finish_reason = found.finish_reason or LEFT_OPEN
    found.version += 1


def _text(found: Collected, system: System, request: Request) -> str:
    """Gives what is shown of an answer; one that stopped midway has no end to be cleaned."""
    if not _is_cleaned(system, request):
        return found.raw
    return cleaned(found.raw, request) if found.state == "done" else clean_so_far(found.raw)


def cleaned(raw: str, request: Request) -> str:
    """Gives the translation in an LLM's answer to a request."""
    language = language_name(request.tgt_lang) if request.tgt_lang else ""
    return clean_output(raw, source=request.source, tgt_language=language)


def _is_cleaned(system: System, request: Request) -> bool:
    return system.cleans and request.prompting.cleans and not request.messages


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
