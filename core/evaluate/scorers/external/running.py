"""A scorer's command at work: watched, bounded in time, and ended with all that it started."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import psutil

from core.errors import ConfigError, DataError
from core.evaluate.scorers.external.command import Command, check_startable
from core.jobs.processes import die_with_parent
from core.systems.secrets import scrubbed_message

POLL_S = 0.2
GRACE_S = 5.0
MAX_SHOWN = 300  # characters of the last line of standard error
MAX_LOGGED = 5000  # lines of it
PIECE_BYTES = 65_536
_PROGRESS = re.compile(r"progress (\d{1,12}) (\d{1,12})\s*")

log = logging.getLogger(__name__)


def run(
    command: Command, *, num_rows: int, limit_s: float, on_progress: Callable[[int], None]
) -> None:
    """Runs a command to its end.

    Args:
        command: What is run.
        num_rows: Rows that it was given.
        limit_s: It is ended if it takes longer.
        on_progress: Called with the number of rows done, whenever it has changed.

    Raises:
        ConfigError: It cannot be started.
        DataError: It took too long, or ended with another exit code than 0.
    """
    check_startable(command)
    command.output_file.unlink(missing_ok=True)
    with contextlib.ExitStack() as stack:
        process = _started(command, stack)
        stack.callback(_end_with_children, process)
        assert process.stderr is not None
        listener = Listener(process.stderr)
        counter = _LineCounter(command.output_file)
        deadline, last = time.monotonic() + limit_s, 0
        while process.poll() is None:
            if time.monotonic() > deadline:
                raise DataError(
                    f"The scorer's command was ended: it took longer than {limit_s:g} s.",
                    hint="Raise the time limit, or score fewer segments. Nothing was stored.",
                )
            done = min(num_rows, listener.num_done(num_rows) or counter.count())
            if done != last:
                last = done
                on_progress(done)
            time.sleep(POLL_S)
        listener.finish()
    if process.returncode != 0:
        raise _failed(process.returncode, listener.last_line)


def _started(command: Command, stack: contextlib.ExitStack) -> subprocess.Popen[bytes]:
    given: IO[bytes] | int = subprocess.DEVNULL
    if command.reads_stdin:
        given = stack.enter_context(command.input_file.open("rb"))
    # What it prints besides its output belongs into the job's log, as it is.
    printed: IO[bytes] | None = None
    if command.writes_stdout:
        printed = stack.enter_context(command.output_file.open("wb"))
    try:
        # In this process's group, which the supervisor ends as a whole on a stop.
        return subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env=command.environment,
            stdin=given,
            stdout=printed,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
    except OSError as error:
        raise ConfigError(
            f"The scorer's command {command.arguments[0]!r} cannot be started: {error.strerror}.",
            hint="Try the command in a terminal; the first line of a script names its interpreter.",
        ) from None


def _failed(exit_code: int, last_line: str) -> DataError:
    said = f": {last_line}" if last_line else ""
    sentence = f"The scorer's command {_end_in_words(exit_code)}{said}".rstrip(".")
    hint = "Nothing was stored. The log has all that it printed."
    if exit_code == -9:
        hint += " Memory may have run out."
    return DataError(f"{sentence}.", hint=hint)


def _end_in_words(exit_code: int) -> str:
    if -exit_code in set(signal.Signals):
        return f"was ended by {signal.Signals(-exit_code).name}"
    return f"ended with exit code {exit_code}"


def _end_with_children(process: subprocess.Popen[bytes]) -> None:
    """Ends what is left of a command; what it left behind orphaned is the supervisor's."""
    found: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        found = psutil.Process(process.pid).children(recursive=True)
    for each in found:
        with contextlib.suppress(psutil.Error):
            each.terminate()
    if process.poll() is None:
        process.terminate()
    _, alive = psutil.wait_procs(found, timeout=GRACE_S)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    for each in alive:
        with contextlib.suppress(psutil.Error):
            each.kill()
    if process.poll() is None:
        process.kill()
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


class Listener:
    """Reads standard error in a thread of its own: progress, the last line, and the log.

    Attributes:
        last_line: The last line that said something, bounded and without keys.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self.last_line = ""
        self._pipe = pipe
        self._share = (0, 0)
        self._num_logged = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def num_done(self, num_rows: int) -> int:
        """Gives how many of the rows are done by what the command said; 0 if it said nothing."""
        done, total = self._share
        return num_rows * min(done, total) // total if total else 0

    def finish(self) -> None:
        """Waits for the last lines; something that outlives the command may hold the pipe."""
        self._thread.join(timeout=2.0)

    def _read(self) -> None:
        rest = b""
        with contextlib.suppress(OSError, ValueError):  # the pipe was closed meanwhile
            while data := os.read(self._pipe.fileno(), PIECE_BYTES):
                *lines, rest = re.split(rb"(?<=[\r\n])", rest + data)
                for line in lines:
                    self._take(line)
                rest = rest[-PIECE_BYTES:]
        self._take(rest)

    def _take(self, line: bytes) -> None:
        text = line.decode("utf-8", errors="replace").strip()
        found = _PROGRESS.fullmatch(text)
        if found:
            self._share = (int(found[1]), int(found[2]))
            return
        if not text:
            return
        text = scrubbed_message(text[:10_000], ())
        self.last_line = text[:MAX_SHOWN]
        # A progress bar writes the same line over and over.
        if not line.endswith(b"\r") and self._num_logged < MAX_LOGGED:
            self._num_logged += 1
            log.info("scorer: %s", text)


class _LineCounter:
    """Counts the lines of a growing file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._count = 0

    def count(self) -> int:
        with contextlib.suppress(OSError), self._path.open("rb") as file:
            file.seek(self._offset)
            while data := file.read(1 << 20):
                self._offset += len(data)
                self._count += data.count(b"\n")
        return self._count
