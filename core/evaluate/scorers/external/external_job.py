"""An external scorer as a kind of job."""

from __future__ import annotations

from dataclasses import replace

from core.jobs.folder import JobFolder, JobState
from core.jobs.kind import Failure, Stage
from core.jobs.segment_job import SegmentJob
from core.storage.workspace import Workspace

RESUME_HINT = "Nothing was stored; Resume scores everything again."
_JOB = SegmentJob("core.evaluate.scorers.external.scoring", "scoring", RESUME_HINT, uses_gpus=None)


class ExternalKind:
    """Runs a command and takes what it wrote: all of it or nothing."""

    energy_kind = "scoring"

    def num_gpus(self, folder: JobFolder) -> int | None:
        """Gives what a command of another may use: all."""
        return _JOB.num_gpus(folder)

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the one command, which a stop ends at once: half of its scores is none."""
        return [replace(stage, can_save=False) for stage in _JOB.stages(workspace, folder)]

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why there are no scores."""
        return _JOB.diagnose(folder, exit_code, state)

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how it ended when it was stopped."""
        return f"Stopped {who}; nothing was stored, Resume scores everything again."

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Has nothing to add: the scores were stored as a whole."""


KIND = ExternalKind()
"""What the supervisor looks for."""
