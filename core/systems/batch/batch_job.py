"""A batch translation as a kind of job."""

from __future__ import annotations

import sys

from core.finetune.diagnosis import diagnose
from core.finetune.run_folder import RunFolder
from core.jobs.folder import JobFolder, JobState
from core.jobs.kind import Failure, Stage
from core.storage.workspace import Workspace


class BatchKind:
    """Asks systems, segment by segment."""

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the one command."""
        command = [sys.executable, "-m", "core.systems.batch.translating", str(folder.path)]
        return [Stage("preparing", command, {"PYTHONUNBUFFERED": "1"}, can_save=True)]

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why not everything was translated."""
        failure = diagnose(RunFolder(folder.path), exit_code, state)
        hint = failure.hint.replace("continues from the last checkpoint", "does the rest")
        return Failure(failure.reason, hint, failure.detail, failure.is_transient)

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how it ended when it was stopped at once."""
        return f"Stopped {who} after {step} segments, which are kept; Resume does the rest."

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Has nothing to add: hypotheses were stored one by one."""


KIND = BatchKind()
"""What the supervisor looks for."""
