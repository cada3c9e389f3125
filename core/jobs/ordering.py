"""What people do with the queue: another place for a job, hold, release, start anyway, take out."""

from __future__ import annotations

from core.errors import TrainingError
from core.jobs import queue
from core.storage.workspace import Workspace


def move(workspace: Workspace, job_id: str, to: str | int) -> None:
    """Gives a waiting job another place.

    Args:
        workspace: Whose queue.
        job_id: The job.
        to: `up`, `down`, `front`, `back`, or the place from 1 on.

    Raises:
        TrainingError: It does not wait any more.
    """
    if not workspace.queue.move(job_id, to):
        raise _waits_no_more(workspace, job_id)
    queue.advance(workspace)


def hold(workspace: Workspace, job_id: str) -> None:
    """Keeps a waiting job in its place and does not start it until it is released.

    Raises:
        TrainingError: It does not wait any more.
    """
    if not workspace.queue.change_waiting(job_id, is_held=True, reason=""):
        raise _waits_no_more(workspace, job_id)
    queue.advance(workspace)  # those behind it may have waited for it


def release(workspace: Workspace, job_id: str) -> None:
    """Lets a held job start when its turn comes.

    Raises:
        TrainingError: It does not wait any more.
    """
    if not workspace.queue.change_waiting(job_id, is_held=False):
        raise _waits_no_more(workspace, job_id)
    queue.advance(workspace)


def hold_all(workspace: Workspace, *, by: str = "") -> None:
    """Starts nothing new until the queue is released; what works goes on."""
    workspace.queue.hold_all(is_held=True, person=by)


def release_all(workspace: Workspace) -> None:
    """Lets the queue go on; jobs that are held one by one stay so."""
    workspace.queue.hold_all(is_held=False)
    queue.advance(workspace)


def start_anyway(workspace: Workspace, job_id: str) -> None:
    """Lets a job start on GPUs that other programs use; those leased to other jobs stay theirs.

    Raises:
        TrainingError: It does not wait any more.
    """
    if not workspace.queue.change_waiting(job_id, starts_anyway=True, is_held=False):
        raise _waits_no_more(workspace, job_id)
    queue.advance(workspace)


def take_out(workspace: Workspace, job_id: str) -> None:
    """Ends a job that waits; one that has begun meanwhile goes on.

    Raises:
        TrainingError: It does not wait any more.
    """
    if not queue.take_out(workspace, job_id):
        raise _waits_no_more(workspace, job_id)
    queue.advance(workspace)  # those behind it may have waited for it


def _waits_no_more(workspace: Workspace, job_id: str) -> TrainingError:
    job = workspace.jobs.get(job_id)
    if job is None:
        return TrainingError(f"There is no job {job_id!r}.")
    name = job.title or job.id
    return TrainingError(f"{name!r} does not wait any more, it is {job.state}.")
