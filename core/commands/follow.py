"""Following a run from the terminal: one line on stderr whenever something happened."""

from __future__ import annotations

import sys
import time

from core.finetune.runs import run_state
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.workspace import Workspace

POLL_S = 1.0


def follow_run(workspace: Workspace, run_id: str) -> JobState:
    """Prints state, step and scores of a run until it has ended; gives its last state."""
    last = ""
    while True:
        queue.advance(workspace)
        run = workspace.runs.get(run_id)
        state = run_state(workspace, run)
        line = _line(state)
        if line != last:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
            last = line
        if state.has_ended and run.job.has_ended:
            return state
        time.sleep(POLL_S)


def _line(state: JobState) -> str:
    progress = state.progress
    parts = [state.state]
    if progress.get("total_steps"):
        parts.append(f"step {progress['step']}/{progress['total_steps']}")
    if progress.get("seconds_left") and state.state == "training":
        parts.append(f"{progress['seconds_left']:.0f} s left")
    if progress.get("losses"):
        parts.append(f"loss {progress['losses'][-1]:.3f}")
    parts += [f"dev {name} {value:.1f}" for name, value in progress.get("scores", {}).items()]
    return " · ".join(parts) + (f" · {state.reason}" if state.reason else "")
