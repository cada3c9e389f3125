"""The records of evaluations: which systems were compared on which test set, and how."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from core.errors import DataError
from core.storage.database import Database
from core.storage.tables import evaluations


@dataclass(frozen=True)
class Evaluation:
    """A comparison that was given a name, so that it can be opened and reported again.

    Attributes:
        id: UUID.
        name: What people call it; unique.
        test_set_hash: The test set.
        settings: The whole settings: systems, baseline, metrics, test.
        created_at: UTC ISO-8601.
    """

    id: str
    name: str
    test_set_hash: str
    created_at: str
    settings: dict[str, Any] = field(default_factory=dict)


class EvaluationRecords:
    """Reads and writes the `evaluations` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, record: Evaluation) -> Evaluation:
        """Stores an evaluation; one of the same name is replaced and keeps its id."""
        table = evaluations.c
        with self._database.writing() as connection:
            self._database.lock(connection, f"evaluation {record.name}")
            query = select(evaluations).where(table.name == record.name)
            known = connection.execute(query).mappings().first()
            if known is None:
                connection.execute(insert(evaluations).values(**asdict(record)))
                return record
            values = {**asdict(record), "id": known["id"]}
            connection.execute(update(evaluations).where(table.id == known["id"]).values(**values))
        return Evaluation(**values)

    def find(self, name: str) -> Evaluation:
        """Gives the evaluation with this name or id.

        Raises:
            DataError: There is none; the names that there are stand in the hint.
        """
        table = evaluations.c
        found = self._rows(select(evaluations).where(or_(table.name == name, table.id == name)))
        if not found:
            names = ", ".join(repr(each.name) for each in self.all()[:20])
            hint = f"There are {names}." if names else "Save one on the Evaluate page first."
            raise DataError(f"There is no evaluation {name!r}.", hint=hint)
        return found[0]

    def all(self) -> list[Evaluation]:
        """Gives all evaluations, the newest first."""
        return self._rows(select(evaluations).order_by(evaluations.c.created_at.desc()))

    def delete(self, evaluation_id: str) -> None:
        """Removes an evaluation; the translations and scores that it names stay."""
        query = delete(evaluations).where(evaluations.c.id == evaluation_id)
        with self._database.writing() as connection:
            connection.execute(query)

    def _rows(self, query: Any) -> list[Evaluation]:
        with self._database.reading() as connection:
            return [Evaluation(**row) for row in connection.execute(query).mappings()]
