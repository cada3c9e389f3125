"""What a kind of job has to know about itself; the supervisor knows the rest."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from core.jobs.folder import JobFolder, JobState
from core.storage.workspace import Workspace


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
    """

    state: str
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    can_save: bool = False
    records_use: bool = True
    energy_budget_kwh: float = 0.0


@dataclass(frozen=True)
class Failure:
    """Why a job failed.

    Attributes:
        reason: One sentence.
        hint: What the user can do.
        detail: The first traceback, or the end of the log.
        is_transient: Whether the same command may work at once, such as after a port clash.
    """

    reason: str
    hint: str = ""
    detail: str = ""
    is_transient: bool = False


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


def load_kind(name: str) -> JobKind:
    """Gives the kind that the module `name` offers; only modules of core are asked."""
    if not name.startswith("core."):
        raise ValueError(f"{name!r} is no kind of job")
    return cast(JobKind, importlib.import_module(name).KIND)


def job_folder(workspace: Workspace, relative: str) -> JobFolder:
    """Gives the folder of a job from its record."""
    return JobFolder(workspace.root / Path(relative))
