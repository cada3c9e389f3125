"""What one does with versions: prepare, accept, refuse, roll back, delete."""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.errors import HostError, ModelError
from core.jobs import queue
from core.jobs.entering import locked, set_aside, whole
from core.jobs.folder import JobFolder, new_job_folder
from core.serving.conversion import weights_bytes
from core.serving.models import ModelReference, find_model
from core.serving.preparing import MODEL_FOLDER, comparison
from core.serving.servable import is_servable
from core.serving.settings import PrepareSettings
from core.storage.files import utc_now
from core.storage.job_records import WAITING, Job
from core.storage.version_records import Version
from core.storage.workspace import Workspace

PREPARE_KIND = "core.serving.prepare_job"
PREPARE_LANE = "prepare"


def check_prepare(workspace: Workspace, settings: PrepareSettings) -> ModelReference:
    """Refuses a preparation that cannot work, before anything is written; gives the model.

    Raises:
        AdaptMLLMError: Model, corpus or direction do not fit, or the disk is too small.
    """
    reference = find_model(workspace, settings.model)
    comparison(workspace, settings, reference)
    source = Path(reference.source)
    # The converted weights, and for a checkpoint the model that is made of it first.
    needed = 2 * weights_bytes(source) + 50_000_000 if source.is_dir() else 50_000_000
    free = shutil.disk_usage(workspace.root).free
    if free < needed:
        raise HostError(
            f"The preparation needs about {needed / 1e9:.2f} GB of disk and {free / 1e9:.2f} GB "
            f"are free under {workspace.root}.",
            hint="Delete versions or runs that you no longer need.",
        )
    return reference


def prepare(
    workspace: Workspace, settings: PrepareSettings, *, version_id: str = "", by: str = ""
) -> Version:
    """Puts a preparation into its queue; it starts at once when no other runs.

    Args:
        workspace: Where the version is stored.
        settings: What is prepared, and how.
        version_id: A UUID chosen beforehand; a second call with it (a double click) gives the
            version of the first.
        by: Who starts it, as others know them; empty = nobody is named.

    Raises:
        AdaptMLLMError: `check_prepare` refused it; nothing was written.
    """
    reference = check_prepare(workspace, settings)
    version_id = version_id or str(uuid.uuid4())
    with locked(workspace.versions_folder):
        known = _entered_before(workspace, version_id)
        version = known or _entered(workspace, settings, reference, version_id, by)
    if known is None:
        queue.advance(workspace)
    return version


def _entered_before(workspace: Workspace, version_id: str) -> Version | None:
    is_known = workspace.jobs.get(version_id) is not None
    record = workspace.versions.get(version_id) if is_known else None
    return whole(record, workspace.version_folder(version_id), workspace.versions.delete)


def _entered(
    workspace: Workspace,
    settings: PrepareSettings,
    reference: ModelReference,
    version_id: str,
    by: str,
) -> Version:
    """Stores a new version, which then waits for its preparation."""
    folder = JobFolder(workspace.version_folder(version_id))
    now = utc_now()
    relative = str(folder.path.relative_to(workspace.root))
    job = Job(version_id, PREPARE_KIND, relative, PREPARE_LANE, WAITING, now)
    job = replace(job, title=reference.name, system=reference.name, person=by)
    version = Version(
        id=version_id,
        model=reference.key,
        name=reference.name,
        run_id=reference.run.id if reference.run else None,
        engine="",
        quantization=settings.quantization,
        settings=settings.model_dump(),
        gate={},
        decision="pending",
        decided_at=None,
        created_at=now,
        job=job,
    )
    with new_job_folder(folder.path, "version"):
        settings.changed(model=reference.key).save(folder.settings_file)
        queue.enter(workspace, job)
        workspace.versions.add(version)
    return version


def accept(workspace: Workspace, version_id: str) -> Version:
    """Makes a version the one that is served; an earlier one again is a rollback.

    Raises:
        ModelError: It was not prepared completely, or its files are gone.
    """
    version = workspace.versions.get(version_id)
    if not version.is_ready:
        raise ModelError(
            f"The version {version.id[:8]} of {version.name!r} is {version.job.state}, not ready.",
            hint="Only a version that was prepared and compared can be accepted.",
        )
    model_folder(workspace, version)
    workspace.versions.decide(version.id, "accepted")
    return workspace.versions.get(version.id)


def refuse(workspace: Workspace, version_id: str) -> Version:
    """Takes a version out of service; running services keep it until they are restarted.

    Raises:
        ModelError: There is no such version.
    """
    version = workspace.versions.get(version_id)
    workspace.versions.decide(version.id, "refused")
    return workspace.versions.get(version.id)


def delete(workspace: Workspace, version_id: str) -> None:
    """Deletes a version with its files.

    Raises:
        ModelError: It is still being prepared, or a running service uses it.
    """
    with locked(workspace.versions_folder):
        version = workspace.versions.get(version_id)
        _check_delete(workspace, version)
        with set_aside(workspace.version_folder(version.id)):
            workspace.versions.delete(version.id)


def _check_delete(workspace: Workspace, version: Version) -> None:
    if not version.job.has_ended:
        raise ModelError(
            f"The version {version.id[:8]} is {version.job.state}; stop it before deleting it."
        )
    current = workspace.versions.current(version.model)
    is_current = current is not None and current.id == version.id
    if is_current and any(
        service.model == version.model and service.job.is_active
        for service in workspace.services.all()
    ):
        raise ModelError(
            f"The version {version.id[:8]} of {version.name!r} is being served.",
            hint="Stop the service, or accept another version first.",
        )


def preferred(versions: Sequence[Version]) -> list[Version]:
    """Gives the versions that may be asked, the best first: accepted last, then the newest.

    A version that was refused is never asked.

    Args:
        versions: The newest first, as the records give them.
    """
    ready = [each for each in versions if each.is_ready and each.decision != "refused"]
    return sorted(ready, key=_accepted_at, reverse=True)


def _accepted_at(version: Version) -> str:
    return (version.decided_at or "") if version.decision == "accepted" else ""


def model_folder(workspace: Workspace, version: Version) -> Path:
    """Gives the folder of a version's prepared model.

    Raises:
        ModelError: Its files are gone.
    """
    folder = workspace.version_folder(version.id) / MODEL_FOLDER
    if not is_servable(folder):
        raise ModelError(
            f"The files of version {version.id[:8]} of {version.name!r} are gone.",
            hint="Prepare the model again.",
        )
    return folder


def served_folder(workspace: Workspace, model: str) -> Path:
    """Gives what a service loads for a model: a prepared folder, or the accepted version.

    Raises:
        ModelError: No version of the model was accepted.
    """
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # no path at all: a name
        given = Path(model).expanduser()
        if is_servable(given):
            return given
    reference = find_model(workspace, model)
    version = workspace.versions.current(reference.key)
    if version is None:
        raise ModelError(
            f"No version of {reference.name!r} has been accepted yet.",
            hint=f"`python -m core deploy prepare --model '{reference.key}' --accept`, or the "
            "Deploy page.",
        )
    return model_folder(workspace, version)


def stop(workspace: Workspace, version_id: str) -> None:
    """Ends a preparation that is at work or waits.

    Raises:
        TrainingError: It has ended already.
    """
    queue.stop(workspace, workspace.versions.get(version_id).id, "now")
