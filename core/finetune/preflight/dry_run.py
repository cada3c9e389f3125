"""Dry runs as a kind of job: two steps instead of a night, and what they tell of the whole run."""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.errors import ConfigError, TrainingError
from core.finetune import command
from core.finetune.diagnosis import diagnose
from core.finetune.fetching import fetch_command, is_to_fetch
from core.finetune.preflight.calibration import store_calibration
from core.finetune.preflight.corpus_lengths import corpus_lengths
from core.finetune.preflight.hub_shapes import known_shape
from core.finetune.preflight.memory import estimate
from core.finetune.preflight.rehearsal import MODULE
from core.finetune.run_folder import RunFolder
from core.finetune.runs import check_launch
from core.finetune.scratch import build_command, is_to_build
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.jobs.folder import JobFolder, JobState, new_job_folder
from core.jobs.kind import Failure, Stage, job_folder
from core.storage.files import read_json, utc_now
from core.storage.job_records import ACTIVE, WAITING, Job
from core.storage.workspace import Workspace

JOB_KIND = "core.finetune.preflight.dry_run"
KEPT_DAYS = 7


@dataclass(frozen=True)
class DryRun:
    """One dry run.

    Attributes:
        id: Of its job.
        settings: Those of the run that it rehearses.
        state: How far it is.
        result: What it measured; empty before its end.
    """

    id: str
    settings: FineTuneSettings
    state: JobState
    result: dict[str, Any]


class DryRunKind:
    """Starts the rehearsal as the run would start its trainer."""

    energy_kind = ""  # two steps; what the run takes is measured when it runs

    def num_gpus(self, folder: JobFolder) -> int:
        """Gives one for each process."""
        return FineTuneSettings.load(folder.settings_file).num_processes

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the commands: those of the run, with the rehearsal in the place of the trainer."""
        run = RunFolder(folder.path)
        settings = FineTuneSettings.load(run.settings_file)
        environment = command.launch_environment(settings)
        arguments = command.launch_command(settings, run.settings_file, command.free_port())
        arguments = [MODULE if each == command.TRAINER else each for each in arguments]
        stages = []
        if is_to_fetch(workspace, settings):
            stages.append(Stage("preparing", fetch_command(run.settings_file), environment))
        if is_to_build(settings, run):
            stages.append(Stage("preparing", build_command(run.settings_file), environment))
        missing = command.missing_operators(settings)
        if missing:
            stages.append(Stage("compiling", command.compile_command(missing), environment))
        # `can_save` marks the working stage; a stop ends it at once all the same.
        return [*stages, Stage("preparing", arguments, environment, can_save=True)]

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why the rehearsal ended without a result: as a run would have."""
        found = diagnose(RunFolder(folder.path), exit_code, state)
        if "killed from outside" in found.reason:
            hint = "Most often memory ran out: the run would end the same way. See what would fit."
            return replace(found, hint=hint)
        return replace(found, hint=found.hint.replace("Resume the run", "Start it again"))

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how it ended when it was stopped."""
        return f"The dry run was stopped ({who})."

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Takes the measure of memory into later estimates, and the large files away."""
        for name in ("checkpoints", "model.partial", "untrained"):
            shutil.rmtree(folder.path / name, ignore_errors=True)
        result = _result(folder)
        if result.get("outcome") != "done":
            return
        settings = FineTuneSettings.load(folder.settings_file)
        factors = measured_factors(workspace, settings, result)
        if factors:
            store_calibration(workspace, settings, factors, result["time"])


def measured_factors(
    workspace: Workspace, settings: FineTuneSettings, result: dict[str, Any]
) -> dict[str, float]:
    """Gives measured bytes by estimated ones, of each place that was measured."""
    shape = known_shape(workspace, settings)
    if shape is None:
        return {}
    gpu = max(result["gpu_peak_bytes"], default=0)
    lengths = corpus_lengths(workspace, settings)
    found = estimate(shape, settings, lengths, on_gpu=bool(gpu))
    host = sum(result["host_peak_bytes"]) + result["launcher_bytes"]
    measured = {"host memory": host, "GPU": gpu}
    return {
        need.place: round(measured[need.place] / need.peak.num_bytes, 4) for need in found.needs
    }


