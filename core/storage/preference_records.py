"""The records of preferences: what holds for the whole installation, such as its power grid."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select

from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.tables import preferences


class PreferenceRecords:
    """Reads and writes the table `preferences`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> dict[str, Any]:
        """Gives the values stored under a name; {} where there are none."""
        query = select(preferences.c["values"]).where(preferences.c.name == name)
        with self._database.reading() as connection:
            found = connection.execute(query).scalar_one_or_none()
        return dict(found or {})

    def put(self, name: str, values: dict[str, Any]) -> None:
        """Stores values under a name, instead of those before."""
        row = {"name": name, "values": values, "changed_at": utc_now()}
        with self._database.writing() as connection:
            self._database.lock(connection, f"preference {name}")
            connection.execute(delete(preferences).where(preferences.c.name == name))
            connection.execute(insert(preferences).values(row))
