"""The records of jobs: the queue, and a copy of what each job's folder says."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.tables import gpu_leases, jobs

WAITING = "queued"
ACTIVE = (
    "preparing",
    "compiling",
    "training",
    "evaluating",
    "saving",
    "converting",
    "serving",
    "translating",
    "searching",
    "stopping",
)
ENDED = ("stopped", "finished", "failed", "lost")
TRIAL_MARK = " · trial "  # in the name of a trial's run, before its number
MAX_TITLE, MAX_PERSON = 300, 200  # characters


@dataclass(frozen=True)
class Job:
    """One supervised process, as the database knows it.

    Attributes:
        id: UUID.
        kind: The module that knows this kind of job, such as `core.finetune.job`.
        folder: Its folder, relative to the workspace.
        lane: The resource it needs alone; one job a lane runs at a time.
        state: One of WAITING, ACTIVE or ENDED.
        reason: One sentence on why it ended as it did, or why one that waits cannot start; empty
            while all is well.
        progress: Step, total steps, seconds left, last scores, a sparkline.
        queued_at, started_at, ended_at: UTC ISO-8601; None for what has not happened.
        title: What people call what it works on; cut where it is too long to be stored.
        person: Who started it first; empty where nobody was named; cut likewise.
        system: Name of the one system that it makes or works with; empty for none or several.
        study: Id of the search that it is a trial of, or came out of; empty for none.
        position: Its place among those that wait in its lane, the smallest first; gaps are usual.
        is_held: Whether it keeps its place and is not started.
        starts_anyway: Whether it may start on a GPU that other programs use.
        interruption: Of one that was lost: `cause`, and `restarted_at` where the machine was; empty
            once somebody has decided about it.
    """

    id: str
    kind: str
    folder: str
    lane: str
    state: str
    queued_at: str
    reason: str = ""
    progress: dict[str, Any] = field(default_factory=dict)
    started_at: str | None = None
    ended_at: str | None = None
    title: str = ""
    person: str = ""
    system: str = ""
    study: str = ""
    position: int = field(default=0, compare=False)  # given by the queue, not by who makes it
    is_held: bool = False
    starts_anyway: bool = False
    interruption: dict[str, Any] = field(default_factory=dict)

    @property
    def is_trial(self) -> bool:
        """Whether it is a trial of a search: its worker calls it so, and no run that came of it."""
        return bool(self.study) and TRIAL_MARK in self.title

    def __post_init__(self) -> None:
        """Brings names to what the columns hold, here as in the database."""
        for name, limit in (("title", MAX_TITLE), ("person", MAX_PERSON), ("system", MAX_TITLE)):
            object.__setattr__(self, name, _storable(getattr(self, name), limit))

    @property
    def is_active(self) -> bool:
        """Whether a supervisor works on it."""
        return self.state in ACTIVE

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state in ENDED


def _storable(text: str, limit: int) -> str:
    """Gives a text as any database takes it: no half characters, no NUL, within the limit."""
    whole = text.replace("\0", "").encode(errors="replace").decode()
    return whole if len(whole) <= limit else f"{whole[: limit - 1]}…"


_COLUMNS = [column for column in jobs.columns if column.name != "id"]
IN_ORDER = (jobs.c.position, jobs.c.queued_at, jobs.c.id)
# For queries of records that belong to a job and share its id.
JOINED_COLUMNS = [column.label(f"job_{column.name}") for column in _COLUMNS]


def end_of_lane(connection: Connection, lane: str) -> int:
    """Gives the position behind all that wait in a lane."""
    query = select(func.max(jobs.c.position)).where(jobs.c.lane == lane, jobs.c.state == WAITING)
    return int(connection.execute(query).scalar() or 0) + 1


def joined_job(row: RowMapping) -> Job:
    """Gives the job in a row of a query that selected JOINED_COLUMNS beside a record."""
    return Job(id=row["id"], **{column.name: row[f"job_{column.name}"] for column in _COLUMNS})


class JobRecords:
    """Reads and writes the `jobs` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, connection: Connection, job: Job) -> None:
        """Stores a new job as part of the caller's transaction; one that waits comes last."""
        values = asdict(job)
        if job.state == WAITING:
            self._database.lock(connection, f"lane {job.lane}")
            values["position"] = end_of_lane(connection, job.lane)
        connection.execute(insert(jobs).values(**values))

    def add(self, job: Job) -> None:
        """Stores a new job that has no other record."""
        with self._database.writing() as connection:
            self.insert(connection, job)

    def remove(self, job_id: str) -> None:
        """Removes a job that has no other record."""
        with self._database.writing() as connection:
            self.delete(connection, job_id)

    def of_kind(self, kind: str, *, limit: int) -> list[Job]:
        """Gives the jobs of a kind, the one queued last first."""
        query = select(jobs).where(jobs.c.kind == kind).order_by(jobs.c.queued_at.desc())
        with self._database.reading() as connection:
            return [Job(**row) for row in connection.execute(query.limit(limit)).mappings()]

    def get(self, job_id: str) -> Job | None:
        """Gives the job, or None."""
        with self._database.reading() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().first()
        return None if row is None else Job(**row)

    def in_states(self, *states: str) -> list[Job]:
        """Gives the jobs in these states, the longest queued first."""
        query = select(jobs).where(jobs.c.state.in_(states)).order_by(jobs.c.queued_at)
        with self._database.reading() as connection:
            return [Job(**row) for row in connection.execute(query).mappings()]

    def claim_next(self, lane: str) -> Job | None:
        """Takes the first waiting job of a lane where no other is active, or gives None.

        The job comes back as `preparing`; two callers never get the same one.
        """
        in_lane = jobs.c.lane == lane
        with self._database.writing() as connection:
            self._database.lock(connection, f"lane {lane}")
            busy = connection.execute(
                select(func.count()).where(in_lane, jobs.c.state.in_(ACTIVE))
            ).scalar_one()
            if busy:
                return None
            waits = (in_lane, jobs.c.state == WAITING, ~jobs.c.is_held)
            query = select(jobs).where(*waits).order_by(*IN_ORDER).limit(1)
            row = connection.execute(query).mappings().first()
            if row is None:
                return None
            now = utc_now()
            started: dict[str, Any] = {"state": "preparing", "started_at": now}
            connection.execute(update(jobs).where(jobs.c.id == row["id"]).values(**started))
        return Job(**{**row, **started})

    def requeue(self, job_id: str, lane: str) -> bool:
        """Puts an ended job back into the queue, at its end; False if it had not ended."""
        change: dict[str, Any] = {
            "state": WAITING,
            "lane": lane,
            "reason": "",
            "queued_at": utc_now(),
            "started_at": None,
            "ended_at": None,
            "is_held": False,
            "starts_anyway": False,
            "interruption": {},
        }
        with self._database.writing() as connection:
            self._database.lock(connection, f"lane {lane}")
            change["position"] = end_of_lane(connection, lane)
            query = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(ENDED))
            return connection.execute(query.values(**change)).rowcount == 1

    def move_waiting(self, job_id: str, lane: str) -> bool:
        """Lets a job that still waits do so in another lane; False if it no longer waits."""
        return self._change(job_id, (WAITING,), {"lane": lane})

    def cancel_waiting(self, job_id: str, reason: str) -> bool:
        """Ends a job that still waits; False if it no longer does."""
        change = {"state": "stopped", "reason": reason, "ended_at": utc_now()}
        return self._change(job_id, (WAITING,), change)

    def publish(
        self,
        job_id: str,
        state: str,
        reason: str,
        progress: dict[str, Any],
        ended_at: str | None,
        *,
        interruption: dict[str, Any] | None = None,
    ) -> None:
        """Copies what the job's folder says into the database; with its end its GPUs are free."""
        change: dict[str, Any] = {
            "state": state, "reason": reason, "progress": progress, "ended_at": ended_at
        }  # fmt: skip
        if interruption is not None:
            change["interruption"] = interruption
        # A waiting job has no supervisor: a late writer must not take it out of the queue.
        changes = jobs.c.id == job_id, jobs.c.state.in_((*ACTIVE, *ENDED))
        with self._database.writing() as connection:
            is_changed = connection.execute(update(jobs).where(*changes).values(**change)).rowcount
            if is_changed and state in ENDED:
                connection.execute(delete(gpu_leases).where(gpu_leases.c.job_id == job_id))

    def delete(self, connection: Connection, job_id: str) -> None:
        """Removes a job as part of the caller's transaction."""
        connection.execute(delete(gpu_leases).where(gpu_leases.c.job_id == job_id))
        connection.execute(delete(jobs).where(jobs.c.id == job_id))

    def _change(self, job_id: str, states: tuple[str, ...], values: dict[str, Any]) -> bool:
        query = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(states)).values(**values)
        with self._database.writing() as connection:
            return connection.execute(query).rowcount == 1
