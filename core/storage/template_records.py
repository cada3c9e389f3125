"""The records of prompt templates: every change is a new version, none is ever overwritten."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select

from core.errors import ConfigError
from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.tables import prompt_templates


@dataclass(frozen=True)
class TemplateRecord:
    """One version of a template.

    Attributes:
        id: UUID.
        name: What people call it.
        version: 1, 2, …
        content: The whole template.
        created_at: UTC ISO-8601.
    """

    id: str
    name: str
    version: int
    content: dict[str, Any]
    created_at: str


class TemplateRecords:
    """Reads and writes the `prompt_templates` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, name: str, content: dict[str, Any]) -> TemplateRecord:
        """Stores a template as the next version of its name; an unchanged one stays as it is."""
        table = prompt_templates
        content = json.loads(json.dumps(content))  # as it comes back: a tuple would be a change
        newest = select(table).where(table.c.name == name).order_by(table.c.version.desc())
        with self._database.writing() as connection:
            self._database.lock(connection, f"template {name}")
            row = connection.execute(newest.limit(1)).mappings().first()
            if row is not None and row["content"] == content:
                return TemplateRecord(**row)
            version = row["version"] + 1 if row is not None else 1
            record = TemplateRecord(str(uuid.uuid4()), name, version, content, utc_now())
            connection.execute(insert(table).values(**vars(record)))
        return record

    def newest(self) -> list[TemplateRecord]:
        """Gives the last version of each template, by name."""
        table = prompt_templates
        last = select(table.c.name, func.max(table.c.version).label("last")).group_by(table.c.name)
        sub = last.subquery()
        joined = table.join(sub, (table.c.name == sub.c.name) & (table.c.version == sub.c.last))
        query = select(table).select_from(joined).order_by(table.c.name)
        with self._database.reading() as connection:
            return [TemplateRecord(**row) for row in connection.execute(query).mappings()]

    def versions(self, name: str) -> list[TemplateRecord]:
        """Gives all versions of one template, the newest first."""
        table = prompt_templates
        query = select(table).where(table.c.name == name).order_by(table.c.version.desc())
        with self._database.reading() as connection:
            return [TemplateRecord(**row) for row in connection.execute(query).mappings()]

    def get(self, name: str, version: int = 0) -> TemplateRecord:
        """Gives a version of a template, the last one for 0.

        Raises:
            ConfigError: There is none.
        """
        found = [each for each in self.versions(name) if version in (0, each.version)]
        if not found:
            which = f" version {version}" if version else ""
            raise ConfigError(
                f"There is no prompt template {name!r}{which}.",
                hint="`python -m core systems templates` names them.",
            )
        return found[0]

    def delete(self, name: str) -> None:
        """Removes all versions of a template; answers keep the messages that were sent."""
        with self._database.writing() as connection:
            connection.execute(delete(prompt_templates).where(prompt_templates.c.name == name))
