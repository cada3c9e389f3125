"""Work on a corpus as a kind of job."""

from __future__ import annotations

from core.jobs.segment_job import SegmentJob

RESUME_HINT = "Nothing of it was kept; start it again."
KIND = SegmentJob(
    "core.corpora.working", "work on the corpus", RESUME_HINT, unit="", energy_kind="corpus"
)
"""What the supervisor looks for."""
