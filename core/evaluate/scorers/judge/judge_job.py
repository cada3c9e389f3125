"""An LLM judge as a kind of job."""

from __future__ import annotations

from core.jobs.segment_job import SegmentJob

RESUME_HINT = "What is judged is kept; Resume does the rest."
KIND = SegmentJob("core.evaluate.scorers.judge.judging", "scoring", RESUME_HINT)
"""What the supervisor looks for."""
