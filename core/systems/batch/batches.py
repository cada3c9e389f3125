"""What one does with batches: start, stop, resume, delete."""

from __future__ import annotations

import itertools
import json
import uuid
from dataclasses import replace

from core.errors import ConfigError
from core.jobs import queue
from core.jobs.entering import locked, set_aside, whole
from core.jobs.folder import JobFolder, JobState, new_job_folder
from core.storage.batch_records import Batch
from core.storage.files import utc_now
from core.storage.job_records import WAITING, Job
from core.storage.workspace import Workspace
from core.systems.batch.batch_job import RESUME_HINT
from core.systems.batch.forecast import forecast
from core.systems.batch.origin import check_unchanged, decisive, is_changed, provenance_of
from core.systems.batch.settings import BatchSettings
from core.systems.catalogue import find_system, open_system
from core.systems.parts import draft_system_of, is_prompted
from core.systems.prompt_choice import find_template
from core.systems.secrets import MissingKeyError

BATCH_KIND = "core.systems.batch.batch_job"
BATCH_LANE = "translate"


def check_start(workspace: Workspace, settings: BatchSettings) -> BatchSettings:
    """Refuses a batch that cannot work, before anything is written; gives its settings in full.

    Raises:
        AdaptMLLMError: Corpus, a system, a key or the prompt is missing or does not fit.
    """
    ids = tuple(find_system(workspace, each).id for each in settings.systems)
    settings = settings.changed(systems=ids)
    if any(is_prompted(workspace, find_system(workspace, each)) for each in ids):
        prompt = settings.prompt
        # The batch keeps the version: a newer one, saved meanwhile, would be another prompt.
        _, version = find_template(workspace, prompt.template, prompt.template_version)
        settings = settings.changed(prompt=prompt.changed(template_version=version))
        ids += tuple(filter(None, [draft_system_of(workspace, prompt)]))
    for system_id in ids:
        _check_opens(workspace, system_id)
    forecast(workspace, settings)
    corpus = workspace.corpora.get(settings.corpus)
    return settings.changed(
        corpus=corpus.id,
        src_lang=settings.src_lang or corpus.src_lang,
        tgt_lang=settings.tgt_lang or corpus.tgt_lang,
    )


def _check_opens(workspace: Workspace, system_id: str) -> None:
    """Refuses a system that the job could not open; a key for a session does not reach it."""
    try:
        open_system(workspace, system_id)
    except MissingKeyError as error:
        raise ConfigError(
            error.message,
            hint="Set it before the program starts; a key for one session does not reach a batch.",
        ) from error


def start(
    workspace: Workspace, settings: BatchSettings, *, batch_id: str = "", by: str = ""
) -> Batch:
    """Puts a batch into its queue; it starts at once when no other one runs.

    Args:
        workspace: Where it is stored.
        settings: What is translated by whom.
        batch_id: A UUID chosen beforehand; a second call with it (a double click) gives the batch
            of the first.
        by: Who starts it, as others know them; empty = nobody is named.

    Raises:
        AdaptMLLMError: `check_start` refused it; nothing was written.
    """
    settings = check_start(workspace, settings)
    batch_id = batch_id or str(uuid.uuid4())
    with locked(workspace.batches_folder):
        is_known = workspace.jobs.get(batch_id) is not None
        record = workspace.batches.get(batch_id) if is_known else None
        known = whole(record, workspace.batch_folder(batch_id), workspace.batches.delete)
        batch = known or _entered(workspace, settings, batch_id, by)
    if known is None:
        queue.advance(workspace)
    return batch


def _entered(workspace: Workspace, settings: BatchSettings, batch_id: str, by: str) -> Batch:
    folder = JobFolder(workspace.batch_folder(batch_id))
    now = utc_now()
    corpus = workspace.corpora.get(settings.corpus)
    relative = str(folder.path.relative_to(workspace.root))
    names = [find_system(workspace, system_id).name for system_id in settings.systems]
    system = names[0] if len(names) == 1 else ""
    title = f"{corpus.name} {settings.split} by {system or f'{len(names)} systems'}"
    job = Job(
        batch_id,
        BATCH_KIND,
        relative,
        BATCH_LANE,
        WAITING,
        now,
        title=title,
        person=by,
        system=system,
    )
    values = settings.model_dump(mode="json")
    record = Batch(batch_id, corpus.id, corpus.name, settings.split, values, now, job)
    with new_job_folder(folder.path, "batch"):
        settings.save(folder.settings_file)
        queue.enter(workspace, job)
        workspace.batches.add(record)
    return record


