"""An LLM judge as a kind of job."""

from __future__ import annotations

import sys

from core.evaluate.scoring_ends import diagnosed
from core.jobs.folder import JobFolder, JobState
from core.jobs.kind import Failure, Stage
from core.storage.workspace import Workspace

RESUME_HINT = "What is judged is kept; Resume does the rest."


class JudgeKind:
    """Asks an LLM, segment by segment."""

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the one command."""
        command = [sys.executable, "-m", "core.evaluate.judge.judging", str(folder.path)]
        return [Stage("preparing", command, {"PYTHONUNBUFFERED": "1"}, can_save=True)]

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why not everything was judged."""
        return diagnosed(folder, exit_code, state, hint=RESUME_HINT)

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how it ended when it was stopped at once."""
        return f"Stopped {who} after {step} segments, which are kept; Resume does the rest."

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Has nothing to add: scores were stored one by one."""


KIND = JudgeKind()
"""What the supervisor looks for."""
