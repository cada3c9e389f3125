"""Jobs that the restart of the machine, or a kill, ended: found by the queue, offered to people."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import psutil

from core.errors import TrainingError
from core.jobs.folder import JobFolder, JobState
from core.jobs.kind import job_folder
from core.jobs.processes import boot_id
from core.storage.files import read_json, utc_now, write_json
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace

RESUMED_FILE = "resumed_by_itself.json"
RESTART, KILL, SILENCE = "restart", "kill", "silence"


def interruption_of(state: JobState, job: Job) -> dict[str, Any]:
    """Says what interrupted a lost job.

    Returns:
        `cause`: RESTART of this machine (with `restarted_at`, UTC ISO-8601), KILL of the
        supervisor, or SILENCE of another host; `found_at`.
    """
    found: dict[str, Any] = {"cause": KILL, "found_at": utc_now()}
    booted = datetime.fromtimestamp(psutil.boot_time(), UTC)
    if state.supervisor is None:  # it had been claimed, and nothing had been written
        has_restarted = job.started_at is not None and job.started_at < booted.isoformat()
    elif state.supervisor.is_elsewhere:
        return {**found, "cause": SILENCE}
    else:
        has_restarted = state.supervisor.boot_id != boot_id()
    if has_restarted:
        at = booted.isoformat(timespec="seconds")
        return {**found, "cause": RESTART, "restarted_at": at}
    return found


def interrupted_runs(workspace: Workspace) -> list[Run]:
    """Gives the lost runs about which nobody has decided; trials belong to their studies."""
    return [run for run in workspace.runs.interrupted() if not run.job.is_trial]


def restarted_at(found: Sequence[Run]) -> str:
    """Gives when the machine was restarted, where one restart interrupted them all; else ""."""
    times = {str(run.job.interruption.get("restarted_at", "")) for run in found}
    return times.pop() if len(times) == 1 else ""


def dismiss(workspace: Workspace, run_ids: list[str]) -> None:
    """Offers these runs no more; each can still be resumed on its page."""
    for run_id in run_ids:
        workspace.queue.settle_interruption(run_id)


def requeue_after_restart(
    workspace: Workspace, requeue: Callable[[Workspace, str], None]
) -> list[str]:
    """Lets the runs that a restart interrupted wait again, where people wanted that.

    One that has not come further since it last went on by itself waits for people, or a run that
    brings the machine down would do so for ever.

    Args:
        workspace: Whose runs.
        requeue: Puts an ended job back into the queue; of several callers all but one fail.

    Returns:
        Their ids.
    """
    if not workspace.queue.hold_of_all().resumes_after_restart:
        return []
    requeued = []
    for run in interrupted_runs(workspace):
        folder = job_folder(workspace, run.job.folder)
        if run.job.interruption["cause"] != RESTART or not _has_come_further(folder, run.job):
            continue
        with contextlib.suppress(TrainingError, OSError):  # another process was quicker
            write_json(folder.path / RESUMED_FILE, {"step": _step(run.job)})
            requeue(workspace, run.id)
            requeued.append(run.id)
    return requeued


def _has_come_further(folder: JobFolder, job: Job) -> bool:
    try:
        before = int(read_json(folder.path / RESUMED_FILE)["step"])
    except FileNotFoundError:
        return True
    return _step(job) > before


def _step(job: Job) -> int:
    return int(job.progress.get("step") or 0)
