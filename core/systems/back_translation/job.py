"""A back-translation as a kind of job."""

from __future__ import annotations

from core.jobs.segment_job import SegmentJob

RESUME_HINT = "What is translated is kept; Resume does the rest."
KIND = SegmentJob(
    "core.corpora.working", "back-translation", RESUME_HINT, unit="", energy_kind="translation"
)
"""What the supervisor looks for."""
