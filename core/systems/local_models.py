"""Local models as systems: brought up when they are asked, then asked by HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from core.errors import AdaptMLLMError
from core.storage.files import utc_now
from core.storage.workspace import Workspace
from core.systems.bringing_up import DEADLINE_S, Loaded, bring_up
from core.systems.clients.openai_system import OpenAISystem
from core.systems.endpoint import EndpointSettings
from core.systems.failures import AskError
from core.systems.parameters import Parameters
from core.systems.prompting import Prompting
from core.systems.protocol import Delta, Event, Note, Request, Sent, SystemInfo, Usage
from core.systems.secrets import Credentials

LOADING_LIMIT_S = 3600.0
POLL_S = 0.3
# For so long a service that answered is asked again without looking whether it is there.
TRUST_S = 5.0
_NO_CREDENTIALS = Credentials("", {}, ())
_BUSY_OR_ENDING = 503


@dataclass(frozen=True)
class _Trusted:
    """A service that was there a moment ago."""

    inner: OpenAISystem
    char_limit: int
    until_s: float

    def takes(self, request: Request) -> bool:
        return time.monotonic() <= self.until_s and len(request.source) <= self.char_limit


@dataclass(frozen=True)
class _Asking:
    """One question, and when it was asked: on the wall for records, and on the clock."""

    request: Request
    at: str
    at_s: float

    @property
    def direction(self) -> tuple[str, str]:
        return self.request.src_lang, self.request.tgt_lang


class LocalModel:
    """A base model, a run's model or a checkpoint, reached over the translation service.

    Attributes:
        info: What is known of it.
        cleans: As in the protocol.
    """

    cleans = False

    def __init__(self, workspace: Workspace, info: SystemInfo, model: str) -> None:
        self.info = info
        self._workspace = workspace
        self._model = model
        self._opened: dict[tuple[str, str], OpenAISystem] = {}
        self._trusted: dict[tuple[str, str], _Trusted] = {}
        self._failures: dict[tuple[str, str], tuple[float, AdaptMLLMError]] = {}
        self._loading = asyncio.Lock()

    async def ask(self, request: Request) -> AsyncGenerator[Event, None]:
        """Brings the model up where it is not, then translates; the source is the whole prompt.

        Raises:
            AskError: The service did not answer as it should.
            AdaptMLLMError: The model cannot be prepared or served.
        """
        asking = _Asking(request, utc_now(), time.monotonic())
        for is_last in (False, True):
            inner: OpenAISystem | None = None
            has_begun = False
            async with aclosing(self._made_ready(asking)) as steps:
                async for step in steps:
                    if isinstance(step, Note):
                        yield step
                    else:
                        inner = step
            assert inner is not None
            try:
                async with aclosing(_answered(inner, request)) as events:
                    async for event in events:
                        has_begun = has_begun or isinstance(event, Delta)
                        yield event
                return
            except AskError as error:
                self._trusted.pop(asking.direction, None)
                if is_last or has_begun or not _may_have_ended(error):
                    raise

    def scrub(self, text: str) -> str:
        """Gives the text: a local model has no secrets."""
        return text

    async def close(self) -> None:
        """Closes the connections; a service ends by itself when nobody asks any more."""
        opened = list(self._opened.values())
        self._opened.clear()
        self._trusted.clear()
        for inner in opened:
            await inner.close()

    async def _made_ready(self, asking: _Asking) -> AsyncGenerator[Note | OpenAISystem, None]:
        """Gives notes until a service answers for the model, then what asks that service."""
        direction = asking.direction
        async with self._loading:  # a batch asks for many segments at once
            failed_at_s, failure = self._failures.get(direction, (0.0, None))
            if failure is not None and failed_at_s >= asking.at_s:
                raise failure  # it was tried while this one waited
            trusted = self._trusted.get(direction)
            if trusted is None or not trusted.takes(asking.request):
                try:
                    async with aclosing(self._brought_up(asking)) as notes:
                        async for note in notes:
                            yield note
                except AdaptMLLMError as error:
                    self._failures[direction] = (time.monotonic(), error)
                    raise
                trusted = self._trusted[direction]
        yield Note("")  # what went before was loading, waiting for the others' loading included
        yield trusted.inner

    async def _brought_up(self, asking: _Asking) -> AsyncGenerator[Note, None]:
        """Gives notes until a service answers for the model."""
        request = asking.request
        said = ""
        while True:
            step = await asyncio.to_thread(
                bring_up,
                self._workspace,
                self._model,
                *asking.direction,
                since=asking.at,
                num_characters=len(request.source),
            )
            if isinstance(step, Loaded):
                until_s = time.monotonic() + TRUST_S
                trusted = _Trusted(self._connected(step), step.char_limit, until_s)
                self._trusted[asking.direction] = trusted
                return
            if step != said:
                yield Note(step)
                said = step
            if time.monotonic() > asking.at_s + LOADING_LIMIT_S:
                raise AskError(
                    f"{self.info.name} was not ready within {LOADING_LIMIT_S / 60:.0f} minutes.",
                    hint="The Deploy page shows what it is doing.",
                    kind="loading",
                )
            await asyncio.sleep(POLL_S)

    def _connected(self, loaded: Loaded) -> OpenAISystem:
        """Gives what asks a service; earlier ones stay open, others may still be reading there."""
        key = (loaded.address, loaded.name)
        if key not in self._opened:
            settings = EndpointSettings(
                name=self.info.name,
                base_url=f"{loaded.address}/v1",
                model=loaded.name,
                deadline_s=DEADLINE_S,
                stall_s=DEADLINE_S,
            )
            self._opened[key] = OpenAISystem(
                self.info, settings, _NO_CREDENTIALS, extra_fields=_service_fields
            )
        return self._opened[key]


async def _answered(inner: OpenAISystem, request: Request) -> AsyncGenerator[Event, None]:
    """Asks the service: the source as the one message, and characters in place of tokens."""
    plain = replace(
        request,
        messages=({"role": "user", "content": request.source},),
        prompting=Prompting(),
        parameters=Parameters.parse(request.parameters.search()),
    )
    async with aclosing(inner.ask(plain)) as events:
        async for event in events:
            if isinstance(event, Usage):
                yield Usage(characters=len(request.source))
            elif not isinstance(event, Sent):
                yield event


def _may_have_ended(error: AskError) -> bool:
    """Whether the service may have ended since somebody looked, as one does that idled."""
    return error.kind in ("connection", "cut") or error.status == _BUSY_OR_ENDING


def _service_fields(request: Request) -> dict[str, Any]:
    """Gives the fields that our own services know beside OpenAI's."""
    direction = {"source": request.src_lang, "target": request.tgt_lang}
    return {**direction, **request.parameters.search()}
