"""Fine-tuning as a kind of job: its commands, its diagnosis, what it puts into the database."""

from __future__ import annotations

import contextlib
import json
import shlex

from core.errors import ConfigError
from core.finetune import command
from core.finetune.deepspeed_config import deepspeed_config
from core.finetune.diagnosis import diagnose
from core.finetune.fetching import fetch_command, is_to_fetch
from core.finetune.launching import elsewhere_stage
from core.finetune.run_folder import RunFolder
from core.finetune.scratch import build_command, is_to_build
from core.finetune.settings import FineTuneSettings
from core.finetune.slurm_ends import slurm_failure
from core.jobs.elsewhere import attempt_token
from core.jobs.folder import JobFolder, JobState
from core.jobs.kind import Failure, Stage
from core.jobs.slurm import cancel_left
from core.storage.files import read_json, write_json, write_text
from core.storage.workspace import Workspace


class FineTuneKind:
    """Builds and compiles what is missing, then starts the trainer by its launcher."""

    energy_kind = "run"

    def num_gpus(self, folder: JobFolder) -> int:
        """Gives one for each process; they use the first ones."""
        settings = FineTuneSettings.load(RunFolder(folder.path).settings_file)
        return 0 if settings.is_elsewhere else settings.num_processes

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the commands of a run, and writes them down in its folder."""
        run = RunFolder(folder.path)
        settings = FineTuneSettings.load(run.settings_file)
        environment = command.launch_environment(settings)
        write_json(run.deepspeed_file, deepspeed_config(settings))
        stages = []
        if is_to_fetch(workspace, settings):
            stages.append(Stage("preparing", fetch_command(run.settings_file), environment))
        if is_to_build(settings, run):
            stages.append(Stage("preparing", build_command(run.settings_file), environment))
        if settings.is_elsewhere:  # where the trainer compiles what it needs
            return [*stages, elsewhere_stage(workspace, settings, run)]
        arguments = command.launch_command(settings, run.settings_file, command.free_port())
        write_text(run.command_file, shlex.join(arguments) + "\n")
        missing = command.missing_operators(settings)
        if missing:
            stages.append(Stage("compiling", command.compile_command(missing), environment))
        stops = settings.budget_action == "stop and save"
        budget_kwh = settings.energy_budget_kwh if stops else 0.0
        working = Stage(
            "preparing", arguments, environment, can_save=True, energy_budget_kwh=budget_kwh
        )
        return [*stages, working]

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why the run ended without a result."""
        run = RunFolder(folder.path)
        return slurm_failure(run, state, attempt_token(run)) or diagnose(run, exit_code, state)

    def is_elsewhere(self, folder: JobFolder) -> bool:
        """Tells whether other machines, or Slurm, do the training."""
        with contextlib.suppress(ConfigError):
            return FineTuneSettings.load(folder.settings_file).is_elsewhere
        return False

    def end_elsewhere(self, folder: JobFolder) -> None:
        """Cancels what is left in Slurm; machines that ssh reached see the run's state."""
        cancel_left(folder)

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how the run ended when it was stopped without a checkpoint."""
        return f"Stopped at step {step} without saving ({who})."

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Copies the final scores into the database."""
        try:
            result = read_json(folder.result_file)
        except (FileNotFoundError, json.JSONDecodeError):
            return
        names = ("base", "fine_tuned", "num_segments", "reverse", "general")
        scores = {name: result[name] for name in names if name in result}
        workspace.runs.store_scores(folder.path.name, scores, result["train_seconds"])


KIND = FineTuneKind()
