"""The records of versions: models made ready for serving, with the gate's figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from core.errors import ModelError
from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.job_records import JOINED_COLUMNS, Job, JobRecords, joined_job
from core.storage.tables import jobs, model_versions

DECISIONS = ("pending", "accepted", "refused")


@dataclass(frozen=True)
class Version:
    """A model in the form in which it is served.

    Attributes:
        id: UUID, also the name of the folder below `workspace/versions/` and the id of its job.
        model: The model's canonical name: a run's id, with `@STEP` for a checkpoint, or a base
            model's name. Versions of one model replace each other.
        name: The model's name for people.
        run_id: The run it came from; None for a base model.
        engine: `ctranslate2` or `transformers`; empty until the conversion is done.
        quantization: How the weights are stored, such as `int8`.
        settings: The whole settings file of the preparation.
        gate: Figures that compare it with the original; empty before the comparison.
        decision: One of DECISIONS; only an accepted version is served.
        decided_at: When somebody decided last; the latest accepted one is served.
        created_at: UTC ISO-8601.
        job: State, reason and progress of the preparation.
    """

    id: str
    model: str
    name: str
    run_id: str | None
    engine: str
    quantization: str
    settings: dict[str, Any]
    gate: dict[str, Any]
    decision: str
    decided_at: str | None
    created_at: str
    job: Job

    @property
    def is_ready(self) -> bool:
        """Whether it was prepared completely."""
        return self.job.state == "finished"


class VersionRecords:
    """Reads and writes the `model_versions` table and the job of each version."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs = JobRecords(database)

    def add(self, version: Version) -> None:
        """Stores a new version and its job in one transaction."""
        values = {name: value for name, value in vars(version).items() if name != "job"}
        with self._database.writing() as connection:
            self._jobs.insert(connection, version.job)
            connection.execute(insert(model_versions).values(**values))

    def get(self, version_id: str) -> Version:
        """Gives the version with this id, or with an id that begins so.

        Raises:
            ModelError: There is none, or several ids begin so.
        """
        query = _query().where(model_versions.c.id.startswith(version_id, autoescape=True))
        found = self._rows(query.limit(2)) if version_id else []
        if len(found) == 1 or (found and found[0].id == version_id):
            return found[0]
        if found:
            raise ModelError(
                f"Several versions have an id that begins with {version_id!r}.",
                hint="Give more of the id; `python -m core deploy list` names them.",
            )
        raise ModelError(
            f"There is no version {version_id!r}.", hint="`python -m core deploy list` names them."
        )

    def all(self) -> list[Version]:
        """Gives all versions, the newest first."""
        return self._rows(_query())

    def of_model(self, model: str) -> list[Version]:
        """Gives the versions of one model, the newest first."""
        return self._rows(_query().where(model_versions.c.model == model))

    def current(self, model: str) -> Version | None:
        """Gives the version of a model that is served: the one accepted last."""
        query = (
            _query()
            .where(model_versions.c.model == model, model_versions.c.decision == "accepted")
            .order_by(None)
            .order_by(model_versions.c.decided_at.desc())
        )
        found = self._rows(query.limit(1))
        return found[0] if found else None

    def store_gate(self, version_id: str, engine: str, gate: dict[str, Any]) -> None:
        """Stores what the comparison with the original found."""
        change = {"engine": engine, "gate": gate}
        self._change(version_id, change)

    def decide(self, version_id: str, decision: str) -> None:
        """Stores a decision; accepting an older version again is a rollback."""
        if decision not in DECISIONS:
            raise ValueError(f"{decision!r} is no decision; there are {', '.join(DECISIONS)}")
        self._change(version_id, {"decision": decision, "decided_at": utc_now()})

    def delete(self, version_id: str) -> None:
        """Removes a version and its job; the files are the caller's."""
        with self._database.writing() as connection:
            query = delete(model_versions).where(model_versions.c.id == version_id)
            connection.execute(query)
            self._jobs.delete(connection, version_id)

    def _change(self, version_id: str, values: dict[str, Any]) -> None:
        query = update(model_versions).where(model_versions.c.id == version_id).values(**values)
        with self._database.writing() as connection:
            connection.execute(query)

    def _rows(self, query: Any) -> list[Version]:
        with self._database.reading() as connection:
            return [_version(row) for row in connection.execute(query).mappings()]


def _query() -> Any:
    joined = model_versions.join(jobs, model_versions.c.id == jobs.c.id)
    query = select(model_versions, *JOINED_COLUMNS).select_from(joined)
    return query.order_by(model_versions.c.created_at.desc())


def _version(row: RowMapping) -> Version:
    values = {name: row[name] for name in model_versions.columns.keys()}  # noqa: SIM118 (no dict)
    return Version(**values, job=joined_job(row))
