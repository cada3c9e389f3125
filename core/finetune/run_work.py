"""Work on the checkpoints of a run: each kind a supervised job in a folder of the run's own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from core.errors import TrainingError
from core.jobs import queue
from core.jobs.entering import locked, set_aside
from core.jobs.folder import JobFolder, JobState, new_job_folder
from core.settings import Settings
from core.storage.files import utc_now
from core.storage.job_records import WAITING, Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace

LANE = "checkpoints"  # beside training: a run that works can be looked at
_NAMESPACE = uuid.UUID("3f0b8a52-6b0e-4a0f-9c55-5d4f0a9f7c31")


@dataclass(frozen=True)
class RunWork:
    """One kind of work; a run has at most one job of each.

    Attributes:
        name: Of its folder below the run's.
        kind: The module that knows the job.
        title: What people call it, before the run's name.
    """

    name: str
    kind: str
    title: str


BENCH = RunWork("checkpoint-bench", "core.finetune.checkpoint_bench", "Checkpoints of")
USE = RunWork("checkpoint-use", "core.finetune.checkpoint_use", "Another checkpoint for")


def work_folder(workspace: Workspace, run_id: str, work: RunWork) -> JobFolder:
    """Gives the folder of a run's work, which need not exist."""
    return JobFolder(workspace.run_folder(run_id) / work.name)


def work_id(run_id: str, work: RunWork) -> str:
    """Gives the id of the work's job."""
    return str(uuid.uuid5(_NAMESPACE, f"{run_id} {work.name}"))


def start_work(
    workspace: Workspace, run: Run, work: RunWork, settings: Settings, *, by: str = ""
) -> str:
    """Starts the work and gives its job's id; the same that was stopped goes on.

    A second call with the same settings (a double click) starts nothing.

    Raises:
        TrainingError: Work of the kind with other settings is under way.
    """
    job_id, folder = work_id(run.id, work), work_folder(workspace, run.id, work)
    queue.reconcile(workspace)
    with locked(folder.path):
        job = workspace.jobs.get(job_id)
        is_same = folder.settings_file.exists() and settings == type(settings).load(
            folder.settings_file
        )
        if job is not None and not job.has_ended:
            if not is_same:
                raise TrainingError(
                    f"{work.title} {run.name!r}: a job is {job.state} already.",
                    hint="Wait for its end, or stop it.",
                )
        elif job is not None and is_same and job.state != "finished":
            queue.requeue(workspace, job_id)
        else:
            _forget(workspace, run.id, work)
            _enter(workspace, run, work, settings, by)
    queue.advance(workspace)
    return job_id


def _enter(workspace: Workspace, run: Run, work: RunWork, settings: Settings, by: str) -> None:
    folder = work_folder(workspace, run.id, work)
    relative = str(folder.path.relative_to(workspace.root))
    job = Job(
        work_id(run.id, work),
        work.kind,
        relative,
        LANE,
        WAITING,
        utc_now(),
        title=f"{work.title} {run.name}",
        person=by,
        system=run.name,
    )
    with new_job_folder(folder.path, "work"):
        settings.save(folder.settings_file)
        queue.enter(workspace, job)
        with workspace.database.writing() as connection:
            workspace.jobs.insert(connection, job)


def _forget(workspace: Workspace, run_id: str, work: RunWork) -> None:
    with (
        set_aside(work_folder(workspace, run_id, work).path),
        workspace.database.writing() as connection,
    ):
        workspace.jobs.delete(connection, work_id(run_id, work))


def forget_works(workspace: Workspace, run: Run) -> None:
    """Removes all work on a run that is about to be deleted.

    Raises:
        TrainingError: Some of it is under way.
    """
    queue.reconcile(workspace)
    for work in (BENCH, USE):
        job = workspace.jobs.get(work_id(run.id, work))
        if job is not None and not job.has_ended:
            raise TrainingError(
                f"{job.title!r} is {job.state}; stop it before deleting the run.",
                hint="The Run page shows it under Checkpoints.",
            )
    for work in (BENCH, USE):
        if workspace.jobs.get(work_id(run.id, work)) is not None:
            _forget(workspace, run.id, work)


def stop_work(workspace: Workspace, run_id: str, work: RunWork) -> None:
    """Asks the work to stop.

    Raises:
        TrainingError: It has ended already.
    """
    queue.stop(workspace, work_id(run_id, work), "save")


def work_state(workspace: Workspace, run_id: str, work: RunWork) -> JobState | None:
    """Gives how far the work is; None if there is none."""
    job = workspace.jobs.get(work_id(run_id, work))
    if job is None:
        return None
    state = work_folder(workspace, run_id, work).observed_state()
    if WAITING in (job.state, state.state):
        return JobState(state=job.state, reason=job.reason)
    return state
