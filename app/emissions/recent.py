"""What the page reads from the database, kept for some seconds: a slider must not read it anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from core.emissions.energy import JobEnergy
from core.emissions.stored import all_energy
from core.jobs import queue
from core.storage.job_records import ACTIVE, ENDED, WAITING
from core.storage.run_records import Run
from core.storage.workspace import Workspace

KEPT_S = 4  # half the time between two lines of a job's energy
RUNS_PAGE = 2000


@dataclass(frozen=True)
class Recent:
    """What was measured a moment ago; shared by all tabs, so that nobody may change it.

    Attributes:
        found: What each job took, the newest first.
        states: State of each job that still exists, by its id.
    """

    found: Sequence[JobEnergy]
    states: Mapping[str, str]


def recent(workspace: Workspace) -> Recent:
    """Gives what was measured until some seconds ago."""
    return _recent(str(workspace.root), workspace)


def measured_runs(workspace: Workspace) -> Sequence[Run]:
    """Gives all runs whose energy was measured, the newest first; some seconds old at most."""
    return _measured_runs(str(workspace.root), workspace)


# Resources, not data: to copy thousands of jobs in each rerun takes as long as to read them.
@st.cache_resource(max_entries=4, ttl=KEPT_S, show_spinner=False)
def _recent(root: str, _workspace: Workspace) -> Recent:
    del root
    queue.reconcile(_workspace)  # a job whose supervisor was killed is among them
    jobs = _workspace.jobs.in_states(WAITING, *ACTIVE, *ENDED)
    return Recent(tuple(all_energy(_workspace)), {job.id: job.state for job in jobs})


@st.cache_resource(max_entries=4, ttl=KEPT_S, show_spinner=False)
def _measured_runs(root: str, _workspace: Workspace) -> tuple[Run, ...]:
    del root
    measured = {each.job_id for each in recent(_workspace).found if each.kind == "run"}
    found: dict[str, Run] = {}
    offset = 0
    while len(found) < len(measured):  # runs that were deleted are never found
        page = _workspace.runs.newest(limit=RUNS_PAGE, offset=offset)
        found |= {run.id: run for run in page if run.id in measured}
        if len(page) < RUNS_PAGE:
            break
        offset += RUNS_PAGE
    return tuple(found.values())
