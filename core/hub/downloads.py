"""What one does with downloads: start, follow, stop, go on, forget."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from typing import Any

from core.errors import ModelError
from core.hub import cached
from core.hub.refusals import switched_off
from core.hub.settings import DownloadSettings
from core.jobs import queue
from core.jobs.folder import JobFolder, JobState, new_job_folder
from core.jobs.kind import job_folder
from core.storage.files import JsonLinesTail, utc_now
from core.storage.job_records import WAITING, Job
from core.storage.workspace import Workspace

KIND = "core.hub.download_job"
LANE = "downloads"


@dataclass(frozen=True)
class Download:
    """A download that waits, is at work, or has ended.

    Attributes:
        job: Its job; the title is the model's id.
        settings: What is downloaded.
        state: How it stands.
        note: What it does now, in words.
    """

    job: Job
    settings: DownloadSettings
    state: JobState
    note: str

    @property
    def done_bytes(self) -> int:
        """What is here."""
        return int(self.state.progress.get("step", 0))

    @property
    def total_bytes(self) -> int:
        """What there is to have; 0 while unknown."""
        return int(self.state.progress.get("total_steps", 0))


def start(workspace: Workspace, settings: DownloadSettings, *, by: str = "") -> Job:
    """Puts a download into its queue; one of the same model that is under way is given instead.

    Raises:
        ModelError: It is no hub id, or the hub is switched off.
    """
    if not cached.is_hub_id(settings.model):
        raise ModelError(
            f"{settings.model[:120]!r} is no id of a model on the hub.", hint="Give owner/name."
        )
    if is_switched_off():
        raise switched_off(settings.model)
    for each in recent(workspace):
        if not each.state.has_ended and each.settings == settings:
            return each.job
    job_id = str(uuid.uuid4())
    folder = JobFolder(workspace.download_folder(job_id))
    relative = str(folder.path.relative_to(workspace.root))
    job = Job(job_id, KIND, relative, LANE, WAITING, utc_now(), title=settings.model, person=by)
    with new_job_folder(folder.path, "download"):
        settings.save(folder.settings_file)
        queue.enter(workspace, job)
        workspace.jobs.add(job)
    queue.advance(workspace)
    return job


def is_switched_off() -> bool:
    """Whether HF_HUB_OFFLINE forbids to ask the hub."""
    from huggingface_hub import is_offline_mode

    return is_offline_mode()


def recent(workspace: Workspace, *, limit: int = 20) -> list[Download]:
    """Gives downloads, the newest first."""
    jobs = workspace.jobs.of_kind(KIND, limit=limit)
    return [_download(workspace, job) for job in jobs if _is_there(workspace, job)]


def get(workspace: Workspace, job_id: str) -> Download:
    """Gives one download.

    Raises:
        ModelError: There is none of this id.
    """
    job = workspace.jobs.get(job_id)
    if job is None or job.kind != KIND or not _is_there(workspace, job):
        raise ModelError(f"There is no download {job_id!r}.")
    return _download(workspace, job)


def of_model(workspace: Workspace, repo_id: str) -> Download | None:
    """Gives the newest download of a model, None where there never was one."""
    return next((each for each in recent(workspace) if each.settings.model == repo_id), None)


def _is_there(workspace: Workspace, job: Job) -> bool:
    return job_folder(workspace, job.folder).settings_file.exists()


def _download(workspace: Workspace, job: Job) -> Download:
    folder = job_folder(workspace, job.folder)
    state = folder.observed_state()
    if job.state == WAITING or (job.has_ended and not state.has_ended):
        state = JobState(state=job.state, reason=job.reason, progress=job.progress)
    note = ""
    for record in JsonLinesTail(folder.metrics_file).records():
        if record.get("kind") == "phase":
            note = str(record["note"])
    return Download(job, DownloadSettings.load(folder.settings_file), state, note)


def stop(workspace: Workspace, job_id: str) -> None:
    """Stops a download at once; what came stays for the next time.

    Raises:
        TrainingError: It has already ended.
    """
    queue.stop(workspace, get(workspace, job_id).job.id, "now")


def resume(workspace: Workspace, job_id: str) -> None:
    """Goes on with a download that ended.

    Raises:
        TrainingError: It has not ended.
    """
    queue.resume(workspace, get(workspace, job_id).job.id)


def dismiss(workspace: Workspace, job_id: str) -> None:
    """Forgets a download that ended; the model stays.

    Raises:
        ModelError: It has not ended.
    """
    found = get(workspace, job_id)
    if not found.job.has_ended:
        raise ModelError(f"The download of {found.settings.model} is {found.job.state}.")
    workspace.jobs.remove(found.job.id)
    shutil.rmtree(workspace.download_folder(found.job.id), ignore_errors=True)


def figures(found: Download) -> dict[str, Any]:
    """Gives a download in plain values, for programs."""
    return {
        "download": found.job.id,
        "model": found.settings.model,
        "revision": found.settings.revision,
        "state": found.state.state,
        "reason": found.state.reason,
        "done_bytes": found.done_bytes,
        "total_bytes": found.total_bytes,
        "seconds_left": found.state.progress.get("seconds_left"),
    }
