"""Another checkpoint as a run's model: what it takes the place of is kept, and can come back."""

from __future__ import annotations

from pydantic import Field

from core.errors import ConfigError, ModelError
from core.finetune.checkpoints import COMPLETE, checkpoint_folder, complete_checkpoints
from core.finetune.job import KIND as RUN_KIND
from core.finetune.model_places import go_back, go_on_going_back, go_on_taking
from core.finetune.run_folder import RunFolder
from core.finetune.run_work import USE, start_work
from core.jobs.entering import locked
from core.jobs.folder import JobFolder
from core.jobs.segment_job import SegmentJob
from core.settings import Settings
from core.storage.run_records import Run
from core.storage.workspace import Workspace

MADE = "made"  # in the job's folder: the model until it takes the place of the run's


class UseJob(SegmentJob):
    """The change of a run's model; one that a kill cut off is gone on with."""

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Leaves the run with one model and its scores: the one before, or the new one."""
        run = RunFolder(workspace.run_folder(UseSettings.load(folder.settings_file).run))
        if go_on_taking(run, folder.path / MADE):
            RUN_KIND.publish(workspace, run)


KIND = UseJob(
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
    _ended_undo(workspace, run)
    return RunFolder(workspace.run_folder(run.id)).earlier_result_file.exists()


def undo(workspace: Workspace, run_id: str) -> None:
    """Brings the model before the last change back, with its scores; twice changes nothing.

    Raises:
        ModelError: There is none.
    """
    run = workspace.runs.get(run_id)
    if _ended_undo(workspace, run):
        return
    folder = RunFolder(workspace.run_folder(run.id))
    with locked(folder.model_folder):
        if not folder.earlier_result_file.exists():
            raise ModelError(
                f"The run {run.name!r} has no model before this one.",
                hint="There is one after another checkpoint was taken as its model.",
            )
        go_back(folder)
    RUN_KIND.publish(workspace, folder)


def _ended_undo(workspace: Workspace, run: Run) -> bool:
    """Ends what a killed process began to undo; gives whether there was such."""
    folder = RunFolder(workspace.run_folder(run.id))
    has_ended = go_on_going_back(folder)
    if has_ended:
        RUN_KIND.publish(workspace, folder)
    return has_ended
