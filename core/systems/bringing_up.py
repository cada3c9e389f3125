"""How a local model comes to answer: prepared if it is not, served if it is not, each only once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError, HostError, ModelError
from core.finetune.command import free_port
from core.jobs import queue
from core.jobs.entering import locked
from core.jobs.folder import JobFolder
from core.serving import services, versions
from core.serving.models import ModelReference, find_model, learnt_directions
from core.serving.settings import PrepareSettings, ServeSettings
from core.storage.job_records import Job
from core.storage.service_records import ServiceRecord
from core.storage.version_records import Version
from core.storage.workspace import Workspace
from core.systems.failures import AskError

# One id for one purpose: two tabs, or a double click, bring up the same service.
_NAMESPACE = uuid.UUID("5f0c6f8e-7a39-4d0e-9a53-3f1b8a6c2d11")
IDLE_MINUTES = 30.0
DEV_LINES = 20  # enough to see that a conversion went well; Deploy compares more
DEADLINE_S = 300.0
CHAR_LIMIT = 200_000
# What decides how a service answers; somebody else's is used only where they are the plain ones.
_DECISIVE = (
    "num_beams", "max_source_length", "glossary", "allowed_hosts", "requests_per_minute",
    "characters_per_minute",
)  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """A service that answers for a model.

    Attributes:
        address: Where it listens.
        name: The model's name, as the service knows it.
        version: The prepared version that it serves.
        char_limit: Characters of the longest text that it takes.
    """

    address: str
    name: str
    version: Version
    char_limit: int


def bring_up(
    workspace: Workspace,
    model: str,
    src_lang: str,
    tgt_lang: str,
    *,
    since: str,
    num_characters: int = 0,
) -> Loaded | str:
    """Takes the next step towards a service for a model.

    Gives the service once it answers, else in words what is going on; nothing is started twice.

    Args:
        workspace: Where the model is.
        model: A run, a checkpoint or a base model.
        src_lang: FLORES-200 code.
        tgt_lang: FLORES-200 code.
        since: When the asking began, UTC ISO-8601: what failed later is the answer to it, what
            failed before is tried again.
        num_characters: Length of the text; somebody else's service may not take it.

    Raises:
        AdaptMLLMError: The model does not exist, cannot be prepared or cannot be served.
    """
    queue.advance(workspace)
    reference = find_model(workspace, model)
    version = usable_version(workspace, reference.key, src_lang, tgt_lang)
    if version is None:
        return _prepare(workspace, reference, (src_lang, tgt_lang), since)
    folder = versions.model_folder(workspace, version)
    found = _service_of(workspace, version, folder, num_characters)
    if found is None:
        return _start(workspace, folder, since)
    return Loaded(found.address, found.name, version, int(found.settings["char_limit"]))


def usable_version(
    workspace: Workspace, key: str, src_lang: str = "", tgt_lang: str = ""
) -> Version | None:
    """Gives the version that is asked: the accepted one, else the newest that was prepared.

    A version that was refused is never asked; with a direction, only one that offers it.
    """
    ready = versions.preferred(workspace.versions.of_model(key))
    return next((each for each in ready if _offers(workspace, each, src_lang, tgt_lang)), None)


def _offers(workspace: Workspace, version: Version, src_lang: str, tgt_lang: str) -> bool:
    """Whether a version's files are there and know the direction, if one is given."""
    from core.serving.servable import load_servable

    try:
        servable = load_servable(versions.model_folder(workspace, version))
    except ModelError:
        return False
    return not src_lang or tgt_lang in servable.targets_of(src_lang)


def _prepare(
    workspace: Workspace, reference: ModelReference, direction: tuple[str, str], since: str
) -> str:
    """Prepares a model once; gives how far that is."""
    _check_direction(reference, direction)
    _check_not_refused(workspace, reference, direction)
    key = reference.key
    version_id = str(uuid.uuid5(_NAMESPACE, f"version {key} {direction[0]} {direction[1]}"))
    with locked(workspace.version_folder(version_id)):
        known = {version.id: version for version in workspace.versions.of_model(key)}
        job = known[version_id].job if version_id in known else None
        if job is not None and not job.has_ended:
            return f"Preparing the model (int8): {job.state}."
        if job is not None:
            if usable_version(workspace, key, *direction) is not None:
                return "Preparing the model (int8): finished."  # since the last look
            if _offers(workspace, known[version_id], "", ""):
                raise _other_direction(reference, direction)
            folder = workspace.version_folder(version_id)
            if job.state != "finished":  # if it is, its files are gone
                _check_failure("The model could not be prepared", job, folder, since)
            _delete_version(workspace, version_id)
        settings = PrepareSettings(model=key, num_segments=DEV_LINES)
        if reference.run is None:
            corpus = _corpus_of(workspace, key, *direction)
            fields = {"corpus": corpus, "src_lang": direction[0], "tgt_lang": direction[1]}
            settings = settings.changed(**fields)
        versions.prepare(workspace, settings, version_id=version_id)
    return "Preparing the model (int8); only before its first use."


