"""The process of a scoring, from its first line to the sentence that says why it failed."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from core.errors import AdaptMLLMError
from core.finetune.diagnosis import first_failure
from core.finetune.run_folder import RunFolder
from core.jobs.failures import record_failure
from core.jobs.folder import JobFolder, JobState, attempt_log
from core.jobs.kind import Failure
from core.jobs.processes import die_with_supervisor
from core.storage.files import read_json
from core.storage.workspace import Workspace

# Libraries whose lines would hold addresses.
QUIET = ("openai", "httpx2", "httpcore2", "httpx", "httpcore")
MAX_SHOWN = 300  # characters of an unforeseen error
# Pattern in an error or at the end of the log -> what happened
_PATTERNS = (
    (r"No space left on device|disk is full", "The disk is full"),
    (r"MemoryError|[Cc](?:an't|annot) allocate memory|can't start new thread", "Memory ran out"),
)

log = logging.getLogger(__name__)


def run_in_folder(work: Callable[[Workspace, RunFolder], None]) -> None:
    """Does the work of the job whose folder the command line names.

    A failure goes into a file for the supervisor, and ends this process.
    """
    die_with_supervisor()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_is_for_log)
    folder = RunFolder(Path(sys.argv[1]))
    try:
        work(Workspace(Path(read_json(folder.job_file)["workspace"])), folder)
    except BaseException as error:
        if not isinstance(error, AdaptMLLMError):
            log.exception("the scoring failed")
        record_failure(folder, 0, error)
        os._exit(1)


def diagnosed(folder: JobFolder, exit_code: int, state: JobState, *, hint: str) -> Failure:
    """Says why a scoring ended without a result.

    Args:
        folder: Of the job.
        exit_code: Of its process.
        state: Its last state.
        hint: What is kept, and what the user can do, where the error itself does not say it.
    """
    step = state.progress.get("step", 0)
    where = f"after {step} segments" if step else "before the first segment"
    failure = first_failure(RunFolder(folder.path))
    if failure is None:
        tail = attempt_log(folder.log_file)[-4000:]
        end = _known_cause(tail) or f"The process of the scoring {end_in_words(exit_code)}"
        return Failure(f"{end} {where}.", hint, tail)
    detail = failure["traceback"]
    if failure["is_user_error"]:
        return Failure(failure["message"], failure["hint"] or hint, detail)
    text = f"{failure['type']}: {failure['message']}".strip()
    cause = _known_cause(text)
    if cause:
        return Failure(f"{cause} {where}.", f"Free some. {hint}", detail)
    sentence = text.splitlines()[0][:MAX_SHOWN].rstrip(".")
    return Failure(f"The scoring failed {where}: {sentence}.", hint, detail)


def end_in_words(exit_code: int) -> str:
    """Says how a process ended: by a signal, or with an exit code."""
    number = exit_code - 128 if exit_code > 128 else -exit_code
    if number in set(signal.Signals):
        return f"was ended by {signal.Signals(number).name}"
    return f"ended with exit code {exit_code}"


def _known_cause(text: str) -> str:
    return next((cause for pattern, cause in _PATTERNS if re.search(pattern, text)), "")


def _is_for_log(record: logging.LogRecord) -> bool:
    # A filter, because a library may set its own level when it is imported.
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] not in QUIET
