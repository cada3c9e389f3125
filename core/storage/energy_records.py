"""The records of energy: what jobs and systems took, and grid tables that were added."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select, update

from core.storage.database import Database
from core.storage.tables import grid_tables, job_energy, system_energy

# Namespace of the ids of what jobs took before they began anew.
_EARLIER = uuid.UUID("8f6e2a50-6c1b-4a55-9a0e-4f0d2b3c7e11")


@dataclass(frozen=True)
class JobEnergyRecord:
    """What a job took until now; see `core.emissions.energy.JobEnergy`, which reads it.

    Attributes:
        job_id: The job, which may be gone.
        kind, title, person, system, study: As `JobEnergy` explains them.
        phases: By name: `seconds`, `cpu_kwh`, `ram_kwh`, `gpu_kwh`.
        conditions: How each attempt was measured.
        warnings: Sentences.
        started_at, ended_at: UTC ISO-8601.
    """

    job_id: str
    kind: str
    title: str
    person: str
    phases: dict[str, dict[str, float]]
    conditions: list[dict[str, Any]]
    warnings: list[str]
    started_at: str
    ended_at: str
    system: str = ""
    study: str = ""


@dataclass(frozen=True)
class SystemEnergyRecord:
    """What translating with a system was measured to take.

    Attributes:
        id: UUID of the measurement, also of its job.
        system_id, name: Of the system then.
        details: What was translated, how long, and what it took.
        created_at: UTC ISO-8601.
    """

    id: str
    system_id: str
    name: str
    details: dict[str, Any]
    created_at: str


@dataclass(frozen=True)
class GridTableRecord:
    """A grid table that somebody added.

    Attributes:
        name: Its name, as in `own:HRV`.
        source: Where its figures come from, and of which year.
        rows: `code`, `name`, `year`, `g_per_kwh` of each region.
        created_at: UTC ISO-8601.
    """

    name: str
    source: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    created_at: str = ""


class EnergyRecords:
    """Reads and writes the tables `job_energy`, `system_energy` and `grid_tables`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, record: JobEnergyRecord) -> None:
        """Stores what a job took until now, instead of what was stored of it before.

        A job that began anew in an empty folder has another first reading: what it took before
        stays, under an id of its own.
        """
        values = asdict(record)
        of_job = job_energy.c.job_id == record.job_id
        with self._database.writing() as connection:
            self._database.lock(connection, f"energy {record.job_id}")
            before = connection.execute(select(job_energy.c.started_at).where(of_job)).scalar()
            if before is not None and before != record.started_at:
                earlier = str(uuid.uuid5(_EARLIER, f"{record.job_id} {before}"))
                connection.execute(update(job_energy).where(of_job).values(job_id=earlier))
            if not connection.execute(update(job_energy).where(of_job).values(**values)).rowcount:
                connection.execute(insert(job_energy).values(**values))

    def get(self, job_id: str) -> JobEnergyRecord | None:
        """Gives what a job took, or None where nothing was measured."""
        found = self._jobs(select(job_energy).where(job_energy.c.job_id == job_id))
        return found[0] if found else None

    def all(self, *, kinds: tuple[str, ...] = ()) -> list[JobEnergyRecord]:
        """Gives what each job took, the newest first; `kinds` (empty = all) selects."""
        query = select(job_energy).order_by(job_energy.c.started_at.desc())
        return self._jobs(query.where(job_energy.c.kind.in_(kinds)) if kinds else query)

    def of_study(self, study_id: str) -> list[JobEnergyRecord]:
        """Gives what each trial of a study took; those of deleted runs included."""
        return self._jobs(select(job_energy).where(job_energy.c.study == study_id))

    def add_system(self, record: SystemEnergyRecord) -> None:
        """Stores a measurement of a system; one that is stored already changes nothing."""
        known = select(system_energy.c.id).where(system_energy.c.id == record.id)
        with self._database.writing() as connection:
            if connection.execute(known).first() is None:
                connection.execute(insert(system_energy).values(**asdict(record)))

    def systems(self, system_id: str = "") -> list[SystemEnergyRecord]:
        """Gives measurements of systems, or of one, the newest first."""
        query = select(system_energy).order_by(system_energy.c.created_at.desc())
        if system_id:
            query = query.where(system_energy.c.system_id == system_id)
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings()
            return [SystemEnergyRecord(**row) for row in rows]

    def put_grid_table(self, record: GridTableRecord) -> None:
        """Stores a grid table, instead of one with the same name."""
        with self._database.writing() as connection:
            self._database.lock(connection, f"grid table {record.name}")
            connection.execute(delete(grid_tables).where(grid_tables.c.name == record.name))
            connection.execute(insert(grid_tables).values(**asdict(record)))

    def grid_tables(self) -> list[GridTableRecord]:
        """Gives the grid tables that were added, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(grid_tables).order_by(grid_tables.c.name)).mappings()
            return [GridTableRecord(**row) for row in rows]

    def delete_grid_table(self, name: str) -> None:
        """Removes a grid table."""
        with self._database.writing() as connection:
            connection.execute(delete(grid_tables).where(grid_tables.c.name == name))

    def _jobs(self, query: Any) -> list[JobEnergyRecord]:
        with self._database.reading() as connection:
            return [JobEnergyRecord(**row) for row in connection.execute(query).mappings()]