def _check_direction(reference: ModelReference, direction: tuple[str, str]) -> None:
    """Refuses what no preparation helps with: a run's model knows what the run learnt."""
    run = reference.run
    if run is not None and direction not in learnt_directions(run):
        raise _other_direction(reference, direction)


def _other_direction(reference: ModelReference, direction: tuple[str, str]) -> ConfigError:
    run = reference.run
    known = f"It was fine-tuned from {run.src_lang} into {run.tgt_lang}. " if run else ""
    return ConfigError(
        f"The model {reference.name!r} does not translate from {direction[0]} into {direction[1]}.",
        hint=f"{known}Choose another direction or another model.",
    )


def _check_not_refused(
    workspace: Workspace, reference: ModelReference, direction: tuple[str, str]
) -> None:
    """Refuses to prepare once more what somebody has looked at and refused."""
    quantization = PrepareSettings().quantization
    for version in workspace.versions.of_model(reference.key):
        is_refused = version.decision == "refused" and version.quantization == quantization
        if is_refused and _offers(workspace, version, *direction):
            raise ModelError(
                f"The version {version.id[:8]} of {reference.name!r} was refused, and there is no "
                "other.",
                hint="Accept a version on the Deploy page, or prepare another one there.",
            )


def _corpus_of(workspace: Workspace, key: str, src_lang: str, tgt_lang: str) -> str:
    """Gives a corpus of these languages: a preparation translates some of its dev lines."""
    for corpus in workspace.corpora.all():
        if {corpus.src_lang, corpus.tgt_lang} == {src_lang, tgt_lang} and corpus.num_dev:
            return corpus.id
    raise ConfigError(
        f"The base model {key} has not been prepared, and no corpus holds {src_lang} and "
        f"{tgt_lang} to check it on.",
        hint="Import a corpus of these languages, or prepare the model on the Deploy page.",
    )


def _service_of(
    workspace: Workspace, version: Version, folder: Path, num_characters: int
) -> ServiceRecord | None:
    """Gives a service that answers for this version as the Playground's own would."""
    own_id = _own_service_id(folder)
    for record in workspace.services.all():
        if record.job.state != "serving":
            continue
        is_alike = record.id == own_id or (
            _serves(workspace, record, version, folder) and _is_plain(record, num_characters)
        )
        if is_alike and services.is_ready(record):
            return record
    return None


def _serves(workspace: Workspace, record: ServiceRecord, version: Version, folder: Path) -> bool:
    """Whether it serves this version; one of a model serves what was accepted when it started."""
    if record.model == str(folder):
        return True
    current = workspace.versions.current(version.model)
    if record.model != version.model or current is None or current.id != version.id:
        return False
    decisions = [each.decided_at or "" for each in workspace.versions.of_model(version.model)]
    return (record.job.started_at or "") >= max(decisions)


def _is_plain(record: ServiceRecord, num_characters: int) -> bool:
    try:
        settings = ServeSettings.parse(record.settings)
    except ConfigError:  # of another version of the program
        return False
    plain = ServeSettings()
    is_default = all(getattr(settings, name) == getattr(plain, name) for name in _DECISIVE)
    return is_default and not settings.needs_key and settings.char_limit >= num_characters


def _own_service_id(folder: Path) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"service {folder}"))


def _start(workspace: Workspace, folder: Path, since: str) -> str:
    """Starts the Playground's own service of a prepared folder; gives how far that is."""
    service_id = _own_service_id(folder)
    with locked(workspace.service_folder(service_id)):
        known = next((each for each in workspace.services.all() if each.id == service_id), None)
        if known is not None and not known.job.has_ended:
            return f"Loading the model: {known.job.state}."
        if known is not None:
            if known.job.state in ("failed", "lost"):
                path = workspace.service_folder(service_id)
                _check_failure("The model's service ended", known.job, path, since)
            _delete_service(workspace, service_id)
        settings = ServeSettings(
            model=str(folder),
            port=free_port(),
            idle_minutes=IDLE_MINUTES,
            deadline_s=DEADLINE_S,
            char_limit=CHAR_LIMIT,
        )
        services.start(workspace, settings, service_id=service_id)
    return "Loading the model."


def _check_failure(what: str, job: Job, folder: Path, since: str) -> None:
    """Raises the failure of a job that ended after the asking began; an older one is no answer."""
    if (job.ended_at or "") < since:
        return
    state = JobFolder(folder).observed_state()
    reason = job.reason or state.reason
    raise AskError(f"{what} ({job.state}): {reason}", hint=state.hint, kind="loading")


def _delete_version(workspace: Workspace, version_id: str) -> None:
    """Deletes an ended version, unless somebody else did, or started it again."""
    try:
        versions.delete(workspace, version_id)
    except ModelError:
        if _is_there(version_id, [each.job for each in workspace.versions.all()]):
            raise


def _delete_service(workspace: Workspace, service_id: str) -> None:
    """Deletes an ended service, unless somebody else did, or started it again."""
    try:
        services.delete(workspace, service_id)
    except (ConfigError, HostError):
        if _is_there(service_id, [each.job for each in workspace.services.all()]):
            raise


def _is_there(job_id: str, jobs: list[Job]) -> bool:
    return any(job.id == job_id and job.has_ended for job in jobs)
