"""Work on a corpus from the terminal: started as a job, followed on stderr to its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from core.commands.answers import INTERRUPTED
from core.commands.login import login_name
from core.corpora import works
from core.corpora.formats.files import InputFile
from core.jobs import queue
from core.settings import Settings
from core.storage.job_records import ENDED
from core.storage.workspace import Workspace

POLL_S = 0.2
EVERY_S = 2.0


def worked(
    workspace: Workspace, task: str, settings: Settings, *, files: Sequence[InputFile] = ()
) -> dict[str, Any]:
    """Does work on a corpus as a job and gives its result; a break (Ctrl-C) stops it.

    Where the task keeps what was done, the same call goes on with it.

    Raises:
        AdaptMLLMError: It was refused or left no result.
    """
    work = works.resumable(workspace, task, settings)
    if work is None:
        work = works.start(workspace, task, settings, files=files, by=login_name())
    else:
        works.resume(workspace, work.id)
    try:
        _follow(workspace, work.id)
    except KeyboardInterrupt:
        works.stop(workspace, work.id)
        kept = "the same command goes on with it" if works.keeps_work(work) else ""
        sys.stderr.write(f"Stopped; {kept or 'nothing of it was kept'}.\n")
        raise SystemExit(INTERRUPTED) from None
    result = works.wait_for(workspace, work.id).result
    return {"job": work.id, **result}


def _follow(workspace: Workspace, work_id: str) -> None:
    told_s = time.monotonic()
    while True:
        now = works.standing(workspace, work_id)
        job = workspace.jobs.get(work_id)
        if now.state.has_ended and (job is None or job.state in ENDED):
            return
        if now.phase and time.monotonic() - told_s >= EVERY_S:
            told_s = time.monotonic()
            share = f" {100 * now.done // now.total} %" if now.total else ""
            sys.stderr.write(f"{now.phase}{share} …\n")
            sys.stderr.flush()
        queue.advance(workspace)
        time.sleep(POLL_S)
