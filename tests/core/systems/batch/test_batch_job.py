from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.jobs.failures import record_failure
from core.jobs.folder import JobFolder, JobState
from core.systems.batch.batch_job import KIND

STATE = JobState(state="translating", progress={"step": 7})
FOREIGN = re.compile("train|checkpoint|batch_size|tokens_per_batch|model|launcher|GPU", re.I)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConfigError("Echo answered 401."), "Echo answered 401."),
        (MemoryError(), "Memory ran out after 7 segments."),
        (OSError(28, "No space left on device"), "The disk is full after 7 segments."),
        (ValueError("odd\nlines"), "The batch failed after 7 segments: ValueError: odd."),
    ],
)
def test_failure_is_told_in_words_of_a_batch(error: Exception, reason: str, tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    record_failure(folder, 0, error)
    found = KIND.diagnose(folder, 1, STATE)
    assert found.reason == reason and "Resume does the rest" in found.hint
    assert not FOREIGN.search(found.reason + found.hint)


@pytest.mark.parametrize(
    ("exit_code", "log", "reason"),
    [
        (-9, "", "The process of the batch was ended by SIGKILL after 7 segments."),
        (137, "", "The process of the batch was ended by SIGKILL after 7 segments."),
        (3, "", "The process of the batch ended with exit code 3 after 7 segments."),
        (0, "", "The process of the batch ended with exit code 0 after 7 segments."),
        (1, "OSError: No space left on device", "The disk is full after 7 segments."),
    ],
)
def test_process_that_left_no_word(exit_code: int, log: str, reason: str, tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    folder.log_file.write_text(log)
    found = KIND.diagnose(folder, exit_code, STATE)
    assert (found.reason, found.hint) == (
        reason,
        "What is translated is kept; Resume does the rest.",
    )
