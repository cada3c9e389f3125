"""What a kind of job has to know about itself; the supervisor knows the rest."""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from core.errors import AdaptMLLMError
from core.jobs.folder import JobFolder, JobState
from core.storage.workspace import Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stage:
    """One command of a job.

    Attributes:
        state: The state shown until the command says otherwise.
        arguments: The command as a list; never a shell string.
        environment: Variables added to the supervisor's.
        can_save: Whether the command answers "stop and save" by itself; it is the last one then.
        records_use: Whether the use of the host is recorded; not for what may run for months.
        energy_budget_kwh: At more than this an attempt is asked to stop and save; 0 = no limit.
        grace_s: Seconds between the request to end and the kill.
    """

    state: str
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    can_save: bool = False
    records_use: bool = True
    energy_budget_kwh: float = 0.0
    grace_s: float = 10.0


@dataclass(frozen=True)
class Failure:
    """Why a job failed.

    Attributes:
        reason: One sentence.
        hint: What the user can do.
        detail: The first traceback, or the end of the log.
        is_transient: Whether the same command may work at once, such as after a port clash.
        cause: A code of the job's kind for what is behind it, such as `disk`; may be empty.
    """

    reason: str
    hint: str = ""
    detail: str = ""
    is_transient: bool = False
    cause: str = ""


class JobKind(Protocol):
    """One kind of job; a module offers it as `KIND`."""

    @property
    def energy_kind(self) -> str:
        """What its energy is counted as, such as `run`; see `core.emissions.energy.JobEnergy`.

        Empty for one that is not measured, as all that it does is done by other jobs.
        """

    def num_gpus(self, folder: JobFolder) -> int | None:
        """Gives how many of the visible GPUs, from the first, it computes on; None = maybe all.

        Their energy is the job's; that of others is not, or two jobs would be charged for it.
        """

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the commands to run one after the other."""

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why the job ended without a result."""

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how it ended when it was stopped without a checkpoint; `who` asked for it."""

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Copies the result of an ended job into the database."""


@runtime_checkable
class WorksElsewhere(Protocol):
    """A kind some of whose jobs work on other machines, while this host only waits for them.

    What this host takes meanwhile is not the job's: it is neither measured nor recorded.
    """

    def is_elsewhere(self, folder: JobFolder) -> bool:
        """Tells whether this job is one of those."""

    def end_elsewhere(self, folder: JobFolder) -> None:
        """Ends what is left of it there; does nothing where nothing is."""


def is_elsewhere(kind: JobKind, folder: JobFolder) -> bool:
    """Tells whether a job works on other machines."""
    return isinstance(kind, WorksElsewhere) and kind.is_elsewhere(folder)


def end_elsewhere(kind: JobKind, folder: JobFolder) -> None:
    """Ends what is left of a job on other machines; what cannot be reached ends itself there."""
    if isinstance(kind, WorksElsewhere):
        try:
            kind.end_elsewhere(folder)
        except (AdaptMLLMError, OSError) as error:
            log.warning("%s: not ended on other machines: %s", folder.path.name, error)


def load_kind(name: str) -> JobKind:
    """Gives the kind that the module `name` offers; only modules of core are asked."""
    if not name.startswith("core."):
        raise ValueError(f"{name!r} is no kind of job")
    return cast(JobKind, importlib.import_module(name).KIND)


def job_folder(workspace: Workspace, relative: str) -> JobFolder:
    """Gives the folder of a job from its record."""
    return JobFolder(workspace.root / Path(relative))
