"""Another checkpoint as a run's model: what it takes the place of is kept, and can come back."""

from __future__ import annotations

import shutil
from pathlib import Path

from pydantic import Field

from core.errors import ConfigError, ModelError
from core.finetune.checkpoints import COMPLETE, checkpoint_folder, complete_checkpoints
from core.finetune.job import KIND as RUN_KIND
from core.finetune.run_folder import RunFolder
from core.finetune.run_work import USE, start_work
from core.jobs.entering import locked
from core.jobs.segment_job import SegmentJob
from core.settings import Settings
from core.storage.run_records import Run
from core.storage.workspace import Workspace

KIND = SegmentJob(
    "core.finetune.use_work",
    "change of the run's model",
    "The run's model is the one before; start it again.",
    energy_kind="conversion",
    uses_gpus=1,
)
"""What the supervisor looks for."""


class UseSettings(Settings):
    """Which checkpoint becomes the model of which run."""

    run: str = Field(default="", description="Id of the run.", max_length=200)
    step: int = Field(default=0, ge=0, description="The checkpoint's step.")


def check_use(workspace: Workspace, run_id: str, step: int) -> Run:
    """Gives the run whose model can be made from a checkpoint.

    Raises:
        TrainingError: There is no such run.
        ConfigError: The run has not finished, so that it has no model yet.
        ModelError: There is no complete checkpoint of that step.
    """
    run = workspace.runs.get(run_id)
    if run.job.state != "finished":
        raise ConfigError(
            f"The run {run.name!r} is {run.job.state}; only a finished run's model can be changed.",
            hint=f"Resume it, or prepare its checkpoint on the Deploy page as '{run.name}@{step}'.",
        )
    folder = workspace.run_folder(run.id)
    if not (checkpoint_folder(folder, step) / COMPLETE).exists():
        kept = ", ".join(str(each) for each, _ in complete_checkpoints(folder)) or "none"
        raise ModelError(
            f"The run {run.name!r} has no complete checkpoint of step {step}.",
            hint=f"Kept: {kept}.",
        )
    return run


def start(workspace: Workspace, run_id: str, step: int, *, by: str = "") -> str:
    """Starts writing a checkpoint as the run's model, and gives the job's id.

    Raises:
        AdaptMLLMError: It cannot be done, or another change is under way.
    """
    run = check_use(workspace, run_id, step)
    return start_work(workspace, run, USE, UseSettings(run=run.id, step=step), by=by)


def can_undo(workspace: Workspace, run: Run) -> bool:
    """Whether the model before the last change is kept."""
    return RunFolder(workspace.run_folder(run.id)).earlier_result_file.exists()


def undo(workspace: Workspace, run_id: str) -> None:
    """Brings the model before the last change back, with its scores; twice changes nothing.

    Raises:
        ModelError: There is none.
    """
    run = workspace.runs.get(run_id)
    folder = RunFolder(workspace.run_folder(run.id))
    with locked(folder.model_folder):
        if not can_undo(workspace, run):
            raise ModelError(
                f"The run {run.name!r} has no model before this one.",
                hint="There is one after another checkpoint was taken as its model.",
            )
        _change_places(folder, folder.path / "model.going")
    RUN_KIND.publish(workspace, folder)


def take_in(folder: RunFolder, made: Path) -> None:
    """Puts a model with its result and its outputs in the place of the run's.

    Args:
        folder: The run's.
        made: Holds `model`, `result.json` and `test_outputs.jsonl`; nothing is left of it.
    """
    with locked(folder.model_folder):
        shutil.rmtree(folder.earlier_model_folder, ignore_errors=True)
        for path in (folder.earlier_result_file, folder.earlier_outputs_file):
            path.unlink(missing_ok=True)
        for present, earlier, name in _places(folder):
            if present.exists():
                present.rename(earlier)
            (made / name).rename(present)
        shutil.rmtree(made)


def _change_places(folder: RunFolder, going: Path) -> None:
    """Lets the present model and the one before change places."""
    shutil.rmtree(going, ignore_errors=True)
    going.mkdir()
    for present, earlier, name in _places(folder):
        present.rename(going / name)
        earlier.rename(present)
        (going / name).rename(earlier)
    going.rmdir()


def _places(folder: RunFolder) -> list[tuple[Path, Path, str]]:
    """Gives what belongs to a model: where it is, where the one before is, its name in between.

    The result is last: with it the change has happened.
    """
    return [
        (folder.model_folder, folder.earlier_model_folder, "model"),
        (folder.outputs_file, folder.earlier_outputs_file, "test_outputs.jsonl"),
        (folder.result_file, folder.earlier_result_file, "result.json"),
    ]
