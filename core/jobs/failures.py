"""What ended a working process, written by itself for the supervisor's diagnosis."""

from __future__ import annotations

import json
import re
import time
import traceback
from typing import Any

from core.errors import AdaptMLLMError
from core.jobs.folder import JobFolder
from core.storage.files import read_json, write_json

CLIENT_RANK = -1  # of what waits here for work elsewhere; 0 is a process of that work

_CONSEQUENCES = re.compile(r"Connection closed by peer|Connection reset by peer|gloo|NCCL|barrier")
_CAUSE = re.compile(r"out of memory")  # also of the library that processes talk through


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


def first_failure(folder: JobFolder) -> dict[str, Any] | None:
    """Gives what ended the first process; broken connections of its peers are consequences."""
    found = []
    for path in folder.path.glob("failure-rank-*.json"):
        try:
            found.append(read_json(path))
        except json.JSONDecodeError:
            continue
    found.sort(key=lambda failure: float(failure["time"]))
    causes = [item for item in found if not is_consequence(item)]
    return next(iter(causes or found), None)


def is_consequence(failure: dict[str, Any]) -> bool:
    """Tells whether a process only ended because another one had."""
    message = failure["message"]
    return bool(_CONSEQUENCES.search(message)) and not _CAUSE.search(message)
