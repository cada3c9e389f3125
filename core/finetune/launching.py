"""The working command of a run that other machines do: through Slurm, or through a hostfile."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import sys
import uuid
from pathlib import Path

from core.errors import ConfigError, HostError
from core.finetune.command import launch_command
from core.finetune.hostfile import chosen_hosts
from core.finetune.hosts_client import host_commands
from core.finetune.node_records import write_records
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.finetune.slurm_script import batch_script
from core.jobs.elsewhere import begin_attempt
from core.jobs.kind import Stage
from core.jobs.slurm import missing_commands
from core.jobs.slurm_client import GRACE_S as SLURM_GRACE_S
from core.jobs.slurm_client import NAME_MARK
from core.storage.files import write_text
from core.storage.workspace import Workspace

HOSTS_GRACE_S = 20.0
HOSTS_CLIENT = "core.finetune.hosts_client"
SLURM_CLIENT = "core.jobs.slurm_client"


def script_file(folder: RunFolder) -> Path:
    """Gives the batch script of a run in Slurm."""
    return folder.path / "slurm.sh"


def elsewhere_command(settings: FineTuneSettings, settings_file: Path) -> list[str]:
    """Gives the process of this host that waits for the others."""
    folder = RunFolder(settings_file.parent)
    if settings.launcher == "slurm":
        return [sys.executable, "-m", SLURM_CLIENT, str(folder.path), str(script_file(folder))]
    return [sys.executable, "-m", HOSTS_CLIENT, str(settings_file)]


def shown_command(settings: FineTuneSettings, settings_file: Path) -> str:
    """Gives what would be started, for people to read: a command, a batch script, or one a host."""
    if settings.launcher == "slurm":
        script = batch_script(settings, settings_file, "ATTEMPT")
        return script.replace(NAME_MARK, "adaptmllm-RUN")
    if settings.launcher == "hostfile":
        with contextlib.suppress(ConfigError):  # why it cannot be launched is said elsewhere
            return "\n".join(
                shlex.join(each) for each in host_commands(settings, settings_file, "ATTEMPT")
            )
        return shlex.join(elsewhere_command(settings, settings_file))
    return shlex.join(launch_command(settings, settings_file))


def elsewhere_stage(workspace: Workspace, settings: FineTuneSettings, folder: RunFolder) -> Stage:
    """Gives the working command, and writes down what the other machines need."""
    token = uuid.uuid4().hex
    write_records(workspace, settings, folder)
    begin_attempt(folder, token)
    arguments = elsewhere_command(settings, folder.settings_file)
    shown = shlex.join(arguments) + "\n"
    if settings.launcher == "slurm":
        script = batch_script(settings, folder.settings_file, token)
        write_text(script_file(folder), script)
        shown = f"sbatch {shlex.quote(str(script_file(folder)))}\n"
    write_text(folder.command_file, shown)
    is_slurm = settings.launcher == "slurm"
    return Stage(
        "preparing",
        arguments,
        can_save=True,
        records_use=False,
        grace_s=SLURM_GRACE_S if is_slurm else HOSTS_GRACE_S,
    )


def check_launcher(settings: FineTuneSettings) -> None:
    """Refuses what this host cannot hand over; the other machines are asked when the run starts.

    Raises:
        ConfigError: The hostfile is wrong or has too few machines or slots.
        HostError: A command is missing here.
    """
    if settings.launcher == "slurm" and (missing := missing_commands()):
        raise HostError(
            f"Slurm's {', '.join(missing)} cannot be found on this machine.",
            hint="Start the application where Slurm is installed, or start on 'this machine'.",
        )
    if settings.launcher == "hostfile":
        chosen_hosts(settings)
        if not shutil.which("ssh"):
            raise HostError(
                "ssh cannot be found on this machine, and a hostfile's machines are reached by it.",
                hint="Install it (Debian and Ubuntu: `apt-get install openssh-client`).",
            )
