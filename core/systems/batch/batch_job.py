"""A batch translation as a kind of job."""

from __future__ import annotations

from core.jobs.segment_job import SegmentJob

RESUME_HINT = "What is translated is kept; Resume does the rest."
KIND = SegmentJob("core.systems.batch.translating", "batch", RESUME_HINT, energy_kind="translation")
"""What the supervisor looks for."""
