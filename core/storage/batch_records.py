"""The records of batches: a test set translated by several systems, as one job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from core.errors import TrainingError
from core.storage.database import Database
from core.storage.job_records import JOINED_COLUMNS, Job, JobRecords, joined_job
from core.storage.tables import batches, jobs


@dataclass(frozen=True)
class Batch:
    """One batch translation.

    Attributes:
        id: UUID, also the name of the folder below `workspace/batches/` and the id of its job.
        corpus_id, corpus_name, split: What is translated.
        settings: The whole settings file.
        created_at: UTC ISO-8601.
        job: State, reason and progress of the process.
    """

    id: str
    corpus_id: str
    corpus_name: str
    split: str
    settings: dict[str, Any]
    created_at: str
    job: Job


class BatchRecords:
    """Reads and writes the `batches` table and the job of each batch."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs = JobRecords(database)

    def add(self, batch: Batch) -> None:
        """Stores a new batch and its job in one transaction."""
        values = {name: value for name, value in vars(batch).items() if name != "job"}
        with self._database.writing() as connection:
            self._jobs.insert(connection, batch.job)
            connection.execute(insert(batches).values(**values))

    def get(self, batch_id: str) -> Batch:
        """Gives the batch with this id.

        Raises:
            TrainingError: There is none.
        """
        found = self._rows(_query().where(batches.c.id == batch_id))
        if not found:
            raise TrainingError(f"There is no batch {batch_id!r}.")
        return found[0]

    def all(self, *, limit: int = 50) -> list[Batch]:
        """Gives batches, the newest first."""
        return self._rows(_query().limit(limit))

    def change_settings(self, batch_id: str, settings: dict[str, Any]) -> None:
        """Stores other settings, such as a higher budget; they count from the next start."""
        query = update(batches).where(batches.c.id == batch_id).values(settings=settings)
        with self._database.writing() as connection:
            connection.execute(query)

    def delete(self, batch_id: str) -> None:
        """Removes a batch and its job; its translation sets stay, its files are the caller's."""
        with self._database.writing() as connection:
            connection.execute(delete(batches).where(batches.c.id == batch_id))
            self._jobs.delete(connection, batch_id)

    def _rows(self, query: Any) -> list[Batch]:
        with self._database.reading() as connection:
            return [_batch(row) for row in connection.execute(query).mappings()]


def _query() -> Any:
    joined = batches.join(jobs, batches.c.id == jobs.c.id)
    query = select(batches, *JOINED_COLUMNS).select_from(joined)
    return query.order_by(batches.c.created_at.desc())


def _batch(row: RowMapping) -> Batch:
    values = {name: row[name] for name in batches.columns.keys()}  # noqa: SIM118 (no dict)
    return Batch(**values, job=joined_job(row))
