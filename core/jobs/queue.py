"""The queue: jobs start by themselves, in their order, and none is started twice.

One job a lane works at a time; where there are GPUs, runs share their lane by leases instead.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from core.errors import TrainingError
from core.jobs.folder import JobFolder, JobState
from core.jobs.gpu_choice import decide
from core.jobs.gpu_leasing import gpus_now, needed_gpus, with_lease
from core.jobs.interruptions import interruption_of, requeue_after_restart
from core.jobs.job_energy import publish_from_folder
from core.jobs.kind import end_elsewhere, job_folder, load_kind
from core.jobs.processes import JOB_VARIABLE, SUPERVISOR_VARIABLE, end_job_leftovers
from core.notify.telling import tell
from core.storage.files import utc_now, write_json
from core.storage.job_records import ACTIVE, WAITING, Job
from core.storage.workspace import PROJECT, Workspace

COMPUTE_LANE = "compute"
MAX_LANE = 32  # characters
_AT = "@"
START_LIMIT_S = 60.0
STOP_MODES = ("save", "now")

log = logging.getLogger(__name__)


def enter(workspace: Workspace, job: Job) -> None:
    """Writes a new job's folder files; its record must be stored by the caller, then `advance`."""
    folder = job_folder(workspace, job.folder)
    values = {"id": job.id, "kind": job.kind, "workspace": str(workspace.root)}
    write_json(folder.job_file, values)
    folder.write_state(JobState())


def own_lane(lane: str) -> str:
    """Gives the lane for jobs that only this host may start, beside the lane for any host."""
    host = socket.gethostname()
    room = MAX_LANE - len(lane) - len(_AT)
    if len(host) > room:  # two hosts whose names begin alike must not share it
        digest = hashlib.sha256(host.encode()).hexdigest()[:6]
        host = f"{host[: room - 7]}-{digest}"
    return f"{lane}{_AT}{host}"


def advance(workspace: Workspace, *, lane: str = "") -> None:
    """Brings records up to date with reality and starts the next job of each free lane.

    Args:
        workspace: Whose jobs.
        lane: The only lane to look at; empty = all but those of other hosts.
    """
    reconcile(workspace)
    for run_id in requeue_after_restart(workspace, requeue):
        log.warning("run %s goes on after the restart of the machine", run_id)
    waiting = {job.lane for job in workspace.queue.waiting() if not job.is_held}
    for each in sorted(waiting & {lane} if lane else filter(_may_start, waiting)):
        if is_compute(each):
            _start_computing(workspace, each)
        elif job := workspace.jobs.claim_next(each):
            _start(workspace, job)


def is_compute(lane: str) -> bool:
    """Whether the jobs of a lane are those that need GPUs, or else the whole processor."""
    return lane.partition(_AT)[0] == COMPUTE_LANE


def _start_computing(workspace: Workspace, lane: str) -> None:
    """Starts the jobs of a lane for which there are GPUs, or the next one without any."""
    waiting = [job for job in workspace.queue.waiting() if job.lane == lane and not job.is_held]
    needs = {job.id: needed_gpus(workspace, job) for job in waiting}
    gpus = gpus_now(workspace)  # asked before the transaction: a driver may take its time
    host = socket.gethostname()
    while True:
        taken = workspace.queue.claim(lane, host, lambda lane: decide(lane, host, gpus, needs))
        if taken.job is None:
            return
        _start(workspace, taken.job, [uuid for uuid, _ in taken.gpus])


def advance_after(workspace: Workspace, job_id: str) -> None:
    """Starts what waited for a job that has ended.

    A host that only takes jobs of its own must not take those of all hosts, too.
    """
    job = workspace.jobs.get(job_id)
    if job is not None and _AT in job.lane:
        advance(workspace, lane=job.lane)
    else:
        advance(workspace)


def _may_start(lane: str) -> bool:
    return _AT not in lane or lane == own_lane(lane.partition(_AT)[0])


