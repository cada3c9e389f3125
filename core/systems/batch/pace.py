"""The pace of calls to one endpoint: so many a minute, and a pause when it asks for one."""

from __future__ import annotations

import asyncio
import contextlib
import time


class Pace:
    """Lets calls begin evenly; safe for many tasks of one event loop."""

    def __init__(self, calls_per_minute: int) -> None:
        """Sets the pace; 0 = no limit."""
        self._interval_s = 60.0 / calls_per_minute if calls_per_minute else 0.0
        self._next_s = 0.0

    async def turn(self, stopping: asyncio.Event | None = None) -> bool:
        """Waits until the next call may begin; gives False at once when a stop comes first."""
        stopping = stopping or asyncio.Event()
        while not stopping.is_set():
            now = time.monotonic()
            if now >= self._next_s:
                self._next_s = now + self._interval_s
                return True
            await wait_for_stop(stopping, self._next_s - now)
        return False

    def pause(self, seconds: float) -> None:
        """Lets no call begin for some seconds, because the endpoint said so."""
        self._next_s = max(self._next_s, time.monotonic() + seconds)


async def wait_for_stop(stopping: asyncio.Event, limit_s: float) -> None:
    """Waits until a stop comes, or until so much time is over."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await stopping.wait()
