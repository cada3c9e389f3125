"""What ended a working process, written by itself for the supervisor's diagnosis."""

from __future__ import annotations

import time
import traceback

from core.errors import AdaptMLLMError
from core.jobs.folder import JobFolder
from core.storage.files import write_json


def record_failure(folder: JobFolder, rank: int, error: BaseException) -> None:
    """Writes what ended a process, so that the first cause is found among all processes."""
    hint = error.hint if isinstance(error, AdaptMLLMError) else ""
    message = error.message if isinstance(error, AdaptMLLMError) else str(error)
    values = {
        "time": time.time(),
        "rank": rank,
        "type": type(error).__name__,
        "message": message,
        "hint": hint,
        "is_user_error": isinstance(error, AdaptMLLMError),
        "traceback": "".join(traceback.format_exception(error)),
    }
    try:
        write_json(folder.failure_file(rank), values)
    except OSError:
        # A full disk: the half-written checkpoint is worth less than the cause.
        folder.release_space()
        write_json(folder.failure_file(rank), values)
