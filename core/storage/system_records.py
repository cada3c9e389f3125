"""The records of systems that were set up: endpoints and chains; never a key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import ConfigError
from core.storage.database import Database
from core.storage.tables import systems


@dataclass(frozen=True)
class SystemRecord:
    """An endpoint or a chain.

    Attributes:
        id: UUID.
        name: What people call it; unique.
        kind: `openai`, `libretranslate`, `google`, `deepl` or `chain`.
        settings: The whole settings, without any key.
        learned: What its answers taught: parameters that it refuses, what a test found.
        created_at: UTC ISO-8601.
    """

    id: str
    name: str
    kind: str
    settings: dict[str, Any]
    created_at: str
    learned: dict[str, Any] = field(default_factory=dict)


class SystemRecords:
    """Reads and writes the `systems` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: SystemRecord) -> None:
        """Stores a new system.

        Raises:
            ConfigError: Another one has this name.
        """
        with _unique(record.name), self._database.writing() as connection:
            connection.execute(insert(systems).values(**asdict(record)))

    def all(self) -> list[SystemRecord]:
        """Gives all systems that were set up, by name."""
        query = select(systems).order_by(systems.c.name)
        with self._database.reading() as connection:
            return [SystemRecord(**row) for row in connection.execute(query).mappings()]

    def get(self, system_id: str) -> SystemRecord | None:
        """Gives the system with this id, or None; a local model may have the name of one."""
        query = select(systems).where(systems.c.id == system_id)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else SystemRecord(**row)

    def change(self, system_id: str, name: str, kind: str, settings: dict[str, Any]) -> None:
        """Stores other settings; what was learned of the old ones is forgotten.

        Raises:
            ConfigError: Another system has this name.
        """
        values = {"name": name, "kind": kind, "settings": settings, "learned": {}}
        with _unique(name):
            self._update(system_id, values)

    def learn(self, system_id: str, learned: dict[str, Any], *, replaces: bool = False) -> None:
        """Adds to what is known of a system, whoever else learns at the same time.

        Args:
            system_id: The system; nothing happens if it is gone.
            learned: Values by name; lists and dicts are united with those that are known.
            replaces: Whether they are put in the place of those that are known instead.
        """
        with self._database.writing() as connection:
            query = select(systems.c.learned).where(systems.c.id == system_id)
            known = connection.execute(query).scalar()
            if known is not None:
                if not replaces:
                    learned = {name: _united(known.get(name), learned[name]) for name in learned}
                change = update(systems).where(systems.c.id == system_id)
                connection.execute(change.values(learned={**known, **learned}))

    def delete(self, system_id: str) -> None:
        """Removes a system; answers and translation sets that it gave stay."""
        with self._database.writing() as connection:
            connection.execute(delete(systems).where(systems.c.id == system_id))

    def _update(self, system_id: str, values: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            connection.execute(update(systems).where(systems.c.id == system_id).values(**values))


def _united(known: Any, learned: Any) -> Any:
    if isinstance(known, list) and isinstance(learned, list):
        return [*known, *(each for each in learned if each not in known)]
    if isinstance(known, dict) and isinstance(learned, dict):
        return {**known, **learned}
    return learned


@contextmanager
def _unique(name: str) -> Iterator[None]:
    """Turns the database's complaint about a name into a sentence."""
    try:
        yield
    except IntegrityError:
        raise ConfigError(
            f"There is already a system named {name!r}.", hint="Choose another name."
        ) from None