def repeatable_id(workspace: Workspace, settings: BatchSettings) -> str:
    """Gives the id of the batch that asks exactly this: the same command goes on with it.

    Another model, address, prompt or test set makes another batch. Budget and cache do not: they
    are how, not what.

    Raises:
        AdaptMLLMError: As `check_start`, which has to give the settings.
    """
    what = settings.changed(budget_usd=0.0, uses_cache=True).model_dump(mode="json")
    infos = [find_system(workspace, system_id) for system_id in settings.systems]
    origins = [decisive(provenance_of(workspace, settings, info)) for info in infos]
    text = json.dumps([what, origins], sort_keys=True)
    for number in itertools.count():
        batch_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"adaptmllm-batch {number} {text}"))
        # A local model's version is no part of the text: the batch itself may be what makes it.
        if workspace.jobs.get(batch_id) is None or not is_changed(workspace, batch_id, settings):
            return batch_id
    raise AssertionError("there are always more numbers")


def stop(workspace: Workspace, batch_id: str, *, at_once: bool = False) -> None:
    """Asks a batch to stop; calls under way are finished, unless it is to end at once.

    Raises:
        TrainingError: It has ended already.
    """
    queue.stop(workspace, workspace.batches.get(batch_id).id, "now" if at_once else "save")


def resume(
    workspace: Workspace,
    batch_id: str,
    *,
    budget_usd: float | None = None,
    uses_cache: bool | None = None,
) -> None:
    """Lets an ended batch do the rest, failed segments included.

    Args:
        workspace: Where it is stored.
        batch_id: The batch.
        budget_usd: Another budget; None = as before.
        uses_cache: Whether the rest may be answers that were paid for; None = as before.

    Raises:
        AdaptMLLMError: It has not ended, something that it needs is missing now, or a system or
            the prompt is not what its translations were begun with.
    """
    record = workspace.batches.get(batch_id)
    settings = BatchSettings.parse(record.settings)
    wanted = {"budget_usd": budget_usd, "uses_cache": uses_cache}
    changes = {name: value for name, value in wanted.items() if value is not None}
    settings = settings.changed(**changes)
    check_start(workspace, settings)
    check_unchanged(workspace, batch_id, settings)
    with locked(workspace.batches_folder):
        if workspace.batches.get(batch_id).job.has_ended and changes:
            settings.save(JobFolder(workspace.batch_folder(batch_id)).settings_file)
            workspace.batches.change_settings(batch_id, settings.model_dump(mode="json"))
        queue.resume(workspace, batch_id)


def batch_state(workspace: Workspace, batch_id: str) -> JobState:
    """Gives the true state of a batch: its folder's, else its record's."""
    record = workspace.batches.get(batch_id)
    state = JobFolder(workspace.batch_folder(batch_id)).observed_state()
    if WAITING in (record.job.state, state.state):
        return JobState(state=record.job.state, reason=record.job.reason)
    return replace(state, hint=RESUME_HINT) if state.state == "lost" else state


def delete(workspace: Workspace, batch_id: str) -> None:
    """Deletes an ended batch with its log; the translation sets stay, for Evaluate.

    Raises:
        ConfigError: It has not ended.
    """
    with locked(workspace.batches_folder):
        record = workspace.batches.get(batch_id)
        if not record.job.has_ended:
            raise ConfigError(f"The batch is {record.job.state}.", hint="Stop it first.")
        with set_aside(workspace.batch_folder(batch_id)):
            workspace.batches.delete(batch_id)


def delete_set(workspace: Workspace, set_id: str) -> None:
    """Deletes a translation set with its segments.

    Raises:
        ConfigError: Its batch is still at work on it.
    """
    with locked(workspace.batches_folder):
        record = workspace.translation_sets.get(set_id)
        job = workspace.jobs.get(record.batch_id) if record.batch_id else None
        if job is not None and not job.has_ended:
            raise ConfigError(f"Its batch is {job.state}.", hint="Stop the batch first.")
        workspace.translation_sets.delete(set_id)
