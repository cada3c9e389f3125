"""The queue: one job a lane at a time; jobs start by themselves and none is started twice."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

from core.errors import TrainingError
from core.jobs.folder import JobFolder, JobState
from core.jobs.kind import job_folder, load_kind
from core.jobs.processes import end_job_leftovers
from core.storage.files import utc_now, write_json
from core.storage.job_records import ACTIVE, WAITING, Job
from core.storage.workspace import PROJECT, Workspace

COMPUTE_LANE = "compute"
START_LIMIT_S = 60.0

log = logging.getLogger(__name__)


def enter(workspace: Workspace, job: Job) -> None:
    """Writes a new job's folder files; its record must be stored by the caller, then `advance`."""
    folder = job_folder(workspace, job.folder)
    values = {"id": job.id, "kind": job.kind, "workspace": str(workspace.root)}
    write_json(folder.job_file, values)
    folder.write_state(JobState())


def advance(workspace: Workspace) -> None:
    """Brings records up to date with reality and starts the next job of each free lane."""
    reconcile(workspace)
    for lane in sorted({job.lane for job in workspace.jobs.in_states(WAITING)}):
        job = workspace.jobs.claim_next(lane)
        if job is not None:
            _start(workspace, job)


def _start(workspace: Workspace, job: Job) -> None:
    """Starts the supervisor of a claimed job in a session of its own."""
    folder = job_folder(workspace, job.folder)
    folder.clear_for_start()
    with (folder.path / "supervisor.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.supervisor", str(folder.path)],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # Somebody has to take the exit status, or the ended supervisor stays as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()


def reconcile(workspace: Workspace) -> None:
    """Corrects the record of every active job whose folder tells another story."""
    for job in workspace.jobs.in_states(*ACTIVE):
        folder = job_folder(workspace, job.folder)
        state = folder.observed_state()
        if state.state == WAITING:
            state = _unstarted(job)
            if state is None:
                continue
        if state.state == "lost":
            log.warning("job %s is lost: %s", job.id, state.reason)
            end_job_leftovers(job.id)
            folder.release_space()
            folder.write_state(state)
        if state.state != job.state and state.has_ended:
            load_kind(job.kind).publish(workspace, folder)
            workspace.jobs.publish(
                job.id, state.state, state.reason, state.progress, state.ended_at
            )


def _unstarted(job: Job) -> JobState | None:
    """Gives the end of a job whose supervisor never reported, None while it may still do so."""
    started = datetime.fromisoformat(job.started_at or job.queued_at)
    if (datetime.now(UTC) - started).total_seconds() < START_LIMIT_S:
        return None
    return JobState(
        state="lost",
        reason="The supervising process never started.",
        hint="supervisor.log in the job's folder says why; Resume tries again.",
        ended_at=utc_now(),
    )


def stop(workspace: Workspace, job_id: str, mode: str) -> None:
    """Asks a job to stop; `mode` is `save` or `now`. A waiting job leaves the queue at once.

    Raises:
        TrainingError: The job has already ended.
    """
    job = _existing(workspace, job_id)
    if workspace.jobs.cancel_waiting(job_id, "Taken out of the queue before it started."):
        return
    folder = job_folder(workspace, job.folder)
    if folder.observed_state().has_ended:
        raise TrainingError(f"The job has already ended ({folder.observed_state().state}).")
    folder.request_stop(mode)


def resume(workspace: Workspace, job_id: str) -> None:
    """Puts an ended job back into the queue; it continues from its last checkpoint.

    Raises:
        TrainingError: The job has not ended.
    """
    job = _existing(workspace, job_id)
    folder = job_folder(workspace, job.folder)
    if not workspace.jobs.requeue(job_id):
        raise TrainingError(f"The job is {job.state}; only an ended job can be resumed.")
    folder.write_state(JobState(progress=folder.read_state().progress))
    advance(workspace)


def wait(workspace: Workspace, job_id: str, *, poll_s: float = 0.5) -> JobState:
    """Waits until a job has ended and gives its last state."""
    folder = job_folder(workspace, _existing(workspace, job_id).folder)
    while True:
        job = _existing(workspace, job_id)
        state = folder.observed_state()
        if job.has_ended and (state.has_ended or not state.is_active):
            return state if state.has_ended else JobState(state=job.state, reason=job.reason)
        advance(workspace)
        time.sleep(poll_s)


def folder_of(workspace: Workspace, job_id: str) -> JobFolder:
    """Gives the folder of a job.

    Raises:
        TrainingError: There is no such job.
    """
    return job_folder(workspace, _existing(workspace, job_id).folder)


def _existing(workspace: Workspace, job_id: str) -> Job:
    job = workspace.jobs.get(job_id)
    if job is None:
        raise TrainingError(f"There is no job {job_id!r}.")
    return job
