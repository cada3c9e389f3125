"""What a run's page says about work on other machines."""

from __future__ import annotations

import streamlit as st

from app.text import plain
from core.finetune.run_folder import RunFolder
from core.jobs.slurm import read_slurm_job
from core.storage.run_records import Run
from core.storage.workspace import Workspace

NOT_MEASURED = (
    "Not measured: this run works on other machines or through Slurm, where this one's meter does "
    "not reach. What this machine takes meanwhile is not counted as the run's."
)


def is_elsewhere(run: Run) -> bool:
    """Tells whether a run does its work on other machines; those of before could not."""
    return bool(run.settings.get("launcher", "this machine") != "this machine")


def slurm_line(workspace: Workspace, run: Run) -> None:
    """Shows number and state of the run's job in Slurm; nothing for other runs."""
    if run.settings.get("launcher") == "slurm":
        job = read_slurm_job(RunFolder(workspace.run_folder(run.id)))
        if job is not None:
            st.caption(plain(job.line))
