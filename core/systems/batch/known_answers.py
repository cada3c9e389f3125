"""Answers that were paid for: the same question is asked once, also at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

from core.storage.cache_records import CacheRecords


class KnownAnswers:
    """The cache as all systems of a batch see it."""

    def __init__(self, records: CacheRecords) -> None:
        self._records = records
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def alone(self, key: str) -> AsyncGenerator[None]:
        """Lets one at a time ask a question; who comes later finds the answer of the first.

        Args:
            key: Of the question; empty where answers are not kept, which holds nobody up.
        """
        if not key:
            yield
            return
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            yield

    async def get(self, key: str) -> dict[str, Any] | None:
        """Gives what was answered to a question, or None."""
        return await asyncio.to_thread(self._records.get, key) if key else None

    async def put(self, key: str, content: dict[str, Any]) -> None:
        """Keeps an answer."""
        if key:
            await asyncio.to_thread(self._records.put, key, content)
