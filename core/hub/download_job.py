"""A download as a kind of job."""

from __future__ import annotations

from core.jobs.segment_job import SegmentJob

RESUME_HINT = "What was downloaded stays; start it again and it goes on from there."
KIND = SegmentJob("core.hub.fetching", "download", RESUME_HINT, unit="", energy_kind="")
"""What the supervisor looks for."""
