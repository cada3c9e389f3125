"""What one does with services: start, stop, restart, look, delete."""

from __future__ import annotations

import http.client
import json
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from core.errors import ConfigError, ModelError
from core.jobs import queue
from core.jobs.entering import locked, set_aside, whole
from core.jobs.folder import JobFolder, JobState, new_job_folder
from core.serving.access import Access
from core.serving.engines.engine import check_memory
from core.serving.models import find_model
from core.serving.servable import is_servable, load_servable
from core.serving.server_socket import check_port
from core.serving.settings import ServeSettings
from core.serving.versions import served_folder
from core.storage.files import read_json, utc_now
from core.storage.job_records import WAITING, Job
from core.storage.service_records import ServiceRecord
from core.storage.version_records import Version
from core.storage.workspace import Workspace

SERVICE_KIND = "core.serving.service_job"
FIGURES_FILE = "figures.json"
HEALTH_TIMEOUT_S = 2.0


def check_start(workspace: Workspace, settings: ServeSettings) -> Path:
    """Refuses a service that cannot work, before anything is written; gives what it will load.

    Raises:
        ModelError: The model does not exist, or no version of it was accepted.
        ConfigError: A key is demanded and there is none.
        HostError: The port is taken, or memory is short.
    """
    folder = served_folder(workspace, settings.model)
    Access(settings, workspace.keys).check_start()
    check_memory(load_servable(folder))
    check_port(settings.host, settings.port)
    return folder


def start(
    workspace: Workspace, settings: ServeSettings, *, service_id: str = "", by: str = ""
) -> ServiceRecord:
    """Starts a service in a process of its own, which outlives the caller.

    Args:
        workspace: Where the service is stored.
        settings: What it serves and how.
        service_id: A UUID chosen beforehand; a second call with it gives the first one's service.
        by: Who starts it, as others know them; empty = nobody is named.

    Raises:
        AdaptMLLMError: `check_start` refused it; nothing was written.
    """
    service_id = service_id or str(uuid.uuid4())
    with locked(workspace.services_folder):
        # Before its own port would count as taken.
        known = _entered_before(workspace, service_id)
        record = known or _entered(workspace, settings, service_id, by)
    if known is None:
        queue.advance(workspace)
    return record


def _entered_before(workspace: Workspace, service_id: str) -> ServiceRecord | None:
    is_known = workspace.jobs.get(service_id) is not None
    record = workspace.services.get(service_id) if is_known else None
    return whole(record, workspace.service_folder(service_id), workspace.services.delete)


def _entered(
    workspace: Workspace, settings: ServeSettings, service_id: str, by: str
) -> ServiceRecord:
    """Stores a new service, which then waits for its start."""
    prepared = check_start(workspace, settings)
    key, name = str(prepared), load_servable(prepared).name
    if not is_servable(Path(settings.model)):
        reference = find_model(workspace, settings.model)
        key, name = reference.key, reference.name
    settings = settings.changed(model=key)
    folder = JobFolder(workspace.service_folder(service_id))
    now = utc_now()
    relative = str(folder.path.relative_to(workspace.root))
    # A lane of its own: services run beside each other and beside training.
    lane = f"service-{service_id[:8]}"
    job = Job(
        service_id, SERVICE_KIND, relative, lane, WAITING, now, title=name, person=by, system=name
    )
    record = ServiceRecord(service_id, key, name, settings.model_dump(), now, job)
    with new_job_folder(folder.path, "service"):
        _save_settings(folder, settings, prepared)
        queue.enter(workspace, job)
        workspace.services.add(record)
    return record


def _save_settings(folder: JobFolder, settings: ServeSettings, prepared: Path) -> None:
    """Tells the process the very folder that it loads, whatever is accepted later."""
    settings.changed(model=str(prepared.resolve())).save(folder.settings_file)


def served_version(workspace: Workspace, record: ServiceRecord) -> Version | None:
    """Gives the version that a service loaded at its last start; None where none is known."""
    folder = JobFolder(workspace.service_folder(record.id))
    try:
        version_id = Path(ServeSettings.load(folder.settings_file).model).parent.name
        version = workspace.versions.get(version_id)
    except (ConfigError, ModelError):  # started by an earlier release, or the version was deleted
        return None
    return version if version.id == version_id else None


def stop(workspace: Workspace, service_id: str) -> None:
    """Asks a service to end in good order.

    Raises:
        TrainingError: It has ended already.
    """
    queue.stop(workspace, workspace.services.get(service_id).id, "now")


def restart(workspace: Workspace, service_id: str) -> None:
    """Starts an ended service again, with the version that is accepted now.

    Raises:
        AdaptMLLMError: `check_start` refused it.
        TrainingError: It has not ended.
    """
    with locked(workspace.services_folder):
        record = workspace.services.get(service_id)
        if record.job.has_ended:
            settings = ServeSettings.parse(record.settings)
            prepared = check_start(workspace, settings)
            _save_settings(JobFolder(workspace.service_folder(record.id)), settings, prepared)
        queue.resume(workspace, record.id)


def delete(workspace: Workspace, service_id: str) -> None:
    """Deletes an ended service with its log.

    Raises:
        ConfigError: It still runs.
    """
    with locked(workspace.services_folder):
        record = workspace.services.get(service_id)
        if not record.job.has_ended:
            raise ConfigError(
                f"The service {record.name!r} is {record.job.state}.", hint="Stop it first."
            )
        with set_aside(workspace.service_folder(record.id)):
            workspace.services.delete(record.id)


def service_state(workspace: Workspace, record: ServiceRecord) -> JobState:
    """Gives the true state of a service: its folder's, else its record's as it is now."""
    record = workspace.services.get(record.id)
    state = JobFolder(workspace.service_folder(record.id)).observed_state()
    if WAITING in (record.job.state, state.state):
        return JobState(state=record.job.state, reason=record.job.reason)
    return state


def figures(workspace: Workspace, record: ServiceRecord) -> dict[str, Any]:
    """Gives the figures that a service wrote last; {} before the first."""
    try:
        values: dict[str, Any] = read_json(workspace.service_folder(record.id) / FIGURES_FILE)
    except (OSError, json.JSONDecodeError):
        return {}
    return values


def is_healthy(record: ServiceRecord) -> bool:
    """Whether a service answers on its port at this moment."""
    return _answers(record, "/health")


def is_ready(record: ServiceRecord) -> bool:
    """Whether a service takes texts at this moment; not while it begins or ends."""
    return _answers(record, "/ready")


def _answers(record: ServiceRecord, path: str) -> bool:
    # Never through a proxy that the environment names: this is the machine itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{record.address}{path}", timeout=HEALTH_TIMEOUT_S) as answer:
            return bool(answer.status == 200)
    except (OSError, http.client.HTTPException):  # the latter from what is no web server
        return False
