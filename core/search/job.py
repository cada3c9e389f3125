"""A study's first worker as a kind of job.

Its own energy is not measured: the runs of its trials are its descendants, and each is measured as
a job of its own; they would count twice. It waits most of the time.
"""

from __future__ import annotations

from core.jobs.segment_job import SegmentJob

RESUME_HINT = "Trials that have ended are kept; Resume goes on with the next."
KIND = SegmentJob(
    "core.search.searching",
    "study",
    RESUME_HINT,
    unit="trials",
    energy_kind="",
)
"""What the supervisor looks for."""
