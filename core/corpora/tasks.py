"""What can be done with a corpus as a job: each task in the module that does it, as `TASK`."""

from __future__ import annotations

import importlib
import shutil
import uuid
from dataclasses import dataclass
from typing import Any, Protocol, cast

from core.corpora.watching import Watch, unwatched
from core.errors import DataError
from core.jobs.folder import JobFolder
from core.settings import Settings
from core.storage.workspace import Workspace

CORPUS_KIND = "core.corpora.corpus_job"
CORPUS_LANE = "corpora"

RAW_FOLDER = "raw"  # of a job and of a corpus: what people uploaded
SCRATCH_FOLDER = "scratch"  # of a job: what is unpacked or fetched
STAGING_FOLDER = "corpus"  # of a job: a corpus until it is whole

# Name of the task -> its module. Tokens need a model's tokenizer, and back-translation a system, so
# that their modules stand above this package; they are only named here, as the kinds of jobs are.
MODULES = {
    "import": "core.corpora.importing",
    "check": "core.corpora.checking",
    "clean": "core.corpora.cleaned",
    "restore": "core.corpora.restored",
    "split": "core.corpora.split_again",
    "leakage": "core.corpora.leak_search",
    "unleak": "core.corpora.without_leaks",
    "statistics": "core.corpora.measuring",
    "tokens": "core.finetune.token_task",
    "back-translate": "core.systems.back_translation.task",
}


class Work(Protocol):
    """What a task does."""

    def __call__(
        self, workspace: Workspace, settings: Any, folder: JobFolder, watch: Watch
    ) -> dict[str, Any]:
        """Does the work in a folder of its own and gives the result, as JSON can hold it.

        `corpus` in the result is the id of a corpus that was made.
        """


class Refusal(Protocol):
    """What a task demands before it starts."""

    def __call__(self, workspace: Workspace, settings: Any) -> Any:
        """Gives the settings in full.

        Raises:
            AdaptMLLMError: The task cannot be done like this.
        """


@dataclass(frozen=True)
class Task:
    """One thing that can be done with a corpus.

    Attributes:
        label: What people read while it is done, such as "Importing".
        settings: The model of its settings.
        check: Refuses what cannot work, before anything is written.
        work: Does it.
        subject: The field of the settings with the corpus's id; empty for none.
        kind: The module of its kind of job.
        lane: Of the queue in which it waits.
        keeps_work: Whether what was done stays when it ends early, so that it can be resumed.
    """

    label: str
    settings: type[Settings]
    check: Refusal
    work: Work
    subject: str = "corpus"
    kind: str = CORPUS_KIND
    lane: str = CORPUS_LANE
    keeps_work: bool = False


def load_task(name: str) -> Task:
    """Gives the task of this name.

    Raises:
        DataError: There is none.
    """
    if name not in MODULES:
        raise DataError(f"There is no task {name!r}.", hint=f"There are {', '.join(MODULES)}.")
    return cast(Task, importlib.import_module(MODULES[name]).TASK)


def clear_scratch(folder: JobFolder) -> None:
    """Removes what a job needed while it worked: the corpus that it made has its own copies."""
    for name in (RAW_FOLDER, SCRATCH_FOLDER, STAGING_FOLDER):
        shutil.rmtree(folder.path / name, ignore_errors=True)


def done(
    workspace: Workspace, name: str, settings: Settings, *, watch: Watch = unwatched
) -> dict[str, Any]:
    """Does a task in this process and gives its result; nothing of it is recorded as a job.

    Raises:
        AdaptMLLMError: The task was refused, or failed; then it left nothing.
    """
    task = load_task(name)
    settings = task.check(workspace, settings)
    folder = JobFolder(workspace.corpora_folder / f".work-{uuid.uuid4()}")
    folder.path.mkdir()
    try:
        return task.work(workspace, settings, folder, watch)
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)
