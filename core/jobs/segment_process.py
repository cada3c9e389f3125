"""The process of a segment job: where it finds its work, and where it leaves what went wrong."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from core.errors import AdaptMLLMError
from core.jobs.failures import record_failure
from core.jobs.folder import JobFolder
from core.jobs.processes import die_with_supervisor
from core.storage.files import read_json
from core.storage.workspace import Workspace

# Libraries whose lines would hold addresses.
_QUIET = ("openai", "httpx2", "httpcore2", "httpx", "httpcore")

log = logging.getLogger(__name__)


class StoppedError(Exception):
    """Somebody asked the job to stop."""


def run_in_folder(work: Callable[[Workspace, JobFolder], None]) -> None:
    """Does the work of the job whose folder the command line names.

    A failure goes into a file for the supervisor, and ends this process.
    """
    die_with_supervisor()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_for_log)
    folder = JobFolder(Path(sys.argv[1]))
    try:
        work(Workspace(Path(read_json(folder.job_file)["workspace"])), folder)
    except BaseException as error:
        if not isinstance(error, AdaptMLLMError):
            log.exception("the job failed")
        record_failure(folder, 0, error)
        os._exit(1)


def _is_for_log(record: logging.LogRecord) -> bool:
    # A filter, because a library may set its own level when it is imported.
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] not in _QUIET
