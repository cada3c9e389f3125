"""Work that goes segment by segment in one process, as a kind of job."""

from __future__ import annotations

import re
import signal
import sys
from dataclasses import dataclass

from core.jobs.failures import first_failure
from core.jobs.folder import JobFolder, JobState, attempt_log
from core.jobs.kind import Failure, Stage
from core.storage.workspace import Workspace

# Pattern in an error or at the end of the log -> what happened
_PATTERNS = (
    (r"No space left on device|disk is full", "The disk is full"),
    (r"MemoryError|[Cc](?:an't|annot) allocate memory|can't start new thread", "Memory ran out"),
)


@dataclass(frozen=True)
class SegmentJob:
    """A kind of job whose results are stored as they come, so that there is nothing to publish.

    Attributes:
        module: What runs: `python -m MODULE FOLDER`.
        noun: What people call the job, such as `batch`.
        resume_hint: What is kept, and what Resume does.
        unit: What its steps are, for sentences; empty where they say nothing to people.
        energy_kind: What its energy is counted as; empty for not measured.
        uses_gpus: How many of the visible GPUs its own processes compute on; None = maybe all.
    """

    module: str
    noun: str
    resume_hint: str
    unit: str = "segments"
    energy_kind: str = "scoring"
    uses_gpus: int | None = 0

    def num_gpus(self, folder: JobFolder) -> int | None:
        """Gives what the kind says; services that it asks are counted as services."""
        return self.uses_gpus

    def stages(self, workspace: Workspace, folder: JobFolder) -> list[Stage]:
        """Gives the one command."""
        command = [sys.executable, "-m", self.module, str(folder.path)]
        return [Stage("preparing", command, {"PYTHONUNBUFFERED": "1"}, can_save=True)]

    def diagnose(self, folder: JobFolder, exit_code: int, state: JobState) -> Failure:
        """Says why not everything was done."""
        where = self._where(state.progress.get("step", 0))
        failure = first_failure(folder)
        if failure is None:
            tail = attempt_log(folder.log_file)[-4000:]
            end = f"The process of the {self.noun} {_end_of_process(exit_code)}"
            return Failure(f"{_known_cause(tail) or end} {where}.", self.resume_hint, tail)
        detail = failure["traceback"]
        if failure["is_user_error"]:
            return Failure(failure["message"], failure["hint"] or self.resume_hint, detail)
        text = f"{failure['type']}: {failure['message']}".strip()
        cause = _known_cause(text)
        if cause:
            return Failure(f"{cause} {where}.", f"Free some. {self.resume_hint}", detail)
        sentence = text.splitlines()[0][:300].rstrip(".")
        return Failure(f"The {self.noun} failed {where}: {sentence}.", self.resume_hint, detail)

    def stop_sentence(self, step: int, who: str) -> str:
        """Says how it ended when it was stopped at once."""
        return f"Stopped {who} {self._where(step)}. {self.resume_hint}"

    def _where(self, step: int) -> str:
        return f"after {step} {self.unit}" if self.unit else "before its end"

    def publish(self, workspace: Workspace, folder: JobFolder) -> None:
        """Has nothing to add: results were stored one by one."""


def _known_cause(text: str) -> str:
    return next((cause for pattern, cause in _PATTERNS if re.search(pattern, text)), "")


def _end_of_process(exit_code: int) -> str:
    """Says how a process ended that left no word: by a signal, or with an exit code."""
    number = exit_code - 128 if exit_code > 128 else -exit_code
    if number in set(signal.Signals):
        return f"was ended by {signal.Signals(number).name}"
    return f"ended with exit code {exit_code}"
