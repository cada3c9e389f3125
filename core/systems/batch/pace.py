"""The pace of calls to one endpoint: so many a minute, and a pause when it asks for one."""

from __future__ import annotations

import asyncio
import time


class Pace:
    """Lets calls begin evenly; safe for many tasks of one event loop."""

    def __init__(self, calls_per_minute: int) -> None:
        """Sets the pace; 0 = no limit."""
        self._interval_s = 60.0 / calls_per_minute if calls_per_minute else 0.0
        self._next_s = 0.0

    async def turn(self) -> None:
        """Waits until the next call may begin."""
        while True:
            now = time.monotonic()
            if now >= self._next_s:
                self._next_s = now + self._interval_s
                return
            await asyncio.sleep(self._next_s - now)

    def pause(self, seconds: float) -> None:
        """Lets no call begin for some seconds, because the endpoint said so."""
        self._next_s = max(self._next_s, time.monotonic() + seconds)
