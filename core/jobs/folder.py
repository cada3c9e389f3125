"""A job's folder: the contract between the process that works, its supervisor and its readers."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.jobs.processes import ProcessIdentity
from core.storage.files import read_json, utc_now, write_json
from core.storage.job_records import ACTIVE, ENDED

RESERVE_BYTES = 128 * 1024


@dataclass(frozen=True)
class JobState:
    """What `state.json` says.

    Attributes:
        state: One of the job states.
        reason: One sentence on why the job ended as it did.
        hint: What the user can do about it.
        detail: The first traceback, or the last lines of the log.
        supervisor: The process that looks after the job.
        heartbeat: When the supervisor last wrote, UTC ISO-8601.
        started_at, ended_at: UTC ISO-8601.
        progress: Step, total steps, seconds left, last scores, sparkline.
    """

    state: str = "queued"
    reason: str = ""
    hint: str = ""
    detail: str = ""
    supervisor: ProcessIdentity | None = None
    heartbeat: str = ""
    started_at: str | None = None
    ended_at: str | None = None
    progress: dict[str, Any] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        """Whether a supervisor works on the job."""
        return self.state in ACTIVE

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in ENDED


class JobFolder:
    """The files of one job that supervisor and readers share."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def state_file(self) -> Path:
        """State, reason, supervisor and heartbeat; replaced as a whole."""
        return self.path / "state.json"

    @property
    def job_file(self) -> Path:
        """Id, kind and workspace of the job."""
        return self.path / "job.json"

    @property
    def log_file(self) -> Path:
        """What the launcher printed."""
        return self.path / "log.txt"

    @property
    def metrics_file(self) -> Path:
        """Progress, one JSON object a line, written by the working process."""
        return self.path / "metrics.jsonl"

    @property
    def host_file(self) -> Path:
        """Processor, memory and GPU use of the job, one JSON object a line."""
        return self.path / "host.jsonl"

    @property
    def stop_file(self) -> Path:
        """Present when somebody asked the job to stop; holds the mode."""
        return self.path / "stop.json"

    @property
    def result_file(self) -> Path:
        """Written last by a job that did everything and checked it."""
        return self.path / "result.json"

    @property
    def stopped_file(self) -> Path:
        """Written last by a job that stopped in good order; holds the step."""
        return self.path / "stopped.json"

    @property
    def _reserve_file(self) -> Path:
        return self.path / ".reserve"

    def reserve_space(self) -> None:
        """Sets some bytes aside, so that a full disk can still be reported."""
        if not self._reserve_file.exists():
            self._reserve_file.write_bytes(b"\0" * RESERVE_BYTES)

    def release_space(self) -> None:
        """Gives the reserved bytes and half-written checkpoints back to the disk."""
        self._reserve_file.unlink(missing_ok=True)
        for partial in self.path.glob("**/*.partial"):
            shutil.rmtree(partial, ignore_errors=True)

    def write_state(self, state: JobState) -> None:
        """Replaces `state.json`; on a full disk the reserved space is used.

        Raises:
            OSError: The state could not be written even then.
        """
        values = asdict(replace(state, heartbeat=utc_now()))
        try:
            write_json(self.state_file, values)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            self.release_space()
            write_json(self.state_file, values)

    def read_state(self) -> JobState:
        """Gives what `state.json` says, whoever is still alive; no file means queued."""
        try:
            values = read_json(self.state_file)
        except (FileNotFoundError, json.JSONDecodeError):
            return JobState()
        supervisor = values.pop("supervisor")
        return JobState(**values, supervisor=ProcessIdentity(**supervisor) if supervisor else None)

    def observed_state(self) -> JobState:
        """Gives the truth: an active job whose supervisor is gone is lost."""
        state = self.read_state()
        if not state.is_active or (state.supervisor and state.supervisor.is_alive()):
            return state
        # The supervisor may have ended between the two looks.
        state = self.read_state()
        if not state.is_active:
            return state
        step = state.progress.get("step", 0)
        return replace(
            state,
            state="lost",
            reason=f"The supervising process ended without a report while {state.state}"
            f" at step {step}: it was killed or the machine restarted.",
            hint="Resume continues from the last checkpoint.",
            ended_at=state.heartbeat,
        )

    def request_stop(self, mode: str) -> None:
        """Asks the job to stop: `save` keeps the work of the present step, `now` does not."""
        write_json(self.stop_file, {"mode": mode, "time": utc_now()})

    def stop_mode(self) -> str:
        """Gives `save`, `now`, or an empty text when nobody asked."""
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            return str(read_json(self.stop_file)["mode"])
        return ""

    def clear_for_start(self) -> None:
        """Removes what an earlier attempt left as its end."""
        for path in (self.stop_file, self.result_file, self.stopped_file):
            path.unlink(missing_ok=True)
        for path in self.path.glob("failure-rank-*.json"):
            path.unlink()

    def size_bytes(self) -> int:
        """Gives the bytes that the folder takes on disk."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())
