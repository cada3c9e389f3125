"""The records of translation services: what each serves and how, next to its process's job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from core.errors import HostError
from core.storage.database import Database
from core.storage.job_records import JOINED_COLUMNS, Job, JobRecords, joined_job
from core.storage.tables import jobs, services


@dataclass(frozen=True)
class ServiceRecord:
    """A translation service that was started at least once.

    Attributes:
        id: UUID, also the name of the folder below `workspace/services/` and the id of its job.
        model: The canonical name of the model that it serves.
        name: The model's name for people.
        settings: The whole settings file, with host and port.
        created_at: UTC ISO-8601.
        job: State and reason of the process.
    """

    id: str
    model: str
    name: str
    settings: dict[str, Any]
    created_at: str
    job: Job

    @property
    def address(self) -> str:
        """Where it listens, as a URL without a path."""
        host = str(self.settings["host"])
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(
            host, f"[{host}]" if ":" in host else host
        )
        return f"http://{host}:{self.settings['port']}"


class ServiceRecords:
    """Reads and writes the `services` table and the job of each service."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs = JobRecords(database)

    def add(self, service: ServiceRecord) -> None:
        """Stores a new service and its job in one transaction."""
        values = {name: value for name, value in vars(service).items() if name != "job"}
        with self._database.writing() as connection:
            self._jobs.insert(connection, service.job)
            connection.execute(insert(services).values(**values))

    def get(self, service_id: str) -> ServiceRecord:
        """Gives the service with this id.

        Raises:
            HostError: There is none.
        """
        found = self._rows(_query().where(services.c.id == service_id))
        if not found:
            raise HostError(
                f"There is no service {service_id!r}.",
                hint="`python -m core deploy services` names them.",
            )
        return found[0]

    def all(self) -> list[ServiceRecord]:
        """Gives all services, the newest first."""
        return self._rows(_query())

    def change_settings(self, service_id: str, settings: dict[str, Any]) -> None:
        """Stores other settings; they count from the next start."""
        query = update(services).where(services.c.id == service_id).values(settings=settings)
        with self._database.writing() as connection:
            connection.execute(query)

    def delete(self, service_id: str) -> None:
        """Removes a service and its job; the files are the caller's."""
        with self._database.writing() as connection:
            connection.execute(delete(services).where(services.c.id == service_id))
            self._jobs.delete(connection, service_id)

    def _rows(self, query: Any) -> list[ServiceRecord]:
        with self._database.reading() as connection:
            return [_service(row) for row in connection.execute(query).mappings()]


def _query() -> Any:
    joined = services.join(jobs, services.c.id == jobs.c.id)
    query = select(services, *JOINED_COLUMNS).select_from(joined)
    return query.order_by(services.c.created_at.desc())


def _service(row: RowMapping) -> ServiceRecord:
    values = {name: row[name] for name in services.columns.keys()}  # noqa: SIM118 (no dict)
    return ServiceRecord(**values, job=joined_job(row))
