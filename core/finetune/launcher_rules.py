"""What settings may ask of a launcher: names and options that reach Slurm, fields that fit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.finetune.settings import FineTuneSettings

# What reaches a line of a batch script: no space, quote, dollar, backslash or comment.
_NAME = re.compile(r"[A-Za-z0-9_.,:@+/-]+")
_OPTION = re.compile(r"--[a-z][a-z0-9-]*(=[A-Za-z0-9_.,:@+/%&|()*\[\]!<>=-]+)?")

# The run sets these itself, or could not be followed with them.
_OURS = frozenset(
    (
        "job-name", "nodes", "ntasks", "ntasks-per-node", "cpus-per-task", "chdir", "output",
        "error", "open-mode", "requeue", "no-requeue", "signal", "partition", "time", "account",
        "gpus-per-node", "mem",
    )
)  # fmt: skip
_UNFIT = frozenset(
    (
        "array", "wrap", "wait", "parsable", "test-only", "help", "usage", "version", "quiet",
        "verbose", "uid", "gid", "export", "export-file", "input", "propagate", "get-user-env",
        "hold", "ignore-pbs", "begin", "clusters",
    )
)  # fmt: skip


def slurm_name(name: str) -> str:
    """Gives the name of a partition or account.

    Raises:
        ValueError: It holds what no such name has.
    """
    if name and not (_NAME.fullmatch(name) and name[0] != "-"):
        raise ValueError(f"{name!r} is no name that Slurm knows")
    return name


def slurm_options(text: str) -> list[str]:
    """Gives further options of sbatch one by one.

    Raises:
        ValueError: One is no long option, is set by another field, or does not fit a run.
    """
    options = text.split()
    for option in options:
        if not _OPTION.fullmatch(option):
            raise ValueError(f"{option!r} is not of the form --name or --name=value")
        name = option[2:].partition("=")[0]
        if name in _OURS:
            raise ValueError(f"--{name} is set by the run itself; use its own field")
        if name in _UNFIT:
            raise ValueError(f"--{name} does not fit a run, which is one job that is followed")
    return options


def broken_launcher_rules(settings: FineTuneSettings) -> list[str]:
    """Gives what does not fit together, one clause a rule."""
    launcher, broken = settings.launcher, []
    if launcher == "this machine":
        if settings.num_nodes > 1:
            broken.append(
                f"num_nodes {settings.num_nodes} needs launcher 'hostfile' or 'slurm', not "
                "'this machine'"
            )
        return broken
    gpus = settings.slurm_gpus_per_node
    if launcher == "slurm" and 0 < gpus < settings.num_processes:
        broken.append(
            f"slurm_gpus_per_node {gpus} must be at least num_processes {settings.num_processes}"
        )
    if settings.energy_budget_kwh:
        broken.append(
            f"energy_budget_kwh needs launcher 'this machine', not {launcher!r}: the energy of "
            "other machines is not measured"
        )
    return broken
