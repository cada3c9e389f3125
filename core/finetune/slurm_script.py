"""The batch script of a run in Slurm: what sbatch is given, word for word."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from core.finetune.settings import FineTuneSettings
from core.jobs.slurm_client import NAME_MARK
from core.storage.workspace import PROJECT

# Before the time limit, for the step or evaluation at work, the checkpoint, and Slurm's own delay:
# a share of the limit, since who asks for long has a large model. Billions of weights with their
# optimizer state take minutes to write.
_SAVE_SHARE = 20
_LEAST_SAVE_S, _MOST_SAVE_S = 120, 900
_SHORTEST_MIN = 6  # with less than this there would be no time left to train in
_PORTS = (20_000, 12_000)  # first, and how many: below those that systems hand out


def batch_script(settings: FineTuneSettings, settings_file: Path, token: str) -> str:
    """Gives the script: one task a node, which starts the launcher there.

    Args:
        settings: Of the run.
        settings_file: `settings.json` in the run's folder.
        token: Of the attempt; see `core.jobs.elsewhere`.
    """
    node = [sys.executable, "-u", "-m", "core.finetune.node", str(settings_file)]
    srun = ["srun", "--kill-on-bad-exit=1", f"--nodes={settings.num_nodes}"]
    srun += ["--ntasks-per-node=1", f"--cpus-per-task={cpus_per_node(settings)}"]
    lines = [f"#SBATCH {option}" for option in _options(settings, settings_file.parent)]
    first, count = _PORTS
    return "\n".join(
        [
            "#!/bin/sh",
            *lines,
            f"export PYTHONPATH={shlex.quote(str(PROJECT))}",
            'first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)',
            f"port=$(({first} + SLURM_JOB_ID % {count}))",  # the same on every node
            f'exec {shlex.join([*srun, *node])} --attempt {shlex.quote(token)} --address "$first" '
            '--port "$port"',
            "",
        ]
    )


def cpus_per_node(settings: FineTuneSettings) -> int:
    """Gives how many processor cores a node is asked for."""
    each = max(1, settings.threads_per_process)
    return settings.slurm_cpus_per_node or each * settings.num_processes


def save_before_s(limit_min: int) -> int:
    """Gives the seconds before a time limit at which a run is told to save and stop.

    Args:
        limit_min: The limit in minutes; 0 = the partition's, which is not known here.
    """
    return max(_LEAST_SAVE_S, min(_MOST_SAVE_S, limit_min * 60 // _SAVE_SHARE))


def _options(settings: FineTuneSettings, folder: Path) -> list[str]:
    limit_min = settings.slurm_time_limit_minutes
    options = [
        f"--job-name={NAME_MARK}",
        f"--nodes={settings.num_nodes}",
        "--ntasks-per-node=1",
        f"--cpus-per-task={cpus_per_node(settings)}",
        f"--chdir={_quoted(folder)}",
        "--output=log.txt",
        "--open-mode=append",
        # Slurm must not begin it again by itself: the run's record would not know of it.
        "--no-requeue",
    ]
    if not 0 < limit_min < _SHORTEST_MIN:
        options.append(f"--signal=USR1@{save_before_s(limit_min)}")
    if settings.slurm_partition:
        options.append(f"--partition={settings.slurm_partition}")
    if settings.slurm_account:
        options.append(f"--account={settings.slurm_account}")
    if limit_min:
        options.append(f"--time={limit_min}")
    if settings.slurm_gpus_per_node:
        options.append(f"--gpus-per-node={settings.slurm_gpus_per_node}")
    if settings.slurm_memory_gb:
        options.append(f"--mem={max(1, round(settings.slurm_memory_gb * 1e9 / 2**20))}M")
    return options + settings.slurm_options.split()


def _quoted(path: Path) -> str:
    """Gives a path as sbatch reads it in a script: in quotes, with backslashes before quotes."""
    text = str(path)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
