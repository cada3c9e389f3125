"""Telling on stderr how far a command is, for those that take more than a moment."""

from __future__ import annotations

import sys
from time import monotonic

from core.metrics.progress import Progress

QUIET_S = 2.0  # what is done by then needs no words
EVERY_S = 2.0


def told_progress(what: str) -> Progress:
    """Gives a function that writes `what: done of total` on stderr from time to time."""
    due_s = monotonic() + QUIET_S

    def tell(done: int, total: int) -> None:
        nonlocal due_s
        now_s = monotonic()
        if now_s >= due_s:
            sys.stderr.write(f"{what}: {done:,} of {total:,}\n")
            sys.stderr.flush()
            due_s = now_s + EVERY_S

    return tell
