"""The records of studies: what is searched, what people want of it, and who works on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import RowMapping, delete, insert, select, update

from core.errors import ConfigError
from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.job_records import JOINED_COLUMNS, Job, JobRecords, joined_job
from core.storage.tables import jobs, search_workers, searches

Wanted = Literal["running", "paused", "stopped"]


@dataclass(frozen=True)
class Study:
    """A search for hyperparameters, or an ablation.

    Attributes:
        id: UUID, also the name of the folder below `workspace/searches/` and the id of its job.
        name: What people call it, and what Optuna stores its trials under; unique.
        purpose: `search` or `ablation`.
        settings: `study`, `space` and `base`; see `core.search.plan`.
        wanted: What its workers are to do: `running`, `paused` or `stopped`.
        host: Where it was started; workers there share the machine's queue.
        created_at: UTC ISO-8601.
        job: State, reason and progress of its first worker.
    """

    id: str
    name: str
    purpose: str
    settings: dict[str, Any]
    wanted: str
    host: str
    created_at: str
    job: Job


@dataclass(frozen=True)
class StudyWorker:
    """A process that takes trials of a study.

    Attributes:
        id: UUID of this start of it.
        study_id: The study.
        process: pid, create time, boot and host, as `core.jobs.processes` tells them.
        trial: Number of the trial that it works on, None between two.
        seen_at: When it last said that it lives, UTC ISO-8601.
    """

    id: str
    study_id: str
    process: dict[str, Any]
    trial: int | None = None
    seen_at: str = field(default_factory=utc_now)


class StudyRecords:
    """Reads and writes the tables `searches` and `search_workers`, and the job of each study."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs = JobRecords(database)

    def add(self, study: Study) -> None:
        """Stores a new study and its job in one transaction."""
        values = {name: value for name, value in vars(study).items() if name != "job"}
        with self._database.writing() as connection:
            self._jobs.insert(connection, study.job)
            connection.execute(insert(searches).values(**values))

    def get(self, name_or_id: str) -> Study:
        """Gives the study with this id or name.

        Raises:
            ConfigError: There is none.
        """
        query = _query().where((searches.c.id == name_or_id) | (searches.c.name == name_or_id))
        found = self._rows(query)
        if not found:
            raise ConfigError(
                f"There is no study {name_or_id!r}.",
                hint="`python -m core search list` names them.",
            )
        return next((each for each in found if each.id == name_or_id), found[0])

    def all(self, *, limit: int = 200) -> list[Study]:
        """Gives studies, the newest first."""
        return self._rows(_query().limit(limit))

    def names(self) -> dict[str, str]:
        """Gives the name of each study by its id."""
        with self._database.reading() as connection:
            rows = connection.execute(select(searches.c.id, searches.c.name))
            return {str(study_id): str(name) for study_id, name in rows}

    def want(self, study_id: str, wanted: Wanted) -> None:
        """Tells all workers of a study what they are to do."""
        self._change(study_id, wanted=wanted)

    def change_settings(self, study_id: str, settings: dict[str, Any]) -> None:
        """Stores other settings, such as more trials; workers see them at their next look."""
        self._change(study_id, settings=settings)

    def delete(self, study_id: str) -> None:
        """Removes a study, its workers and its job; trials and files are the caller's."""
        of_study = search_workers.c.study_id == study_id
        with self._database.writing() as connection:
            connection.execute(delete(search_workers).where(of_study))
            connection.execute(delete(searches).where(searches.c.id == study_id))
            self._jobs.delete(connection, study_id)

    def put_worker(self, worker: StudyWorker) -> None:
        """Stores that a worker lives and what it works on."""
        values = vars(worker)
        query = update(search_workers).where(search_workers.c.id == worker.id).values(**values)
        with self._database.writing() as connection:
            if not connection.execute(query).rowcount:
                connection.execute(insert(search_workers).values(**values))

    def remove_worker(self, worker_id: str) -> None:
        """Removes a worker that has ended."""
        with self._database.writing() as connection:
            connection.execute(delete(search_workers).where(search_workers.c.id == worker_id))

    def workers(self, study_id: str) -> list[StudyWorker]:
        """Gives the workers of a study, also those that ended without a word."""
        query = select(search_workers).where(search_workers.c.study_id == study_id)
        with self._database.reading() as connection:
            return [StudyWorker(**row) for row in connection.execute(query).mappings()]

    def _change(self, study_id: str, **values: Any) -> None:
        query = update(searches).where(searches.c.id == study_id).values(**values)
        with self._database.writing() as connection:
            connection.execute(query)

    def _rows(self, query: Any) -> list[Study]:
        with self._database.reading() as connection:
            return [_study(row) for row in connection.execute(query).mappings()]


def _query() -> Any:
    joined = searches.join(jobs, searches.c.id == jobs.c.id)
    query = select(searches, *JOINED_COLUMNS).select_from(joined)
    return query.order_by(searches.c.created_at.desc())


def _study(row: RowMapping) -> Study:
    values = {name: row[name] for name in searches.columns.keys()}  # noqa: SIM118 (no dict)
    return Study(**values, job=joined_job(row))
