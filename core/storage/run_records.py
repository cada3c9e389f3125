"""The records of runs: settings and scores in the database, next to the job that did the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, String, cast, delete, func, insert, select, update

from core.errors import TrainingError
from core.storage.database import Database
from core.storage.job_records import JOINED_COLUMNS, Job, JobRecords, joined_job
from core.storage.tables import jobs, runs


@dataclass(frozen=True)
class Run:
    """One fine-tuning.

    Attributes:
        id: UUID, also the name of the folder below `workspace/runs/` and the id of its job.
        name: What people call it.
        corpus_id, corpus_name: The corpus it learns from.
        base_model: `starter`, a hub id or a folder.
        src_lang, tgt_lang: The direction, as FLORES-200 codes.
        settings: The whole settings file.
        scores: Final scores on the test split: `{"base": [...], "fine_tuned": [...]}`.
        train_seconds: Time spent in training steps, None before the end.
        created_at: UTC ISO-8601.
        job: State, reason and progress of the process.
    """

    id: str
    name: str
    corpus_id: str
    corpus_name: str
    base_model: str
    src_lang: str
    tgt_lang: str
    settings: dict[str, Any]
    scores: dict[str, Any]
    train_seconds: float | None
    created_at: str
    job: Job


class RunRecords:
    """Reads and writes the `runs` table and the job of each run."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs = JobRecords(database)

    def add(self, run: Run) -> None:
        """Stores a new run and its job in one transaction."""
        values = {name: value for name, value in vars(run).items() if name != "job"}
        with self._database.writing() as connection:
            self._jobs.insert(connection, run.job)
            connection.execute(insert(runs).values(**values))

    def get(self, name_or_id: str) -> Run:
        """Gives the run with this id, or else the one with this name.

        Raises:
            TrainingError: There is none, or several have the name.
        """
        query = _query().where((runs.c.id == name_or_id) | (runs.c.name == name_or_id)).limit(50)
        with self._database.reading() as connection:
            found = [_run(row) for row in connection.execute(query).mappings()]
        for run in found:
            if run.id == name_or_id:
                return run
        if len(found) > 1:
            raise TrainingError(
                f"{len(found)} runs have the name {name_or_id!r}.",
                hint=f"Give the id instead, such as {found[0].id} for the newest.",
            )
        if not found:
            raise TrainingError(
                f"There is no run {name_or_id!r}.", hint="`python -m core runs list` names them."
            )
        return found[0]

    def newest(
        self, *, limit: int = 25, offset: int = 0, states: tuple[str, ...] = ()
    ) -> list[Run]:
        """Gives runs, the newest first; `states` (empty = all) selects."""
        query = _query().limit(limit).offset(offset)
        if states:
            query = query.where(jobs.c.state.in_(states))
        with self._database.reading() as connection:
            return [_run(row) for row in connection.execute(query).mappings()]

    def counts(self) -> dict[str, int]:
        """Gives the number of runs in each state that occurs."""
        query = (
            select(jobs.c.state, func.count())
            .select_from(runs.join(jobs, runs.c.id == jobs.c.id))
            .group_by(jobs.c.state)
        )
        with self._database.reading() as connection:
            return {str(state): int(count) for state, count in connection.execute(query)}

    def interrupted(self) -> list[Run]:
        """Gives the lost runs about which nobody has decided yet, the newest first."""
        with self._database.reading() as connection:
            query = _query().where(jobs.c.state == "lost").limit(500)
            found = [_run(row) for row in connection.execute(query).mappings()]
        return [run for run in found if run.job.interruption]

    def of_corpus(self, corpus_id: str) -> int:
        """Gives the number of runs that use a corpus, those that mix it in among them."""
        # A corpus that is mixed in stands by its id in the settings, and nowhere else.
        mixes = cast(runs.c.settings, String).contains(corpus_id, autoescape=True)
        query = select(func.count()).where((runs.c.corpus_id == corpus_id) | mixes)
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def store_settings(self, run_id: str, settings: dict[str, Any]) -> None:
        """Stores settings in which something was filled in that only the run could find out."""
        with self._database.writing() as connection:
            query = update(runs).where(runs.c.id == run_id).values(settings=settings)
            connection.execute(query)

    def store_scores(
        self, run_id: str, scores: dict[str, Any], train_seconds: float | None
    ) -> None:
        """Stores the final scores of a run."""
        change = {"scores": scores, "train_seconds": train_seconds}
        with self._database.writing() as connection:
            connection.execute(update(runs).where(runs.c.id == run_id).values(**change))

    def delete(self, run_id: str) -> None:
        """Removes a run and its job; the files are the caller's."""
        with self._database.writing() as connection:
            connection.execute(delete(runs).where(runs.c.id == run_id))
            self._jobs.delete(connection, run_id)


def _query() -> Any:
    joined = runs.join(jobs, runs.c.id == jobs.c.id)
    return select(runs, *JOINED_COLUMNS).select_from(joined).order_by(runs.c.created_at.desc())


def _run(row: RowMapping) -> Run:
    values = {name: row[name] for name in runs.columns.keys()}  # noqa: SIM118 (no dict)
    return Run(**values, job=joined_job(row))
