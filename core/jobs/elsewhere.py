"""Work on other machines: what keeps it from going on when nobody looks after it any more.

There the supervisor cannot end a process. Each machine reads the job's folder, which all of them
share, and decides by itself.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from core.errors import HostError
from core.jobs.folder import JobFolder, JobState
from core.storage.files import read_json, write_json

# A heartbeat comes every two seconds; a shared file system may show it a minute later.
PATIENCE_S = 120.0
SAVING_S = 600.0  # for the step and its checkpoint, once the heartbeat stands still
# So long a shared file system may show a machine how an earlier attempt ended there.
STALE_S = 90.0

Verdict = Literal["go on", "save", "end"]


def attempt_file(folder: JobFolder) -> Path:
    """Gives the file with the token of the attempt that counts."""
    return folder.path / "elsewhere.json"


def begin_attempt(folder: JobFolder, token: str) -> None:
    """Makes an attempt the one that counts; machines that still work on another one end it."""
    write_json(attempt_file(folder), {"attempt": token})


def attempt_token(folder: JobFolder) -> str:
    """Gives the token of the attempt that counts; empty where none began."""
    with contextlib.suppress(OSError, json.JSONDecodeError, KeyError):
        return str(read_json(attempt_file(folder))["attempt"])
    return ""


class Watch:
    """Decides on one machine whether the work there still has somebody who looks after it.

    Attributes:
        why: What the last verdict but "go on" was for, in words.
    """

    def __init__(
        self, folder: JobFolder, token: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._token = token
        self._clock = clock
        self._heartbeat = ""
        self._seen_s = clock()  # times of two machines are never compared
        self._stale_until_s = clock() + STALE_S
        self._last_state = JobState()
        self._at_start = self._reasons_to_end()
        self.why = ""

    def verdict(self) -> Verdict:
        """Gives `end` for work that must not go on, `save` for what nobody looks after."""
        is_stale = self._clock() < self._stale_until_s
        for mark, why in self._reasons_to_end().items():
            if not (is_stale and mark in self._at_start):
                return self._said("end", why)
        state = self._state()
        if state.heartbeat != self._heartbeat:
            self._heartbeat = state.heartbeat
            self._seen_s = self._clock()
        silent_s = self._clock() - self._seen_s
        if silent_s < PATIENCE_S:
            return "go on"
        why = f"the supervisor has not reported for {silent_s:.0f} s"
        return self._said("save" if silent_s < PATIENCE_S + SAVING_S else "end", why)

    def ask_to_save(self, why: str) -> None:
        """Asks the job to stop and save, unless somebody has asked before."""
        if not self._folder.stop_mode():
            with contextlib.suppress(HostError):  # a full disk ends the job soon enough
                self._folder.request_stop("save", why)

    def _state(self) -> JobState:
        """Gives the job's state, the last one while a shared disk gives none: patience ends."""
        with contextlib.suppress(OSError):
            self._last_state = self._folder.read_state()
        return self._last_state

    def _said(self, verdict: Verdict, why: str) -> Verdict:
        self.why = why
        return verdict

    def _reasons_to_end(self) -> dict[str, str]:
        """Gives why the work must not go on, by a mark of what exactly was read."""
        found = {}
        # What cannot be read now stands still, and patience ends.
        token = attempt_token(self._folder)
        if token not in ("", self._token):
            found[f"attempt {token}"] = "another attempt works on the job"
        state = self._state()
        if state.has_ended:
            found[f"state of {state.heartbeat}"] = f"the job is {state.state}"
        with contextlib.suppress(OSError, json.JSONDecodeError, KeyError):
            asked = read_json(self._folder.stop_file)
            if asked["mode"] == "now":
                found[f"stop of {asked['time']}"] = "the job was asked to stop now"
        return found
