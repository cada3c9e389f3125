"""What can be said about one stored run: why it failed, what was found, and what would help."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigError
from core.finetune.causes import MEANINGS, Cause, cause_of
from core.finetune.changes import Remedy
from core.finetune.evidence import Finding, read_evidence
from core.finetune.findings import findings
from core.finetune.remedies import Measured, remedies
from core.finetune.run_folder import RunFolder
from core.finetune.runs import run_state
from core.finetune.settings import FineTuneSettings
from core.host import accelerator
from core.jobs.folder import JobState
from core.storage.files import read_json
from core.storage.run_records import Run
from core.storage.workspace import Workspace

CORRECTED = "corrected"
_MAX_NAME = 200


@dataclass(frozen=True)
class Advice:
    """What the page of a run and `python -m core runs diagnose` show.

    Attributes:
        cause: Why it failed; None if it did not.
        meaning: The same in plain words.
        remedies: What would help against the failure.
        findings: What else is worth knowing.
    """

    cause: Cause | None
    meaning: str
    remedies: tuple[Remedy, ...]
    findings: tuple[Finding, ...]

    @property
    def fixes(self) -> list[Remedy]:
        """Everything that can be applied, in the order in which it is numbered, from 1."""
        return [*self.remedies, *(each.remedy for each in self.findings if each.remedy)]

    def fix(self, number: int) -> Remedy:
        """Gives a fix by its number, from 1.

        Raises:
            ConfigError: There is none of this number.
        """
        if not 1 <= number <= len(self.fixes):
            has = f"it has {len(self.fixes)}" if self.fixes else "it has none"
            raise ConfigError(
                f"There is no fix {number} for this run; {has}.",
                hint="`python -m core runs diagnose RUN` numbers them.",
            )
        return self.fixes[number - 1]


def advise(workspace: Workspace, run: Run, state: JobState | None = None) -> Advice:
    """Gives what can be said about a run, also while it works.

    Args:
        workspace: Where it is stored.
        run: Its record.
        state: Of the run, where it is known already.
    """
    state = state or run_state(workspace, run)
    settings = settings_of(run)
    cause = cause_of(state, has_memory_limit=settings.memory_limit_gb > 0)
    folder = RunFolder(workspace.run_folder(run.id))
    found = remedies(cause, settings, measured(folder, state)) if cause else []
    evidence = read_evidence(folder, settings, is_live=not state.has_ended)
    meaning = MEANINGS[cause] if cause else ""
    return Advice(cause, meaning, tuple(found), tuple(findings(evidence)))


def settings_of(run: Run) -> FineTuneSettings:
    """Gives the settings of a run; settings that came later have their defaults.

    Raises:
        ConfigError: An older version stored what is not allowed any more.
    """
    return FineTuneSettings.parse(run.settings)


def corrected(run: Run, fix: Remedy) -> FineTuneSettings:
    """Gives the settings of a new run like `run` with a fix applied, under a name that tells.

    Raises:
        ConfigError: The fix is of another run and does not fit.
    """
    settings = fix.applied(settings_of(run))
    name = run.name.removesuffix(f" · {CORRECTED}")
    return settings.changed(name=f"{name[: _MAX_NAME - 12]} · {CORRECTED}")


def measured(folder: RunFolder, state: JobState) -> Measured:
    """Gives what is known of the machine and of the course of a run."""
    return Measured(
        peak_memory_bytes=int(state.progress.get("peak_memory_bytes") or 0),
        host_memory_bytes=_memory_bytes(folder),
        accelerator=accelerator(),
        total_steps=int(state.progress.get("total_steps") or 0),
        message=f"{state.reason}\n{state.detail}",
    )


def _memory_bytes(folder: RunFolder) -> int:
    """Gives the memory of the machine on which the run worked; else of this one."""
    try:
        facts: dict[str, Any] = read_json(folder.environment_file)
        return int(facts["memory_bytes"])
    except (OSError, json.JSONDecodeError, KeyError, TypeError, ValueError):
        import psutil

        return int(psutil.virtual_memory().total)
