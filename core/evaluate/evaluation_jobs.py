"""What one does with evaluations that take long: see whether one does, start it, follow it."""

from __future__ import annotations

import uuid

from core.evaluate.evaluating import scored_settings
from core.evaluate.result_cache import result_key, stored_result
from core.evaluate.settings import EvaluationSettings
from core.evaluate.texts import EvaluationTexts
from core.evaluate.workload import workload_of
from core.jobs import queue
from core.jobs.entering import locked, set_aside
from core.jobs.folder import JobFolder, JobState, new_job_folder
from core.storage.files import utc_now
from core.storage.job_records import ENDED, WAITING, Job
from core.storage.workspace import Workspace

EVALUATION_KIND = "core.evaluate.evaluation_job"
EVALUATION_LANE = "evaluate"
KEPT_ENDED = 20  # jobs; what they computed is in the caches, and stays there
INLINE_S = 8.0  # what a page waits for; beyond it there is a job with progress

_NAMESPACE = uuid.UUID("5a9b5f64-6d0f-4c0e-8a55-7c1b5d0c9d23")


def seconds_needed(
    workspace: Workspace, texts: EvaluationTexts, settings: EvaluationSettings, *, key: str = ""
) -> float:
    """Estimates the processor seconds that an evaluation takes with what is in the caches.

    Args:
        workspace: Where the caches are.
        texts: Of all systems that were chosen.
        settings: Of the evaluation.
        key: What `result_key` gives for these settings, where it is known already.

    Raises:
        DataError: A set or a scorer is gone.
    """
    has_result = stored_result(workspace, key or result_key(workspace, settings)) is not None
    scored = scored_settings(texts, settings)
    return workload_of(workspace, texts, scored, has_result=has_result).total_ms / 1000


def job_id_of(workspace: Workspace, settings: EvaluationSettings, *, key: str = "") -> str:
    """Gives the id of the job that computes exactly this; `key` as for `seconds_needed`.

    Raises:
        DataError: A set or a scorer is gone.
    """
    return str(uuid.uuid5(_NAMESPACE, key or result_key(workspace, settings)))


def start(workspace: Workspace, settings: EvaluationSettings, *, by: str = "") -> str:
    """Lets a job compute an evaluation and gives its id; one that has ended begins again.

    A second call (a double click) starts nothing.

    Args:
        workspace: Where the sets are.
        settings: What is computed.
        by: Who starts it, as others know them; empty = nobody is named.

    Raises:
        AdaptMLLMError: A set is gone, or the folder cannot be written.
    """
    job_id = job_id_of(workspace, settings)
    queue.reconcile(workspace)  # one that was killed has ended
    with locked(workspace.scorings_folder):
        job = workspace.jobs.get(job_id)
        has_folder = workspace.scoring_folder(job_id).exists()
        if job is not None and job.has_ended and has_folder:
            queue.resume(workspace, job_id)
        elif job is None or job.has_ended:  # of the two, a process that was killed leaves one
            _forget(workspace, job_id)
            _enter(workspace, job_id, settings, by)
        ended = [job for job in workspace.jobs.in_states(*ENDED) if job.kind == EVALUATION_KIND]
        for job in ended[:-KEPT_ENDED]:
            _forget(workspace, job.id)
    queue.advance(workspace)
    return job_id


def _forget(workspace: Workspace, job_id: str) -> None:
    with set_aside(workspace.scoring_folder(job_id)):
        workspace.scorings.delete(job_id)


def _enter(workspace: Workspace, job_id: str, settings: EvaluationSettings, by: str) -> None:
    folder = JobFolder(workspace.scoring_folder(job_id))
    relative = str(folder.path.relative_to(workspace.root))
    job = Job(
        job_id,
        EVALUATION_KIND,
        relative,
        EVALUATION_LANE,
        WAITING,
        utc_now(),
        title=_title(workspace, settings),
        person=by,
    )
    with new_job_folder(folder.path, "scoring"):
        settings.save(folder.settings_file)
        queue.enter(workspace, job)
        with workspace.database.writing() as connection:
            workspace.jobs.insert(connection, job)


def _title(workspace: Workspace, settings: EvaluationSettings) -> str:
    """Gives the test set by the name that its translations know it by, and how many there are."""
    translated = workspace.translation_sets.of_test_set(settings.test_set)
    test_set = f"{translated[0].corpus_name} {translated[0].split}" if translated else "a test set"
    num_systems = len(settings.systems)
    return f"Evaluation of {num_systems} system{'s' * (num_systems != 1)} on {test_set}"


def stop(workspace: Workspace, job_id: str) -> None:
    """Asks a job to stop; what it has computed is kept.

    Raises:
        TrainingError: It has ended already.
    """
    queue.stop(workspace, job_id, "save")


def state_of(workspace: Workspace, job_id: str) -> JobState | None:
    """Gives how far a job is; None if there is none."""
    job = workspace.jobs.get(job_id)
    if job is None:
        return None
    state = JobFolder(workspace.scoring_folder(job_id)).observed_state()
    if WAITING in (job.state, state.state):
        return JobState(state=job.state, reason=job.reason)
    return state
