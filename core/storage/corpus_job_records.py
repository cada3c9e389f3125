"""The records of work on corpora: what was asked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from core.errors import DataError
from core.storage.database import Database
from core.storage.job_records import ENDED, JOINED_COLUMNS, Job, JobRecords, joined_job
from core.storage.tables import corpus_jobs, jobs


@dataclass(frozen=True)
class CorpusJob:
    """One piece of work on a corpus.

    Attributes:
        id: UUID, also the name of the folder below `workspace/corpus_jobs/` and the id of its job.
        task: What is done, such as `import` or `check`.
        corpus_id: The corpus that is worked on; empty while one is being imported.
        settings: The whole settings file.
        created_at: UTC ISO-8601.
        job: State, reason and progress of the process.
        result: What came of it; empty before the end.
    """

    id: str
    task: str
    corpus_id: str
    settings: dict[str, Any]
    created_at: str
    job: Job
    result: dict[str, Any] = field(default_factory=dict)


class CorpusJobRecords:
    """Reads and writes the `corpus_jobs` table and the job of each row."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs = JobRecords(database)

    def add(self, work: CorpusJob) -> None:
        """Stores new work and its job in one transaction."""
        values = {name: value for name, value in vars(work).items() if name != "job"}
        with self._database.writing() as connection:
            self._jobs.insert(connection, work.job)
            connection.execute(insert(corpus_jobs).values(**values))

    def get(self, work_id: str) -> CorpusJob:
        """Gives the work with this id.

        Raises:
            DataError: There is none.
        """
        found = self._rows(_query().where(corpus_jobs.c.id == work_id))
        if not found:
            raise DataError(f"There is no work on a corpus with the id {work_id!r}.")
        return found[0]

    def of_corpus(self, corpus_id: str, *tasks: str) -> list[CorpusJob]:
        """Gives the work on a corpus, the newest first, of all tasks or of some."""
        query = _query().where(corpus_jobs.c.corpus_id == corpus_id)
        return self._rows(query.where(corpus_jobs.c.task.in_(tasks)) if tasks else query)

    def all(self, *tasks: str, limit: int = 50) -> list[CorpusJob]:
        """Gives work of all tasks or of some, the newest first."""
        query = _query().where(corpus_jobs.c.task.in_(tasks)) if tasks else _query()
        return self._rows(query.limit(limit))

    def unfinished(self) -> list[CorpusJob]:
        """Gives what waits or is being done, the newest first."""
        return self._rows(_query().where(jobs.c.state.not_in(ENDED)))

    def store_result(self, work_id: str, result: dict[str, Any]) -> None:
        """Stores what came of it."""
        query = update(corpus_jobs).where(corpus_jobs.c.id == work_id).values(result=result)
        with self._database.writing() as connection:
            connection.execute(query)

    def delete(self, work_id: str) -> None:
        """Removes the work and its job; its files are the caller's."""
        with self._database.writing() as connection:
            connection.execute(delete(corpus_jobs).where(corpus_jobs.c.id == work_id))
            self._jobs.delete(connection, work_id)

    def _rows(self, query: Any) -> list[CorpusJob]:
        with self._database.reading() as connection:
            return [_work(row) for row in connection.execute(query).mappings()]


def _query() -> Any:
    joined = corpus_jobs.join(jobs, corpus_jobs.c.id == jobs.c.id)
    query = select(corpus_jobs, *JOINED_COLUMNS).select_from(joined)
    return query.order_by(corpus_jobs.c.created_at.desc())


def _work(row: RowMapping) -> CorpusJob:
    values = {name: row[name] for name in corpus_jobs.columns.keys()}  # noqa: SIM118 (no dict)
    return CorpusJob(**values, job=joined_job(row))
