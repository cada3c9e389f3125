"""What one does with work on corpora: start, follow, stop, dismiss."""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.corpora.corpus_job import RESUME_HINT
from core.corpora.formats.files import InputFile
from core.corpora.tasks import RAW_FOLDER, Task, clear_scratch, load_task
from core.errors import AdaptMLLMError, DataError
from core.jobs import queue
from core.jobs.entering import locked, set_aside
from core.jobs.folder import JobFolder, JobState, new_job_folder
from core.settings import Settings
from core.storage.corpus_job_records import CorpusJob
from core.storage.corpus_records import Corpus
from core.storage.files import JsonLinesTail, utc_now
from core.storage.job_records import WAITING, Job
from core.storage.workspace import Workspace

KEPT_HINT = "What is done is kept; Resume does the rest."
KEPT_ENDED = 30  # of those whose result is a corpus
FORGOTTEN_S = 24 * 3600
# Of those whose findings a page shows, how many are kept of each corpus.
KEPT_FINDING = {"check": 3, "leakage": 3, "statistics": 1, "tokens": 10}


@dataclass(frozen=True)
class Standing:
    """How far work is.

    Attributes:
        state: State, reason, hint.
        phase: What is being done, in words; empty before it begins.
        done, total: How much of it, in rows or bytes; `total` 0 = not known.
        seconds_left: Of this phase, from its pace so far; None while unknown.
    """

    state: JobState
    phase: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


def start(
    workspace: Workspace,
    task_name: str,
    settings: Settings,
    *,
    files: Sequence[InputFile] = (),
    work_id: str = "",
    by: str = "",
) -> CorpusJob:
    """Puts work into the queue of corpora; it starts at once when no other is being done.

    Args:
        workspace: Where it is stored.
        task_name: A key of `core.corpora.tasks.MODULES`.
        settings: Of that task.
        files: What people uploaded; they are copied.
        work_id: A UUID chosen beforehand; a second call with it (a double click) gives the work of
            the first.
        by: Who starts it, as others know them; empty = nobody is named.

    Raises:
        AdaptMLLMError: The task refused it; nothing was written.
    """
    work_id = work_id or str(uuid.uuid4())
    task = load_task(task_name)
    queue.reconcile(workspace)  # one that was killed has ended
    with locked(workspace.corpus_jobs_folder):
        if workspace.jobs.get(work_id) is not None:
            return workspace.corpus_jobs.get(work_id)
        settings = task.check(workspace, settings)
        _sweep(workspace)  # first: the disk may be full of what killed ones left
        work = _entered(workspace, task_name, task, settings, files, work_id, by)
    queue.advance(workspace)
    return work


def _entered(
    workspace: Workspace,
    task_name: str,
    task: Task,
    settings: Settings,
    files: Sequence[InputFile],
    work_id: str,
    by: str,
) -> CorpusJob:
    folder = JobFolder(workspace.corpus_job_folder(work_id))
    corpus_id = str(getattr(settings, task.subject)) if task.subject else ""
    subject = workspace.corpora.get(corpus_id).name if corpus_id else getattr(settings, "name", "")
    now = utc_now()
    job = Job(
        work_id,
        task.kind,
        str(folder.path.relative_to(workspace.root)),
        task.lane,
        WAITING,
        now,
        title=f"{task.label} {subject}",
        person=by,
    )
    work = CorpusJob(work_id, task_name, corpus_id, settings.model_dump(mode="json"), now, job)
    with new_job_folder(folder.path, "work on the corpus"):
        settings.save(folder.settings_file)
        _copy(files, folder.path / RAW_FOLDER)
        queue.enter(workspace, job)
        workspace.corpus_jobs.add(work)
    return work


def _copy(files: Sequence[InputFile], into: Path) -> None:
    """Copies uploads under names of our own: names from users are never paths."""
    if files:
        into.mkdir()
    for number, file in enumerate(files):
        with file.open() as source, (into / str(number)).open("wb") as target:
            shutil.copyfileobj(source, target)


def _sweep(workspace: Workspace) -> None:
    """Removes ended work that newer work of its kind has taken the place of."""
    for folder in workspace.corpora_folder.glob(".*"):
        with contextlib.suppress(FileNotFoundError):  # whoever made it took it away
            if time.time() - folder.stat().st_mtime > FORGOTTEN_S:  # of a process that was killed
                shutil.rmtree(folder, ignore_errors=True)
    num_kept: Counter[tuple[str, str]] = Counter()
    for each in workspace.corpus_jobs.all(limit=10_000):
        if not each.job.has_ended or can_resume(each):
            continue
        if each.job.state == "lost":  # a killed one could not tidy up itself
            clear_scratch(JobFolder(workspace.corpus_job_folder(each.id)))
        limit = KEPT_FINDING.get(each.task, KEPT_ENDED)
        group = (each.task, each.corpus_id) if each.task in KEPT_FINDING else ("", "")
        num_kept[group] += 1
        if num_kept[group] > limit:
            _remove(workspace, each.id)


