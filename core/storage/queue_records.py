"""The records of the queue: its order, what is held, and which job has which GPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from core.storage.database import Database
from core.storage.files import utc_now
from core.storage.job_records import ACTIVE, IN_ORDER, WAITING, Job
from core.storage.preference_records import preference, put_preference
from core.storage.tables import gpu_leases, jobs

PREFERENCE = "queue"
WAYS = ("up", "down", "front", "back")


@dataclass(frozen=True)
class Lease:
    """A GPU that a job has for itself.

    Attributes:
        host: The host's name.
        gpu_uuid, gpu_index: The GPU, as NVIDIA's library names it.
        job_id: The job.
        since: UTC ISO-8601.
    """

    host: str
    gpu_uuid: str
    gpu_index: int
    job_id: str
    since: str


@dataclass(frozen=True)
class Decision:
    """What is done about a lane.

    Attributes:
        job: What starts now; None = nothing.
        gpus: UUID and index of each GPU that it gets.
        reasons: Why a waiting job cannot start although its turn has come, by the job's id.
    """

    job: Job | None = None
    gpus: tuple[tuple[str, int], ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lane:
    """Everything that a decision rests on, read in one transaction.

    Attributes:
        waiting: The jobs that wait and are not held, in their order.
        working: The jobs that are active.
        leases: Those of active jobs, on all hosts.
    """

    waiting: Sequence[Job]
    working: Sequence[Job]
    leases: Sequence[Lease]


@dataclass(frozen=True)
class QueueHold:
    """Whether the whole queue is held, and what happens after a restart of the machine.

    Attributes:
        is_held: Whether nothing new is started.
        since: When somebody held it, UTC ISO-8601; empty while it is not.
        person: Who did; empty where nobody is named.
        resumes_after_restart: Whether interrupted runs go on by themselves.
    """

    is_held: bool = False
    since: str = ""
    person: str = ""
    resumes_after_restart: bool = False


class QueueRecords:
    """Reads and writes the order of jobs that wait, and the table `gpu_leases`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold_of_all(self) -> QueueHold:
        """Gives whether the whole queue is held."""
        with self._database.reading() as connection:
            return QueueHold(**preference(connection, PREFERENCE))

    def hold_all(self, *, is_held: bool, person: str = "") -> bool:
        """Lets nothing new start, or lets it again; False where that was so already."""

        def changed(now: QueueHold) -> QueueHold:
            since = utc_now() if is_held else ""
            return QueueHold(is_held, since, person if is_held else "", now.resumes_after_restart)

        return self._change_hold(lambda now: now if now.is_held == is_held else changed(now))

    def resume_after_restart(self, *, is_wanted: bool) -> None:
        """Decides whether interrupted runs go on by themselves after a restart."""
        self._change_hold(lambda now: QueueHold(now.is_held, now.since, now.person, is_wanted))

    def _change_hold(self, change: Callable[[QueueHold], QueueHold]) -> bool:
        with self._database.writing() as connection:
            self._database.lock(connection, f"preference {PREFERENCE}")
            before = QueueHold(**preference(connection, PREFERENCE))
            after = change(before)
            if after != before:
                put_preference(connection, PREFERENCE, asdict(after))
            return after != before

    def move(self, job_id: str, to: str | int) -> bool:
        """Gives a waiting job another place in its lane; False if it no longer waits.

        Args:
            job_id: The job.
            to: One of WAYS, or the place from 1 on; one behind the last is the last.

        Raises:
            ValueError: `to` is neither.
        """
        with self._database.writing() as connection:
            lane = self._lane_of(connection, job_id)
            if lane is None:
                return False
            order = [job.id for job in _jobs(connection, lane, WAITING)]
            at = order.index(job_id)
            places = {"up": at - 1, "down": at + 1, "front": 0, "back": len(order)}
            if to not in places and not isinstance(to, int):
                raise ValueError(f"{to!r} is no place; there are {', '.join(WAYS)} and numbers")
            place = to - 1 if isinstance(to, int) else places[to]
            order.remove(job_id)
            order.insert(max(0, place), job_id)
            for position, each in enumerate(order, start=1):
                query = update(jobs).where(jobs.c.id == each, jobs.c.position != position)
                connection.execute(query.values(position=position))
        return True

    def change_waiting(self, job_id: str, **values: Any) -> bool:
        """Changes columns of a job that waits; False if it no longer does."""
        query = update(jobs).where(jobs.c.id == job_id, jobs.c.state == WAITING)
        with self._database.writing() as connection:
            return connection.execute(query.values(**values)).rowcount == 1

    def settle_interruption(self, job_id: str) -> None:
        """Forgets that a job was interrupted: somebody has decided about it."""
        query = update(jobs).where(jobs.c.id == job_id).values(interruption={})
        with self._database.writing() as connection:
            connection.execute(query)

    def waiting(self) -> list[Job]:
        """Gives the jobs that wait, lane by lane in their order."""
        query = select(jobs).where(jobs.c.state == WAITING).order_by(jobs.c.lane, *IN_ORDER)
        with self._database.reading() as connection:
            return [Job(**row) for row in connection.execute(query).mappings()]

    def leases(self) -> list[Lease]:
        """Gives the leases of jobs that are active, on all hosts."""
        with self._database.reading() as connection:
            return _leases(connection)

    def claim(self, lane: str, host: str, decide: Callable[[Lane], Decision]) -> Decision:
        """Lets `decide` choose what a lane starts, and takes job and GPUs in one transaction.

        Two callers never get the same job, nor the same GPU.

        Args:
            lane: The lane.
            host: Whose GPUs are leased.
            decide: Called with what is there; must be quick, as nobody else may write meanwhile.

        Returns:
            The decision; its job is `preparing` now.
        """
        with self._database.writing() as connection:
            self._database.lock(connection, f"lane {lane}")
            self._database.lock(connection, f"gpus of {host}")
            if QueueHold(**preference(connection, PREFERENCE)).is_held:
                return Decision()
            waiting = [job for job in _jobs(connection, lane, WAITING) if not job.is_held]
            _forget_ended(connection)
            working = _jobs(connection, lane, *ACTIVE)
            decision = decide(Lane(waiting, working, _leases(connection)))
            if decision.job is not None:
                return _start(connection, host, decision)
            for job in waiting:
                reason = decision.reasons.get(job.id, "")
                if reason != job.reason:
                    query = update(jobs).where(jobs.c.id == job.id)
                    connection.execute(query.values(reason=reason))
            return decision

    def _lane_of(self, connection: Connection, job_id: str) -> str | None:
        """Gives the lane in which a job waits, and lets nobody else change its order."""
        query = select(jobs.c.lane).where(jobs.c.id == job_id, jobs.c.state == WAITING)
        lane: str | None = connection.execute(query).scalar()
        if lane is not None:
            self._database.lock(connection, f"lane {lane}")
            lane = connection.execute(query).scalar()  # it may have started before the lock
        return lane


