"""A job's folder: the contract between the process that works, its supervisor and its readers."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.emissions.records import FILE_NAME
from core.errors import HostError, TrainingError
from core.jobs.processes import ProcessIdentity, boot_id
from core.jobs.progress import Progress
from core.storage.files import JsonLinesTail, last_lines, read_json, utc_now, write_json
from core.storage.job_records import ACTIVE, ENDED

RESERVE_BYTES = 128 * 1024
# A supervisor on another host cannot be looked up; its heartbeat comes every two seconds.
ELSEWHERE_PATIENCE_S = 120.0
_FULL = (errno.ENOSPC, errno.EDQUOT)
_ATTEMPT = "--- attempt of "


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
        cause: A code for what is behind the reason; empty where nothing failed, and in folders
            that older versions wrote.
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
    cause: str = ""

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
    def settings_file(self) -> Path:
        """The settings, which are all that the working process is given."""
        return self.path / "settings.json"

    @property
    def log_file(self) -> Path:
        """What the launcher printed."""
        return self.path / "log.txt"

    @property
    def metrics_file(self) -> Path:
        """Progress, one JSON object a line, written by the working process."""
        return self.path / "metrics.jsonl"

    @property
    def samples_file(self) -> Path:
        """Fixed segments, translated again at each evaluation of a run."""
        return self.path / "samples.jsonl"

    @property
    def host_file(self) -> Path:
        """Processor, memory and GPU use of the job, one JSON object a line."""
        return self.path / "host.jsonl"

    @property
    def energy_file(self) -> Path:
        """What the job took, one JSON object a line; see `core.emissions.records`."""
        return self.path / FILE_NAME

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
        """Written last by a job that stopped in good order; holds the step, or why it did."""
        return self.path / "stopped.json"

    def failure_file(self, rank: int) -> Path:
        """What ended one working process."""
        return self.path / f"failure-rank-{rank}.json"

    @property
    def _reserve_file(self) -> Path:
        return self.path / ".reserve"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lets one process at a time decide whether the job starts, waits or is lost.

        Raises:
            TrainingError: The folder is gone.
        """
        try:
            lock = (self.path / ".lock").open("w")
        except FileNotFoundError:
            raise TrainingError(f"The job's folder {self.path} is gone.") from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

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
        """Replaces `state.json`; on a full disk the reserved space serves for the job's end.

        Raises:
            OSError: The state could not be written.
        """
        values = asdict(replace(state, heartbeat=utc_now()))
        try:
            write_json(self.state_file, values)
        except OSError as error:
            # A heartbeat may be left out: the reserve, and what a checkpoint takes, is for the end.
            if error.errno not in _FULL or not state.has_ended:
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
        if not state.is_active or _is_supervised(state):
            return state
        # The supervisor may have ended between the two looks.
        state = self.read_state()
        if not state.is_active:
            return state
        progress = self._brought_up_to_date(state.progress)
        step = progress.get("step", 0)
        where = f" at step {step}" if step else ""
        return replace(
            state,
            state="lost",
            progress=progress,
            reason=f"{_what_ended(state)} while {state.state}{where}.",
            hint="Resume continues from the last checkpoint." if where else "Start it again.",
            ended_at=state.heartbeat,
        )

    def _brought_up_to_date(self, known: dict[str, Any]) -> dict[str, Any]:
        """Gives how far the work came: its last steps may be younger than the last heartbeat."""
        progress = Progress()
        for record in JsonLinesTail(self.metrics_file).records():
            progress.add(record)
        return {**known, **progress.summary()} if progress.step > known.get("step", 0) else known

    def request_stop(self, mode: str, why: str = "") -> None:
        """Asks the job to stop: `save` keeps the work of the present step, `now` does not.

        Args:
            mode: `save` or `now`.
            why: Why nobody but the supervisor asks, such as "the energy budget was used up".

        Raises:
            HostError: The request could not be written.
        """
        try:
            write_json(self.stop_file, {"mode": mode, "time": utc_now(), "why": why})
        except OSError as error:
            raise HostError(
                f"The stop request could not be written: {error.strerror}.",
                hint="Free some space on the disk of the workspace and try again.",
            ) from error

    def stop_mode(self) -> str:
        """Gives `save`, `now`, or an empty text when nobody asked."""
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            return str(read_json(self.stop_file)["mode"])
        return ""

    def stop_reason(self) -> str:
        """Gives why the supervisor asked the job to stop, or an empty text where people did."""
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            return str(read_json(self.stop_file).get("why", ""))
        return ""

    def record_end(self, reason: str) -> None:
        """Writes down that the job ended in good order by itself, and why, in one sentence."""
        values = {"reason": reason, "time": utc_now()}
        try:
            write_json(self.stopped_file, values)
        except OSError:  # a full disk: the reserve is for the end
            self.release_space()
            write_json(self.stopped_file, values)

    def clear_for_start(self) -> None:
        """Removes what an earlier attempt left as its end."""
        for path in (self.stop_file, self.result_file, self.stopped_file):
            path.unlink(missing_ok=True)
        self.clear_failures()

    def clear_failures(self) -> None:
        """Removes what the processes of an earlier attempt reported."""
        for path in self.path.glob("failure-rank-*.json"):
            path.unlink()

    def size_bytes(self) -> int:
        """Gives the bytes that the folder takes on disk."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file())


@contextlib.contextmanager
def new_job_folder(path: Path, what: str) -> Iterator[None]:
    """Makes the folder of a new job; takes it away again when storing the job fails.

    Otherwise a second try with the same id would find a folder without a record.

    Args:
        path: The folder.
        what: What is stored, in words.

    Raises:
        FileExistsError: The folder is there: the same job was entered before.
        HostError: The disk is full, or not to be written.
    """
    path.mkdir(parents=True)
    try:
        yield
    except BaseException as error:
        shutil.rmtree(path, ignore_errors=True)
        if isinstance(error, OSError):
            raise HostError(
                f"The {what} could not be stored: {error.strerror}.",
                hint=f"Free some space under {path.parent} and try again.",
            ) from error
        raise


def mark_attempt(log_file: Path) -> None:
    """Marks in a log that another attempt begins; on a full disk the mark is left out."""
    with contextlib.suppress(OSError), log_file.open("a", encoding="utf-8") as file:
        file.write(f"{_ATTEMPT}{utc_now()} ---\n")


def attempt_log(log_file: Path, *, max_bytes: int = 20_000) -> str:
    """Gives the end of a log, without what earlier attempts left in it."""
    text = last_lines(log_file, max_bytes=max_bytes)
    before, mark, after = text.rpartition(_ATTEMPT)
    return after.partition("\n")[2] if mark else before + after


def _is_supervised(state: JobState) -> bool:
    if state.supervisor is None:
        return False
    if not state.supervisor.is_elsewhere:
        return state.supervisor.is_alive()
    age = datetime.now(UTC) - datetime.fromisoformat(state.heartbeat)
    return age.total_seconds() < ELSEWHERE_PATIENCE_S


def _what_ended(state: JobState) -> str:
    if state.supervisor and state.supervisor.is_elsewhere:
        return f"The host {state.supervisor.host} has not reported since {state.heartbeat}"
    if state.supervisor and state.supervisor.boot_id != boot_id():
        return "The machine restarted"
    return "The supervising process was killed"
