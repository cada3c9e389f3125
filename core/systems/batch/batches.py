"""What one does with batches: start, stop, resume, delete."""

from __future__ import annotations

import shutil
import uuid

from core.errors import ConfigError
from core.finetune.run_folder import RunFolder
from core.jobs import queue
from core.jobs.folder import JobState, new_job_folder
from core.storage.batch_records import Batch
from core.storage.files import utc_now
from core.storage.job_records import WAITING, Job
from core.storage.workspace import Workspace
from core.systems.batch.forecast import forecast
from core.systems.batch.settings import BatchSettings
from core.systems.catalogue import find_system, open_system

BATCH_KIND = "core.systems.batch.batch_job"
BATCH_LANE = "translate"


def check_start(workspace: Workspace, settings: BatchSettings) -> BatchSettings:
    """Refuses a batch that cannot work, before anything is written; gives its settings in full.

    Raises:
        AdaptMLLMError: Corpus, a system, a key or the prompt is missing or does not fit.
    """
    ids = tuple(find_system(workspace, each).id for each in settings.systems)
    settings = settings.changed(systems=ids)
    for system_id in (*ids, *filter(None, [settings.prompt.draft_system])):
        open_system(workspace, system_id)  # a key for this session only would not reach the job
    forecast(workspace, settings)
    corpus = workspace.corpora.get(settings.corpus)
    return settings.changed(
        corpus=corpus.id,
        src_lang=settings.src_lang or corpus.src_lang,
        tgt_lang=settings.tgt_lang or corpus.tgt_lang,
    )


def start(workspace: Workspace, settings: BatchSettings, *, batch_id: str = "") -> Batch:
    """Puts a batch into its queue; it starts at once when no other one runs.

    Args:
        workspace: Where it is stored.
        settings: What is translated by whom.
        batch_id: A UUID chosen beforehand; a second call with it (a double click) gives the batch
            of the first.

    Raises:
        AdaptMLLMError: `check_start` refused it; nothing was written.
    """
    settings = check_start(workspace, settings)
    batch_id = batch_id or str(uuid.uuid4())
    folder = RunFolder(workspace.batch_folder(batch_id))
    now = utc_now()
    corpus = workspace.corpora.get(settings.corpus)
    relative = str(folder.path.relative_to(workspace.root))
    job = Job(batch_id, BATCH_KIND, relative, BATCH_LANE, WAITING, now)
    values = settings.model_dump(mode="json")
    record = Batch(batch_id, corpus.id, corpus.name, settings.split, values, now, job)
    try:
        with new_job_folder(folder.path, "batch"):
            settings.save(folder.settings_file)
            queue.enter(workspace, job)
            workspace.batches.add(record)
    except FileExistsError:
        return workspace.batches.get(batch_id)
    queue.advance(workspace)
    return record


def stop(workspace: Workspace, batch_id: str, *, at_once: bool = False) -> None:
    """Asks a batch to stop; calls under way are finished, unless it is to end at once.

    Raises:
        TrainingError: It has ended already.
    """
    queue.stop(workspace, workspace.batches.get(batch_id).id, "now" if at_once else "save")


def resume(workspace: Workspace, batch_id: str, *, budget_usd: float | None = None) -> None:
    """Lets an ended batch do the rest, failed segments included.

    Raises:
        AdaptMLLMError: It has not ended, or something that it needs is missing now.
    """
    record = workspace.batches.get(batch_id)
    settings = BatchSettings.parse(record.settings)
    if budget_usd is not None:
        settings = settings.changed(budget_usd=budget_usd)
    check_start(workspace, settings)
    if record.job.has_ended and budget_usd is not None:
        settings.save(RunFolder(workspace.batch_folder(batch_id)).settings_file)
        workspace.batches.change_settings(batch_id, settings.model_dump(mode="json"))
    queue.resume(workspace, batch_id)


def batch_state(workspace: Workspace, batch_id: str) -> JobState:
    """Gives the true state of a batch: its folder's, else its record's."""
    record = workspace.batches.get(batch_id)
    state = RunFolder(workspace.batch_folder(batch_id)).observed_state()
    if WAITING in (record.job.state, state.state):
        return JobState(state=record.job.state, reason=record.job.reason)
    return state


def delete(workspace: Workspace, batch_id: str) -> None:
    """Deletes an ended batch with its log; the translation sets stay, for Evaluate.

    Raises:
        ConfigError: It has not ended.
    """
    record = workspace.batches.get(batch_id)
    if not record.job.has_ended:
        raise ConfigError(f"The batch is {record.job.state}.", hint="Stop it first.")
    workspace.batches.delete(batch_id)
    shutil.rmtree(workspace.batch_folder(batch_id), ignore_errors=True)
