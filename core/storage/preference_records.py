"""The records of preferences: what holds for the whole installation, such as its power grid."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.tables import preferences


class PreferenceRecords:
    """Reads and writes the table `preferences`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> dict[str, Any]:
        """Gives the values stored under a name; {} where there are none."""
        with self._database.reading() as connection:
            return preference(connection, name)

    def put(self, name: str, values: dict[str, Any]) -> None:
        """Stores values under a name, instead of those before."""
        with self._database.writing() as connection:
            self._database.lock(connection, f"preference {name}")
            put_preference(connection, name, values)


def preference(connection: Connection, name: str) -> dict[str, Any]:
    """Gives the values stored under a name as part of the caller's transaction."""
    query = select(preferences.c["values"]).where(preferences.c.name == name)
    return dict(connection.execute(query).scalar_one_or_none() or {})


def put_preference(connection: Connection, name: str, values: dict[str, Any]) -> None:
    """Stores values under a name as part of the caller's transaction, which holds the lock."""
    row = {"name": name, "values": values, "changed_at": utc_now()}
    connection.execute(delete(preferences).where(preferences.c.name == name))
    connection.execute(insert(preferences).values(row))
