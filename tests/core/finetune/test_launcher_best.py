"""Runs by the real launcher whose best checkpoint is not their last."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from core.finetune.best import best_of, scored_steps
from core.finetune.checkpoint_model import write_checkpoint_model
from core.finetune.checkpoints import complete_checkpoints
from core.finetune.chosen import chosen_words
from core.finetune.models import load_model
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.storage.files import read_json
from core.storage.run_records import Run

pytestmark = pytest.mark.launcher

# At this rate the loss on dev falls for two steps, then the weights are lost in noise.
RISING = {
    "corpus": "one step", "batch_size": 32, "max_steps": 6, "eval_every_steps": 2,
    "learning_rate": 0.05, "schedule": "constant", "best_metric": "loss",
}  # fmt: skip


def tensors(folder: Path) -> dict[str, Any]:
    return dict(load_model(str(folder)).state_dict())


def assert_model_is_the_checkpoint(lab, run: Run, step: int, made: Path) -> None:
    import torch

    folder = lab.folder(run)
    settings = FineTuneSettings.load(folder.settings_file)
    source = str(lab.workspace.starter_model)
    write_checkpoint_model(folder.path, step, settings, source, made)
    expected, found = tensors(made), tensors(folder.model_folder)
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(tensor, found[name], rtol=0, atol=1e-6, msg=name)


def best_step(lab, run: Run) -> int:
    best = best_of(scored_steps(lab.folder(run).metrics_file, "loss"), "loss")
    assert best is not None
    return best.step


def test_run_ends_early_with_the_best_checkpoint_and_a_resumed_one_trains_no_more(lab, tmp_path):
    run = lab.finish(**{**RISING, "max_steps": 20}, engine="plain", early_stopping_patience=2)
    folder, result = lab.folder(run), read_json(lab.folder(run).result_file)
    assert best_step(lab, run) == 2
    assert [record["step"] for record in lab.records(run, "eval")] == [0, 2, 4, 6]
    assert [step for step, _ in complete_checkpoints(folder.path)] == [2, 6]
    assert (result["chosen"]["step"], result["chosen"]["metric"]) == (2, "loss")
    assert result["ended_early"] == {
        "step": 6, "total_steps": 20, "patience": 2, "metric": "loss"
    }  # fmt: skip
    assert chosen_words(folder.path).startswith(
        "Ended early after step 6 of 20: no better loss on dev in 2 evaluations since step 2."
    )
    assert lab.workspace.runs.get(run.id).job.state == "finished"
    assert_model_is_the_checkpoint(lab, run, 2, tmp_path / "made")
    lab.assert_nothing_left(run)

    # As if it had been killed while it saved.
    shutil.rmtree(folder.model_folder)
    queue.resume(lab.workspace, run.id)
    assert lab.wait(run).state == "finished", lab.report(run)
    assert list(lab.losses(run)) == [1, 2, 3, 4, 5, 6]
    assert read_json(folder.result_file)["chosen"] == result["chosen"]
    assert_model_is_the_checkpoint(lab, run, 2, tmp_path / "again")
    lab.assert_nothing_left(run)


@pytest.mark.parametrize(("zero_stage", "method"), [(3, "full"), (2, "lora")], ids=["3", "2-lora"])
def test_best_checkpoint_of_deepspeed_needs_no_optimizer(lab, tmp_path, zero_stage, method):
    """Trainer's `load_best_model_at_end` ends in full memory there, with LoRA in missing keys."""
    run = lab.finish(
        **{**RISING, "batch_size": 16},
        num_processes=2,
        zero_stage=zero_stage,
        method=method,
        average_checkpoints=2 if method == "lora" else 0,
    )
    chosen = read_json(lab.folder(run).result_file)["chosen"]
    best = best_step(lab, run)
    assert (chosen["step"], chosen["last_step"]) == (best, 6)
    assert best == 2 or method == "lora"
    average = chosen["average"]
    if average:
        assert len(average["steps"]) == 2
        assert average["is_used"] is (average["value"] < average["best"])
    assert bool(average) is (method == "lora")
    if not chosen["averaged"]:
        assert_model_is_the_checkpoint(lab, run, best, tmp_path / "made")
    lab.assert_nothing_left(run)
