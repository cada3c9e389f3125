"""A preparation as a kind of job."""

from __future__ import annotations

import json
import sys

from core.finetune.diagnosis import diagnose
from core.finetune.run_folder import RunFolder
from core.host import SHORT_SPIN
from core.jobs.folder import JobFolder, JobState
from core.jobs.kind import Failure, Stage
from core.storage.files import read_json
from core.storage.workspace import Workspace

_QUIET = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}


class PrepareKind:
    """Converts a model and compares it with the original."""

    energy_kind = "conversion"

    def num_gpus(self, folder: JobFolder) -> int:
        """Gives one: the engines compute on the first."""
        return 1

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the one command."""
        command = [sys.executable, "-m", "core.serving.preparing", str(folder.path)]
        return [Stage("preparing", command, {**_QUIET, **SHORT_SPIN}, can_save=True)]

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why there is no prepared model."""
        failure = diagnose(RunFolder(folder.path), exit_code, state)
        hint = failure.hint.replace(
            "resume: it continues from the last checkpoint", "prepare again"
        )
        return Failure(failure.reason, hint, failure.detail)

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how it ended when it was stopped."""
        return f"The preparation was stopped ({who}); nothing was kept."

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Copies the gate's figures into the database."""
        try:
            result = read_json(folder.result_file)
        except (FileNotFoundError, json.JSONDecodeError):
            return
        workspace.versions.store_gate(folder.path.name, result["engine"], result["gate"])


KIND = PrepareKind()
"""What the supervisor looks for."""
