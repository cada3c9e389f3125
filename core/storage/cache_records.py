"""The record of paid answers: the same question to the same endpoint is not paid for twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select

from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.tables import answer_cache

PIECE = 500  # keys a query; SQLite takes no unlimited number of variables


class CacheRecords:
    """Reads and writes the `answer_cache` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> dict[str, Any] | None:
        """Gives what was answered to a question, or None."""
        query = select(answer_cache.c.content).where(answer_cache.c.key == key)
        with self._database.reading() as connection:
            content: dict[str, Any] | None = connection.execute(query).scalar()
        return content

    def known(self, keys: Sequence[str]) -> set[str]:
        """Gives those of the keys that have an answer."""
        found: set[str] = set()
        with self._database.reading() as connection:
            for first in range(0, len(keys), PIECE):
                piece = keys[first : first + PIECE]
                query = select(answer_cache.c.key).where(answer_cache.c.key.in_(piece))
                found.update(str(key) for (key,) in connection.execute(query))
        return found

    def put(self, key: str, content: dict[str, Any]) -> None:
        """Keeps an answer; a later one to the same question replaces it."""
        values = {"key": key, "content": content, "created_at": utc_now()}
        with self._database.writing() as connection:
            connection.execute(delete(answer_cache).where(answer_cache.c.key == key))
            connection.execute(insert(answer_cache).values(**values))

    def count(self) -> int:
        """Gives the number of answers that are kept."""
        with self._database.reading() as connection:
            return int(
                connection.execute(select(func.count()).select_from(answer_cache)).scalar_one()
            )

    def clear(self) -> None:
        """Forgets all of them."""
        with self._database.writing() as connection:
            connection.execute(delete(answer_cache))
