"""What one does with measurements: start, watch, stop; what they found is stored for good."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from core.errors import AdaptMLLMError, ConfigError
from core.jobs import queue
from core.jobs.entering import locked, set_aside
from core.jobs.folder import JobFolder, JobState, new_job_folder
from core.storage.files import utc_now
from core.storage.job_records import ACTIVE, ENDED, WAITING, Job
from core.storage.workspace import Workspace
from core.systems.footprint.measuring_job import AGAIN_HINT
from core.systems.footprint.planning import plan_of
from core.systems.footprint.settings import MeasureSettings, Plan

MEASURE_KIND = "core.systems.footprint.measuring_job"


@dataclass(frozen=True)
class Measurement:
    """A measurement as a job: the last one of its system.

    Attributes:
        job: State, reason and progress; its title is the system's name.
        plan: What it does.
    """

    job: Job
    plan: Plan


def start_measurement(
    workspace: Workspace,
    settings: MeasureSettings,
    *,
    by: str = "",
    shortened_to_s: float | None = None,
) -> Measurement:
    """Puts a measurement into the queue of what needs the machine alone.

    Args:
        workspace: Where it is stored.
        settings: What is measured, on what, and for how long.
        by: Who starts it, as others know them; empty = nobody is named.
        shortened_to_s: For tests: a window and a warm-up of so many seconds, below what is allowed.

    Raises:
        AdaptMLLMError: The system cannot be measured, or is being measured; nothing was written.
    """
    plan = plan_of(workspace, settings)
    if shortened_to_s is not None:
        plan = replace(plan, seconds=shortened_to_s, warm_up_s=shortened_to_s)
    with locked(workspace.footprints_folder):
        for earlier in measurements(workspace):
            if earlier.plan.system_id == plan.system_id:
                _make_way(workspace, earlier)
        measurement = _entered(workspace, plan, by)
    queue.advance(workspace)
    return measurement


def measurements(workspace: Workspace) -> list[Measurement]:
    """Gives the last measurement of each system as a job, the longest queued first."""
    found = []
    for job in workspace.jobs.in_states(WAITING, *ACTIVE, *ENDED):
        if job.kind != MEASURE_KIND:
            continue
        try:
            plan = Plan.load(JobFolder(workspace.footprint_folder(job.id)).settings_file)
        except ConfigError:  # its folder is gone, or of another version of the program
            continue
        found.append(Measurement(job, plan))
    return found


def measurement_state(workspace: Workspace, measurement_id: str) -> JobState:
    """Gives the true state of a measurement: its folder's, else its record's.

    Raises:
        ConfigError: There is none with this id.
    """
    job = workspace.jobs.get(measurement_id)
    if job is None:
        raise ConfigError(f"There is no measurement {measurement_id!r}.")
    state = JobFolder(workspace.footprint_folder(job.id)).observed_state()
    if WAITING in (job.state, state.state):
        return JobState(state=job.state, reason=job.reason)
    return replace(state, hint=AGAIN_HINT) if state.state == "lost" else state


def stop_measurement(workspace: Workspace, measurement_id: str) -> None:
    """Ends a measurement that is at work or waits; it leaves no figures.

    Raises:
        TrainingError: It has ended already.
    """
    queue.stop(workspace, measurement_id, "now")


def dismiss_measurement(workspace: Workspace, measurement_id: str) -> None:
    """Removes the job of a measurement that ended; figures that it left, and what it took, stay.

    Raises:
        ConfigError: It has not ended.
    """
    with locked(workspace.footprints_folder):
        job = workspace.jobs.get(measurement_id)
        if job is None:  # somebody else did
            return
        if not job.has_ended:
            raise ConfigError(f"{job.title!r} is {job.state}.", hint="Stop it first.")
        _remove(workspace, job)


def _make_way(workspace: Workspace, earlier: Measurement) -> None:
    """Removes an ended job of the same system.

    Raises:
        ConfigError: It has not ended.
    """
    job = earlier.job
    if not job.has_ended:
        raise ConfigError(
            f"{job.title!r} is being measured already ({job.state}).",
            hint="Wait for it, or stop it first.",
        )
    _remove(workspace, job)


def _remove(workspace: Workspace, job: Job) -> None:
    with (
        set_aside(workspace.footprint_folder(job.id)),
        workspace.database.writing() as connection,
    ):
        workspace.jobs.delete(connection, job.id)


def _entered(workspace: Workspace, plan: Plan, by: str) -> Measurement:
    measurement_id = str(uuid.uuid4())
    folder = JobFolder(workspace.footprint_folder(measurement_id))
    relative = str(folder.path.relative_to(workspace.root))
    job = Job(
        measurement_id,
        MEASURE_KIND,
        relative,
        queue.COMPUTE_LANE,
        WAITING,
        utc_now(),
        title=plan.name,
        person=by,
        system=plan.name,
    )
    with new_job_folder(folder.path, "measurement"):
        plan.save(folder.settings_file)
        queue.enter(workspace, job)
        with workspace.database.writing() as connection:
            workspace.jobs.insert(connection, job)
    return Measurement(job, plan)


def wait_for(workspace: Workspace, measurement_id: str) -> JobState:
    """Waits until a measurement has ended.

    Raises:
        AdaptMLLMError: It left no figures; the sentence is the job's own.
    """
    state = queue.wait(workspace, measurement_id)
    if state.state != "finished":
        raise AdaptMLLMError(f"The measurement {state.state}: {state.reason}", hint=state.hint)
    return state
