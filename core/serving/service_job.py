"""A service as a kind of job: it works until somebody stops it."""

from __future__ import annotations

import sys

from core.host import SHORT_SPIN
from core.jobs.failures import first_failure
from core.jobs.folder import JobFolder, JobState, attempt_log
from core.jobs.kind import Failure, Stage
from core.storage.workspace import Workspace

RESTART_HINT = "Start it again; the log says more."


class ServiceKind:
    """Serves a prepared model."""

    energy_kind = "service"

    def num_gpus(self, folder: JobFolder) -> int:
        """Gives one: the engines compute on the first."""
        return 1

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the one command."""
        command = [sys.executable, "-m", "core.serving.serving", str(folder.path)]
        environment = {"PYTHONUNBUFFERED": "1", "TOKENIZERS_PARALLELISM": "false", **SHORT_SPIN}
        return [Stage("preparing", command, environment, can_save=True, records_use=False)]

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why the service does not serve any more."""
        tail = attempt_log(folder.log_file)[-6000:]
        first = first_failure(folder)
        if first is not None:
            if first["is_user_error"]:
                return Failure(first["message"], first["hint"], tail)
            sentence = f"{first['type']}: {first['message']}".splitlines()[0][:300].rstrip(".")
            return Failure(f"The service failed: {sentence}.", RESTART_HINT, first["traceback"])
        if exit_code == -9:
            peak = state.progress.get("peak_memory_bytes", 0)
            return Failure(
                f"The service was killed from outside; it had used up to {peak / 1e9:.1f} GB.",
                "Most often the system kills when memory runs short. " + RESTART_HINT,
                tail,
            )
        return Failure(
            f"The service ended without being asked (exit code {exit_code}).", RESTART_HINT, tail
        )

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how it ended when it was stopped."""
        return f"The service was stopped ({who})."

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Has nothing to add to what the job's record says."""


KIND = ServiceKind()
"""What the supervisor looks for."""
