"""What has come of an answer: events add up to texts, figures and an end, whatever the end is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
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
    """An answer that grows; whoever looks sees no key that an endpoint may have echoed.

    Attributes:
        note: What the system is doing before it answers.
        state: `waiting`, `streaming`, `done`, `stopped` or `failed`.
        finish_reason: As in `Finished`; empty before the end.
        failure: Why there is no whole answer; None if there is one.
        ignored: Parameters that were left out.
        usage: Tokens and characters, those of a draft or a first system included.
        loading_s: Seconds until the system was ready to be asked.
        first_token_s: Seconds from then to the first piece of the answer.
        total_s: Seconds from then to the end.
        cost_usd: What the calls cost.
        version: Counts what has come: as long as it is the same, so is everything else.
    """

    note: str = ""
    state: str = "waiting"
    finish_reason: str = ""
    failure: AdaptMLLMError | None = None
    ignored: list[str] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    loading_s: float = 0.0
    first_token_s: float | None = None
    total_s: float | None = None
    cost_usd: float = 0.0
    version: int = 0
    _pieces: dict[str, list[str]] = field(default_factory=dict, repr=False)
    _messages: tuple[dict[str, str], ...] = field(default=(), repr=False)
    _scrub: Callable[[str], str] = field(default=str, repr=False)
    _clean: Callable[[str, bool], str] | None = field(default=None, repr=False)
    _shown: tuple[int, str, str] = field(default=(-1, "", ""), repr=False)

    @property
    def raw(self) -> str:
        """What came, but for secrets."""
        return self._now()[1]

    @property
    def text(self) -> str:
        """The same, cleaned where the system needs it."""
        return self._now()[2]

    @property
    def stages(self) -> dict[str, str]:
        """Texts in between by name, such as `draft`."""
        names = [name for name in list(self._pieces) if name]
        return {name: self._scrub("".join(self._pieces[name])) for name in names}

    @property
    def messages(self) -> tuple[dict[str, str], ...]:
        """What was sent to an LLM, but for secrets."""
        return tuple(
            {**message, "content": self._scrub(message["content"])} for message in self._messages
        )

    def _now(self) -> tuple[int, str, str]:
        """Gives version, raw and cleaned text; made when somebody looks, not with each piece."""
        version = self.version
        if self._shown[0] != version:
            raw = self._scrub("".join(self._pieces.get("", ())))
            text = raw if self._clean is None else self._clean(raw, self.state == "done")
            self._shown = (version, raw, text)
        return self._shown

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes."""
        return self.state not in ("waiting", "streaming")

    @property
    def problem(self) -> str:
        """Why the answer is none, or not whole; empty for a good one."""
        if self.failure is not None:
            return str(self.failure)
        if self.has_ended and self.finish_reason and not Finished(self.finish_reason).is_whole:
            return INCOMPLETE.get(self.finish_reason, f"It ended early ({self.finish_reason}).")
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
    _prepare(found, system, request)
    found.state = "streaming"
    try:
        async with aclosing(system.ask(request)) as events:
            async for event in events:
                _take(found, event, clock)
        found.state = "done"
    except asyncio.CancelledError:
        found.state = "stopped"
        raise
    except AdaptMLLMError as error:
        found.failure = error
        found.state = "failed"
    finally:
        found.total_s = clock.elapsed_s()
        found.note = ""
        if isinstance(found.failure, AskError):
            found.finish_reason = found.finish_reason or LEFT_OPEN
        found.version += 1
    return found


def _prepare(found: Collected, system: System, request: Request) -> None:
    """Sets how the answer is looked at: without secrets, and cleaned where it needs to be."""
    draft_system = request.prompting.draft_system

    def scrub(text: str) -> str:
        text = system.scrub(text)
        return draft_system.scrub(text) if draft_system is not None else text

    def clean(raw: str, is_done: bool) -> str:
        # One that stopped midway has no end to be cleaned.
        return cleaned(raw, request) if is_done else clean_so_far(raw)

    found._scrub = scrub
    if system.cleans and request.prompting.cleans and not request.messages:
        found._clean = clean


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


def _take(found: Collected, event: Event, clock: _Clock) -> None:
    clock.tick(is_note=isinstance(event, Note))
    if isinstance(event, Delta):
        found.note = ""
        if found.first_token_s is None:
            found.first_token_s = clock.elapsed_s()
        found._pieces.setdefault(event.stage, []).append(event.text)
    elif isinstance(event, Note):
        found.note = event.text
        found.loading_s = clock.loading_s
    elif isinstance(event, Sent):
        found._messages = event.messages
    elif isinstance(event, Ignored):
        if event.parameter not in found.ignored:
            found.ignored.append(event.parameter)
    elif isinstance(event, Usage):
        found.usage += event
        found.cost_usd = found.usage.cost_usd
    elif isinstance(event, Finished):
        found.finish_reason = event.reason
    found.version += 1


def cleaned(raw: str, request: Request) -> str:
    """Gives the translation in an LLM's answer to a request."""
    language = language_name(request.tgt_lang) if request.tgt_lang else ""
    return clean_output(raw, source=request.source, tgt_language=language)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
