"""The course of a run, read while it is written."""

import math
import threading
from pathlib import Path

from core.finetune.history import HistoryReader
from core.finetune.run_folder import RunFolder
from core.storage.files import append_json_line


def train(folder: RunFolder, step: int, loss: float) -> None:
    append_json_line(folder.metrics_file, {"kind": "train", "step": step, "loss": loss})


def evaluated(folder: RunFolder, step: int, bleu: float) -> None:
    score = {"name": "BLEU", "value": bleu, "signature": "BLEU|x", "num_segments": 7}
    record = {"kind": "eval", "step": step, "loss": 1.0, "scores": [score]}
    append_json_line(folder.metrics_file, record)
    rows = [{"source": "a", "reference": "b", "hypothesis": f"after {step}: {bleu}"}]
    append_json_line(folder.samples_file, {"step": step, "rows": rows})


def test_steps_done_again_after_a_resume_count_once(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    reader = HistoryReader(tmp_path)
    evaluated(folder, 0, 0.5)
    for step in range(1, 7):
        train(folder, step, 1.0)
    evaluated(folder, 6, 9.0)
    assert reader.read().last_sample_step() == 6
    append_json_line(folder.metrics_file, {"kind": "resume", "step": 4})
    train(folder, 5, 2.0)
    for history in (reader.read(), HistoryReader(tmp_path).read()):
        assert list(history.train.x) == [1, 2, 3, 4, 5]
        assert history.train.values["loss"][-1] == 2.0
        assert math.isnan(history.train.values["grad_norm"][-1])
        assert history.last_sample_step() == 0
        assert history.base_score("BLEU") == 0.5
        assert history.signatures == {"BLEU": "BLEU|x  n=7"}
    evaluated(folder, 6, 11.0)
    history = reader.read()
    assert history.samples[history.last_sample_step()][0]["hypothesis"] == "after 6: 11.0"


def test_two_readers_of_a_growing_run_never_see_half_a_point(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    reader = HistoryReader(tmp_path)
    writer = threading.Thread(target=lambda: [train(folder, s, 1.0) for s in range(1, 2001)])
    writer.start()
    while writer.is_alive():
        columns = reader.read().train
        assert all(len(column) == len(columns.x) for column in columns.values.values())
    writer.join()
    assert list(reader.read().train.x) == list(range(1, 2001))
