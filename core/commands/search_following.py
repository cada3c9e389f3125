"""Telling on stderr how a study goes: a line whenever a trial begins or ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from core.jobs import queue
from core.jobs.folder import JobState
from core.search.plan import Plan
from core.search.studies import study_state
from core.search.trials import Trial, read_trials
from core.storage.workspace import Workspace

POLL_S = 1.0


def told_trials() -> Callable[[Plan, Sequence[Trial]], None]:
    """Gives a function that writes what changed since its last call."""
    known: dict[int, str] = {}

    def tell(plan: Plan, trials: Sequence[Trial]) -> None:
        for trial in trials:
            if trial.state != "waiting" and known.get(trial.number) != trial.state:
                known[trial.number] = trial.state
                sys.stderr.write(_line(plan, trial) + "\n")
                sys.stderr.flush()

    return tell


def follow_study(workspace: Workspace, study_id: str) -> JobState:
    """Tells of the trials of a study until it has ended; gives its last state."""
    tell = told_trials()
    while True:
        queue.advance(workspace)
        study = workspace.studies.get(study_id)
        state = study_state(workspace, study)
        tell(Plan.of(study), read_trials(workspace, study))
        if study.job.has_ended:
            return state
        time.sleep(POLL_S)


def _line(plan: Plan, trial: Trial) -> str:
    values = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in trial.params.items()
    )
    line = f"trial {trial.number} {trial.state}: {values}"
    if trial.has_ended and trial.value is not None:
        line += f" · {plan.study.objective_names[0]} {trial.value:.2f}"
    return f"{line} · {trial.reason}" if trial.reason else line
