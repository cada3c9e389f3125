"""Whether a run still reports anything while it is said to be at work."""

from __future__ import annotations

from time import monotonic

from core.notify.telling import stalled_after_s, tell_stalled
from core.storage.workspace import Workspace


class StallWatch:
    """Tells once, for one attempt of a job, that nothing was reported for long."""

    def __init__(self, workspace: Workspace, job_id: str) -> None:
        self._workspace = workspace
        self._job_id = job_id
        self._last_s = monotonic()
        self._limit_s = stalled_after_s(workspace, job_id)
        self._is_told = False

    def reported(self) -> None:
        """Notes that the job reported something."""
        self._last_s = monotonic()

    def look(self, state: str) -> None:
        """Tells it if it is time to."""
        silent_s = monotonic() - self._last_s
        if self._limit_s and silent_s >= self._limit_s and not self._is_told:
            self._is_told = True
            tell_stalled(self._workspace, self._job_id, state, silent_s)