def start(workspace: Workspace, settings: FineTuneSettings, *, by: str = "") -> str:
    """Puts a dry run into the queue and gives its id; what is old is swept away.

    Raises:
        AdaptMLLMError: The run itself would be refused for another reason than memory.
    """
    if settings.is_elsewhere:
        raise ConfigError(
            f"A dry run works on this machine, and launcher {settings.launcher!r} means others.",
            hint="Choose 'this machine' on one of them, or launch with few max_steps.",
        )
    check_launch(workspace, settings, is_forced=True)
    sweep(workspace)
    corpus = workspace.corpora.get(settings.corpus)
    settings = settings.changed(corpus=corpus.id, keep_checkpoints=1)
    dry_run_id = str(uuid.uuid4())
    folder = RunFolder(_folder_of(workspace, dry_run_id))
    job = Job(
        dry_run_id,
        JOB_KIND,
        str(folder.path.relative_to(workspace.root)),
        queue.COMPUTE_LANE,
        WAITING,
        utc_now(),
        title=f"Dry run of {settings.display_name}",
        person=by,
    )
    with new_job_folder(folder.path, "dry run"):
        settings.save(folder.settings_file)
        queue.enter(workspace, job)
        with workspace.database.writing() as connection:
            workspace.jobs.insert(connection, job)
    queue.advance_after(workspace, dry_run_id)
    return dry_run_id


def unfinished(workspace: Workspace) -> str:
    """Gives the id of the dry run that works, or waits longest; empty where there is none."""
    found = workspace.jobs.in_states(*ACTIVE, WAITING)
    return next((job.id for job in found if job.kind == JOB_KIND), "")


def get(workspace: Workspace, dry_run_id: str) -> DryRun:
    """Gives a dry run as it is now.

    Raises:
        TrainingError: There is no such dry run, or it was swept away.
    """
    job = workspace.jobs.get(dry_run_id)
    if job is None or job.kind != JOB_KIND:
        raise TrainingError(f"There is no dry run {dry_run_id!r}.", hint="Start another one.")
    folder = job_folder(workspace, job.folder)
    state = folder.observed_state()
    if WAITING in (job.state, state.state):
        state = JobState(state=job.state, reason=job.reason)
    settings = FineTuneSettings.load(folder.settings_file)
    return DryRun(dry_run_id, settings, state, _result(folder))


def stop(workspace: Workspace, dry_run_id: str) -> None:
    """Ends a dry run at once.

    Raises:
        TrainingError: It has already ended.
    """
    queue.stop(workspace, dry_run_id, "now")


def wait(workspace: Workspace, dry_run_id: str) -> DryRun:
    """Waits until a dry run has ended, and gives it."""
    queue.wait(workspace, dry_run_id)
    return get(workspace, dry_run_id)


def sweep(workspace: Workspace) -> None:
    """Removes dry runs that ended some days ago."""
    limit = (datetime.now(UTC) - timedelta(days=KEPT_DAYS)).isoformat()
    root = _folder_of(workspace, "x").parent
    for path in root.iterdir() if root.exists() else []:
        job = workspace.jobs.get(path.name) if path.is_dir() else None
        if job is not None and job.has_ended and (job.ended_at or "") < limit:
            with workspace.database.writing() as connection:
                workspace.jobs.delete(connection, job.id)
            shutil.rmtree(path, ignore_errors=True)


def _folder_of(workspace: Workspace, dry_run_id: str) -> Path:
    return workspace.root / "dry_runs" / dry_run_id


def _result(folder: JobFolder) -> dict[str, Any]:
    with contextlib.suppress(OSError, json.JSONDecodeError):
        values: dict[str, Any] = read_json(folder.result_file)
        return values
    return {}


KIND = DryRunKind()
