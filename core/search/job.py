"""A study's first worker as a kind of job."""

from __future__ import annotations

from core.systems.segment_job import SegmentJob

RESUME_HINT = "Trials that have ended are kept; Resume goes on with the next."
KIND = SegmentJob(
    "core.search.searching",
    "study",
    RESUME_HINT,
    unit="trials",
    energy_kind="search",
)
"""What the supervisor looks for."""
