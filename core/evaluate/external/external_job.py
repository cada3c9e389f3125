"""An external scorer as a kind of job."""

from __future__ import annotations

import sys

from core.evaluate.scoring_ends import diagnosed
from core.jobs.folder import JobFolder, JobState
from core.jobs.kind import Failure, Stage
from core.storage.workspace import Workspace

RESUME_HINT = "Nothing was stored; Resume scores everything again."


class ExternalKind:
    """Runs a command and takes what it wrote."""

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the one command, which a stop ends at once: half of its scores is none."""
        command = [sys.executable, "-m", "core.evaluate.external.scoring", str(folder.path)]
        return [Stage("preparing", command, {"PYTHONUNBUFFERED": "1"})]

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why there are no scores."""
        return diagnosed(folder, exit_code, state, hint=RESUME_HINT)

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how it ended when it was stopped."""
        return f"Stopped {who}; nothing was stored, Resume scores everything again."

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Has nothing to add: the scores were stored as a whole."""


KIND = ExternalKind()
"""What the supervisor looks for."""
