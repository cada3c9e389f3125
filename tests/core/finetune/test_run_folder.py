from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import TrainingError
from core.finetune.run_folder import RunFolder
from core.jobs.failures import record_failure
from core.jobs.recorder import Recorder
from core.storage.files import JsonLinesTail, read_json


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_only_the_first_process_writes_records(folder: RunFolder) -> None:
    for rank in (0, 1):
        recorder = Recorder(folder, rank)
        recorder.phase("training", "note")
        recorder.add("train", step=1, loss=0.5)
        recorder.samples(1, [{"source": "a"}])
        recorder.progress("dev split", 1, 2)  # at most one a second …
        recorder.progress("dev split", 2, 2)  # … but always the last
    records = JsonLinesTail(folder.metrics_file).read()
    assert [record["kind"] for record in records][:2] == ["phase", "train"]
    assert records[-1]["done"] == 2
    assert all({"time", "elapsed_s"} <= record.keys() for record in records)
    assert JsonLinesTail(folder.samples_file).read() == [{"step": 1, "rows": [{"source": "a"}]}]


def test_failure_record_keeps_message_hint_and_traceback(folder: RunFolder) -> None:
    try:
        raise TrainingError("The loss became nan.", hint="Lower the learning rate.")
    except TrainingError as error:
        record_failure(folder, 1, error)
    record = read_json(folder.failure_file(1))
    assert record["message"] == "The loss became nan."
    assert record["hint"] == "Lower the learning rate."
    assert record["is_user_error"]
    assert "test_failure_record_keeps" in record["traceback"]
    record_failure(folder, 0, RuntimeError("odd"))
    assert not read_json(folder.failure_file(0))["is_user_error"]