def _start(connection: Connection, host: str, decision: Decision) -> Decision:
    assert decision.job is not None
    now = utc_now()
    started = {"state": "preparing", "started_at": now, "reason": ""}
    query = update(jobs).where(jobs.c.id == decision.job.id).values(**started)
    connection.execute(query)
    for uuid, index in decision.gpus:
        lease = Lease(host, uuid, index, decision.job.id, now)
        connection.execute(insert(gpu_leases).values(**asdict(lease)))
    job = Job(**{**vars(decision.job), **started})
    return Decision(job, decision.gpus, decision.reasons)


def _jobs(connection: Connection, lane: str, *states: str) -> list[Job]:
    query = select(jobs).where(jobs.c.lane == lane, jobs.c.state.in_(states)).order_by(*IN_ORDER)
    return [Job(**row) for row in connection.execute(query).mappings()]


def _leases(connection: Connection) -> list[Lease]:
    active = select(jobs.c.id).where(jobs.c.state.in_(ACTIVE))
    query = select(gpu_leases).where(gpu_leases.c.job_id.in_(active))
    query = query.order_by(gpu_leases.c.host, gpu_leases.c.gpu_index)
    return [Lease(**row) for row in connection.execute(query).mappings()]


def _forget_ended(connection: Connection) -> None:
    """Removes what no active job holds: each end does that too, but this is the last guard."""
    active = select(jobs.c.id).where(jobs.c.state.in_(ACTIVE))
    connection.execute(delete(gpu_leases).where(gpu_leases.c.job_id.not_in(active)))
