"""The fields of the launcher on the Fine-tune page: this machine, a hostfile's, or Slurm."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.forms import group_fields, groups_of
from core.finetune.settings import FineTuneSettings
from core.jobs.slurm import missing_commands

LABELS = {
    "this machine": "this machine",
    "hostfile": "machines of a DeepSpeed hostfile, by ssh",
    "slurm": "Slurm (sbatch)",
}


def launcher_fields(values: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Shows who starts the processes and the fields that it uses; nothing where there is no choice.

    Gives what was chosen.
    """
    launcher = str(values.get("launcher", "this machine"))
    options = [name for name in LABELS if name == launcher or _is_available(name)]
    if len(options) == 1:
        return {}
    st.markdown("**Launcher**")
    field = FineTuneSettings.model_fields["launcher"]
    chosen = st.selectbox(
        str(field.title),
        options,
        index=options.index(launcher),
        format_func=LABELS.__getitem__,
        key=f"{key}.launcher",
        help=field.description,
    )
    if chosen == "this machine":  # several nodes, chosen before, would contradict it, unseen
        return {"launcher": chosen, "num_nodes": 1}
    names = groups_of(FineTuneSettings)["Launcher"][1:]
    used = [
        name
        for name in names
        if name == "num_nodes" or name.startswith("slurm_" if chosen == "slurm" else "hostfile")
    ]
    return {"launcher": chosen, **group_fields(FineTuneSettings, used, values, key=key)}


def _is_available(launcher: str) -> bool:
    if launcher == "slurm":
        return not missing_commands()
    return launcher == "this machine" or bool(shutil.which("ssh"))