def _start(workspace: Workspace, job: Job, gpu_uuids: Sequence[str] = ()) -> None:
    """Starts the supervisor of a claimed job in a session of its own; it sees its GPUs only."""
    folder = job_folder(workspace, job.folder)
    try:
        with (folder.path / "supervisor.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "core.jobs.supervisor", str(folder.path)],
                cwd=PROJECT,
                env=with_lease(_own_environment(job.id), gpu_uuids),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        log.warning("no supervisor for job %s: %s", job.id, error)
        reason = f"The supervising process could not be started: {error.strerror}."
        _end_unstarted(workspace, job, folder, JobState(state="failed", reason=reason))
        return
    # Somebody has to take the exit status, or the ended supervisor stays as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()


def _own_environment(job_id: str) -> dict[str, str]:
    """Gives the environment with the job's own mark: a job may be started by another's process.

    With the mark of that one it would be taken for a part of it, and end with it.
    """
    environment = {name: value for name, value in os.environ.items() if name != SUPERVISOR_VARIABLE}
    return {**environment, JOB_VARIABLE: job_id}


def _end_unstarted(workspace: Workspace, job: Job, folder: JobFolder, state: JobState) -> None:
    """Writes the end of a job that no supervisor ever worked on."""
    state = replace(state, progress=job.progress, ended_at=utc_now())
    with contextlib.suppress(OSError):  # the record has it too
        folder.write_state(state)
    workspace.jobs.publish(job.id, state.state, state.reason, state.progress, state.ended_at)
    tell(workspace, job, state.state, state.reason, state.hint)


def reconcile(workspace: Workspace) -> None:
    """Corrects the record of every active job whose folder tells another story."""
    for job in workspace.jobs.in_states(*ACTIVE):
        folder = job_folder(workspace, job.folder)
        if not folder.path.exists():
            reason = "The job's folder is gone."
            workspace.jobs.publish(job.id, "lost", reason, job.progress, utc_now())
            tell(workspace, job, "lost", reason)
            continue
        state = folder.observed_state()
        if state.has_ended or state.state == WAITING:
            with folder.locked():
                _correct(workspace, job.id, folder)


def _correct(workspace: Workspace, job_id: str, folder: JobFolder) -> None:
    """Looks again while nobody else decides about the job, and writes down how it ended."""
    job = workspace.jobs.get(job_id)
    state = folder.observed_state()
    if job is None or not job.is_active:
        return
    if state.state == WAITING:
        if _may_still_start(job):
            return
        state = JobState(
            state="lost",
            reason="The supervising process never started.",
            hint="supervisor.log in the job's folder says why; Resume tries again.",
            progress=job.progress,
            ended_at=utc_now(),
        )
    if not state.has_ended:
        return
    interruption = None
    if state.state == "lost":
        interruption = interruption_of(state, job)
        log.warning("job %s is lost: %s", job.id, state.reason)
        end_job_leftovers(job.id)
        end_elsewhere(load_kind(job.kind), folder)
        folder.release_space()
        with contextlib.suppress(OSError):  # the record has it too
            folder.write_state(state)
    kind = load_kind(job.kind)
    kind.publish(workspace, folder)
    try:
        publish_from_folder(workspace, job, kind.energy_kind, folder)
    except OSError as error:  # a job has ended, whether or not its energy can be read
        log.warning("the energy of job %s cannot be read: %s", job.id, error)
    workspace.jobs.publish(
        job.id, state.state, state.reason, state.progress, state.ended_at, interruption=interruption
    )
    tell(workspace, job, state.state, state.reason, state.hint)


def _may_still_start(job: Job) -> bool:
    started = datetime.fromisoformat(job.started_at or job.queued_at)
    return (datetime.now(UTC) - started).total_seconds() < START_LIMIT_S


def stop(workspace: Workspace, job_id: str, mode: str, *, why: str = "") -> None:
    """Asks a job to stop; `mode` is `save` or `now`. A waiting job leaves the queue at once.

    Args:
        workspace: Whose job.
        job_id: The job.
        mode: One of STOP_MODES.
        why: Why nobody but the program asks; goes on after "because" or stands in brackets.

    Raises:
        TrainingError: The job has already ended.
    """
    job = _existing(workspace, job_id)
    if mode not in STOP_MODES:
        raise ValueError(f"{mode!r} is no way to stop; there are {', '.join(STOP_MODES)}")
    folder = job_folder(workspace, job.folder)
    with folder.locked():
        if _cancelled(workspace, job_id, folder):
            return
        state = folder.observed_state()
        if state.has_ended:
            raise TrainingError(f"The job has already ended ({state.state}).")
        folder.request_stop(mode, why)


def take_out(workspace: Workspace, job_id: str) -> bool:
    """Ends a job that still waits; False if it has begun, or ended, meanwhile."""
    folder = folder_of(workspace, job_id)
    with folder.locked():
        return _cancelled(workspace, job_id, folder)


def _cancelled(workspace: Workspace, job_id: str, folder: JobFolder) -> bool:
    """Ends a job that waits, while the caller holds the lock of its folder."""
    reason = "Taken out of the queue before it started."
    if not workspace.jobs.cancel_waiting(job_id, reason):
        return False
    state = replace(folder.read_state(), state="stopped", reason=reason)
    folder.write_state(replace(state, ended_at=utc_now()))
    return True


def resume(workspace: Workspace, job_id: str) -> None:
    """Puts an ended job back into the queue; it continues from its last checkpoint.

    Raises:
        TrainingError: The job has not ended.
    """
    requeue(workspace, job_id)
    advance(workspace)


def requeue(workspace: Workspace, job_id: str, *, lane: str = "") -> None:
    """Puts an ended job back into the queue and starts nothing.

    Args:
        workspace: Whose job.
        job_id: The job.
        lane: Where it waits then; empty = where it did before, but one that another host had
            taken for itself may then be started by any.

    Raises:
        TrainingError: The job has not ended.
    """
    reconcile(workspace)
    folder = folder_of(workspace, job_id)
    with folder.locked():
        job = _existing(workspace, job_id)
        if not job.has_ended:
            raise TrainingError(f"The job is {job.state}; only an ended job can be resumed.")
        # Before it is in the queue: from then on a stop request, or a start, may come at once.
        folder.clear_for_start()
        folder.write_state(JobState(progress=folder.read_state().progress))
        before = job.lane if _may_start(job.lane) else job.lane.partition(_AT)[0]
        workspace.jobs.requeue(job_id, lane or before)


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
