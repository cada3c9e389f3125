"""Where a job stands in the queue, why it waits, and when it can start at the earliest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.jobs.queue import is_compute
from core.storage.job_records import ACTIVE, Job
from core.storage.queue_records import Lease, QueueHold
from core.storage.workspace import Workspace


@dataclass(frozen=True)
class Standing:
    """One job that waits.

    Attributes:
        job: The job.
        place: From 1 on, in its lane.
        num_waiting: How many wait in its lane.
        why: Why it waits, in one sentence.
        earliest_s: Seconds until it can start at the earliest, from the steps that the working
            jobs have left; scoring and saving come after those. None where that is not known.
    """

    job: Job
    place: int
    num_waiting: int
    why: str
    earliest_s: float | None = None


def standings(workspace: Workspace) -> list[Standing]:
    """Gives the jobs that wait for GPUs or for the processor, in their order."""
    waiting = [job for job in workspace.queue.waiting() if is_compute(job.lane)]
    if not waiting:
        return []
    working = [job for job in workspace.jobs.in_states(*ACTIVE) if is_compute(job.lane)]
    leases, hold = workspace.queue.leases(), workspace.queue.hold_of_all()
    found = []
    for lane in dict.fromkeys(job.lane for job in waiting):
        here = [job for job in waiting if job.lane == lane]
        at_work = [job for job in working if job.lane == lane]
        found += standings_of_lane(here, at_work, leases, hold)
    return found


def standing_of(workspace: Workspace, job_id: str) -> Standing | None:
    """Gives where a job stands; None where it does not wait."""
    return next((each for each in standings(workspace) if each.job.id == job_id), None)


def standings_of_lane(
    waiting: Sequence[Job], working: Sequence[Job], leases: Sequence[Lease], hold: QueueHold
) -> list[Standing]:
    """Does the same for one lane, from what the records say."""
    lefts = [_seconds_left(job) for job in working]
    known = [left for left in lefts if left is not None]
    earliest_s = min(known) if known and len(known) == len(lefts) else None
    found = []
    before: list[Job] = []
    for place, job in enumerate(waiting, start=1):
        why = _why(job, before, working, leases, hold)
        is_stopped = job.is_held or hold.is_held or bool(job.reason)
        eta_s = None if is_stopped else earliest_s
        found.append(Standing(job, place, len(waiting), why, eta_s))
        if not job.is_held and not job.reason:  # else those behind it do not wait for it
            before.append(job)
    return found


def _why(
    job: Job,
    before: Sequence[Job],
    working: Sequence[Job],
    leases: Sequence[Lease],
    hold: QueueHold,
) -> str:
    if job.is_held:
        return "Held: it keeps its place and starts once it is released."
    if hold.is_held:
        return "The whole queue is held; nothing new starts."
    if job.reason:
        return job.reason
    if before:
        who = _named(before[0]) if len(before) == 1 else f"{len(before)} runs"
        return f"Waits behind {who}."
    if not working:
        return "Starts in a moment."
    with_gpu = {lease.job_id for lease in leases}
    names = " and ".join(_named(each) for each in working[:3])
    if all(each.id in with_gpu for each in working):
        have = "has" if len(working) == 1 else "have"
        return f"Waits for a GPU: {names} {have} those that it could use."
    return f"Waits until {names} {'has' if len(working) == 1 else 'have'} ended."


def _named(job: Job) -> str:
    return repr(job.title or job.id[:8])


def _seconds_left(job: Job) -> float | None:
    left = job.progress.get("seconds_left") if job.state == "training" else None
    return None if left is None else float(left)