def _remove(workspace: Workspace, work_id: str) -> None:
    with set_aside(workspace.corpus_job_folder(work_id)):
        workspace.corpus_jobs.delete(work_id)


def standing(workspace: Workspace, work_id: str) -> Standing:
    """Gives how far work is: what its folder says, else its record.

    Raises:
        DataError: There is none with this id.
    """
    work = workspace.corpus_jobs.get(work_id)
    folder = JobFolder(workspace.corpus_job_folder(work_id))
    state = folder.observed_state()
    if WAITING in (work.job.state, state.state):
        return Standing(JobState(state=work.job.state, reason=work.job.reason))
    if state.state == "lost":
        state = replace(state, hint=KEPT_HINT if can_resume(work) else RESUME_HINT)
    return _with_pace(state, JsonLinesTail(folder.metrics_file).read())


def _with_pace(state: JobState, records: Sequence[dict[str, Any]]) -> Standing:
    told = [record for record in records if record.get("kind") == "progress"]
    if not told:
        return Standing(state)
    last = told[-1]
    same = [record for record in told if record["note"] == last["note"]]
    moved = last["done"] - same[0]["done"]
    took_s = last["elapsed_s"] - same[0]["elapsed_s"]
    left = (last["total"] - last["done"]) * took_s / moved if moved > 0 and last["total"] else None
    return Standing(state, last["note"], last["done"], last["total"], left)


def keeps_work(work: CorpusJob) -> bool:
    """Whether what was done stays when the work is stopped, or fails."""
    return load_task(work.task).keeps_work


def can_resume(work: CorpusJob) -> bool:
    """Whether work ended early and what it did is kept."""
    return work.job.has_ended and work.job.state != "finished" and keeps_work(work)


def resumable(workspace: Workspace, task_name: str, settings: Settings) -> CorpusJob | None:
    """Gives the newest work that ended early and was asked for exactly this; None = there is none.

    Raises:
        AdaptMLLMError: The task refuses the settings.
    """
    task = load_task(task_name)
    if not task.keeps_work:
        return None
    queue.reconcile(workspace)
    wanted = task.check(workspace, settings).model_dump(mode="json")
    found = workspace.corpus_jobs.all(task_name)
    return next((each for each in found if can_resume(each) and each.settings == wanted), None)


def resume(workspace: Workspace, work_id: str) -> None:
    """Lets work that ended early do the rest.

    Raises:
        AdaptMLLMError: It cannot be resumed, or something that it needs is missing now.
    """
    work = workspace.corpus_jobs.get(work_id)
    if not can_resume(work):
        raise DataError(
            f"{work.job.title!r} is {work.job.state} and cannot be resumed.", hint="Start it again."
        )
    task = load_task(work.task)
    task.check(workspace, task.settings.parse(work.settings))
    with locked(workspace.corpus_jobs_folder):
        queue.resume(workspace, work_id)


def stop(workspace: Workspace, work_id: str) -> None:
    """Asks work to stop; nothing of it is kept, unless its task says so.

    Raises:
        TrainingError: It has ended already.
    """
    queue.stop(workspace, work_id, "save")


def dismiss(workspace: Workspace, work_id: str) -> None:
    """Removes work that has ended, with what it found; corpora that it made stay.

    Raises:
        DataError: It has not ended.
    """
    with locked(workspace.corpus_jobs_folder):
        job = workspace.jobs.get(work_id)
        if job is None:  # another tab did
            return
        if not job.has_ended:
            raise DataError(f"{job.title!r} is {job.state}.", hint="Stop it first.")
        _remove(workspace, work_id)


@contextlib.contextmanager
def undisturbed(workspace: Workspace, corpus: Corpus) -> Iterator[None]:
    """Lets no work on a corpus begin while it is deleted, and removes what ended.

    Raises:
        DataError: It is being worked on, another one is being compared with it, or work on it
            ended early and what that did (and perhaps cost) would be lost.
    """
    with locked(workspace.corpus_jobs_folder):
        for work in workspace.corpus_jobs.unfinished():
            if corpus.id in (work.corpus_id, work.settings.get("against")):
                raise DataError(
                    f"{corpus.name!r} is being worked on: {work.job.title!r} is {work.job.state}.",
                    hint="Wait for it, or stop it first.",
                )
        ended = workspace.corpus_jobs.of_corpus(corpus.id)
        for work in filter(can_resume, ended):
            raise DataError(
                f"{work.job.title!r} is {work.job.state}, and what it did is kept.",
                hint="Resume it, or dismiss it, before its corpus is deleted.",
            )
        for work in ended:
            _remove(workspace, work.id)
        yield


def wait_for(workspace: Workspace, work_id: str) -> CorpusJob:
    """Waits until work has ended.

    Raises:
        AdaptMLLMError: It left no result; the sentence is the job's own.
    """
    state = queue.wait(workspace, work_id)
    if state.state != "finished":
        raise AdaptMLLMError(state.reason or f"The work {state.state}.", hint=state.hint)
    return workspace.corpus_jobs.get(work_id)
