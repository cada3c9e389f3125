"""An evaluation that takes longer than a page may wait, as a kind of job."""

from __future__ import annotations

from core.jobs.segment_job import SegmentJob

RESUME_HINT = "What is computed is kept; Score again does the rest."
KIND = SegmentJob("core.evaluate.computing", "scoring", RESUME_HINT, unit="")
"""What the supervisor looks for."""
