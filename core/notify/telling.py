"""Telling how a job ended: once, by a process of its own, and never at the job's cost."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import uuid

from sqlalchemy.exc import SQLAlchemyError

from core.errors import AdaptMLLMError
from core.notify.settings import NotifySettings, notify_settings
from core.storage.files import utc_now
from core.storage.job_records import Job
from core.storage.notice_records import Notice
from core.storage.workspace import PROJECT, Workspace

EVENTS = ("finished", "failed", "lost", "stalled")
_NOUNS = {"core.finetune.job": "run", "core.search.job": "search"}
# Marks by which a job's processes are known, and ended with it.
_OF_JOBS = ("ADAPTMLLM_JOB", "ADAPTMLLM_SUPERVISOR")

log = logging.getLogger(__name__)


def noun_of(job: Job) -> str:
    """Gives what people call a job that they are told about; empty for all others.

    The trials of a search are told as one, when the search ends.
    """
    return "" if job.is_trial else _NOUNS.get(job.kind, "")


def tell(workspace: Workspace, job: Job, event: str, reason: str, hint: str = "") -> bool:
    """Tells what happened to a job, unless that was told before; nothing that fails is raised.

    Args:
        workspace: Whose job.
        job: As its record says.
        event: `finished`, `failed`, `lost` or `stalled`; others are not told.
        reason: One sentence; may be empty.
        hint: What can be done; may be empty.

    Returns:
        Whether it was this call that told it.
    """
    noun = noun_of(job)
    if not noun or event not in EVENTS:
        return False
    try:
        settings = notify_settings(workspace)
        if not getattr(settings, event):
            return False
        # Each attempt of a job ends once.
        claim = f"{job.id} {event} {job.queued_at}"
        notice = Notice(
            str(uuid.uuid4()), claim, job.id, event, noun, job.title, reason, hint, utc_now()
        )
        if not workspace.notices.claim(notice):
            return False
        if settings.ways:
            _deliver(workspace, notice)
    except (SQLAlchemyError, AdaptMLLMError, OSError) as error:
        log.warning("nobody could be told that job %s %s: %s", job.id, event, type(error).__name__)
        return False
    return True


def _deliver(workspace: Workspace, notice: Notice) -> None:
    """Starts the process that sends a notice; mail servers may take their time."""
    environment = {name: value for name, value in os.environ.items() if name not in _OF_JOBS}
    # A supervisor spares what is marked as another's when it ends what its job left.
    environment[_OF_JOBS[0]] = f"notice {notice.id}"
    process = subprocess.Popen(
        [sys.executable, "-m", "core.notify.delivering", str(workspace.root), notice.id],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # Somebody has to take the exit status, or the ended process stays as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()


def tell_stalled(workspace: Workspace, job_id: str, state: str, silent_s: float) -> None:
    """Tells that a job is at work and reports nothing; nothing that fails is raised."""
    reason = f"It is {state}, and has reported nothing for {silent_s / 60:.0f} minutes."
    hint = "Look at its log; Stop and Resume continue from the last checkpoint."
    try:
        job = workspace.jobs.get(job_id)
    except (SQLAlchemyError, OSError) as error:
        log.warning("nobody could be told that job %s stalls: %s", job_id, type(error).__name__)
        return
    if job is not None:
        tell(workspace, job, "stalled", reason, hint)


def stalled_after_s(workspace: Workspace, job_id: str) -> float:
    """Gives after how many seconds without a report a job counts as stalled; 0 = never."""
    try:
        job = workspace.jobs.get(job_id)
        settings: NotifySettings = notify_settings(workspace)
    except (SQLAlchemyError, AdaptMLLMError, OSError):
        return 0.0
    # A search waits for its trials, as it should.
    is_watched = job is not None and noun_of(job) == "run" and settings.stalled
    return settings.stalled_minutes * 60.0 if is_watched else 0.0
