"""A system that plays a script: another implementation of the protocol, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from core.systems.protocol import Event, Request, SystemInfo, Usage

HANG = "hang"  # a step that never ends by itself

Step = Event | Exception | Callable[[Request], Event] | str


class Scripted:
    """Gives the events of its script, one after the other, whatever it is asked.

    Attributes:
        requests: What it was asked.
        num_open: Answers under way; 0 once each was closed.
        num_closed: How often it was closed itself.
    """

    def __init__(
        self,
        name: str,
        *steps: Step,
        cleans: bool = False,
        secret: str = "",
        is_stubborn: bool = False,
        **info: Any,
    ) -> None:
        """Prepares a script of events, of exceptions to raise, and of HANG.

        Args:
            name: What it is called.
            steps: The script; a function makes its event from the request.
            cleans: As in the protocol.
            secret: What `scrub` hides.
            is_stubborn: Whether closing it fails.
            info: Further fields of its SystemInfo.
        """
        self.info = SystemInfo(f"endpoint:{name}", name, info.pop("kind", "openai"), **info)
        self.cleans = cleans
        self.requests: list[Request] = []
        self.num_open = 0
        self.num_closed = 0
        self._steps = steps
        self._secret = secret
        self._is_stubborn = is_stubborn

    async def ask(self, request: Request) -> AsyncGenerator[Event, None]:
        """Plays the script."""
        self.requests.append(request)
        self.num_open += 1
        try:
            for step in self._steps:
                await asyncio.sleep(0)  # as with a network, others may go on meanwhile
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, str):
                    await asyncio.Event().wait()
                else:
                    event = step(request) if callable(step) else step
                    yield self.info.priced(event) if isinstance(event, Usage) else event
        finally:
            self.num_open -= 1

    def scrub(self, text: str) -> str:
        """Hides the secret."""
        return text.replace(self._secret, "•••") if self._secret else text

    async def close(self) -> None:
        """Counts."""
        self.num_closed += 1
        if self._is_stubborn:
            raise OSError("not closed")
