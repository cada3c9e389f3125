"""The checkpoint bench, and another checkpoint as the model, of a run made without training."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from core.__main__ import main
from core.errors import AdaptMLLMError, ConfigError, ModelError, TrainingError
from core.finetune import checkpoint_bench, checkpoint_use, runs, use_work
from core.finetune.bench_table import bench_table, difference_of
from core.finetune.bench_work import compare
from core.finetune.checkpoint_bench import TEST_WARNING, BenchSettings, translations
from core.finetune.checkpoint_list import best_words, kept_checkpoints
from core.finetune.checkpoint_model import write_checkpoint_model
from core.finetune.checkpoints import checkpoint_folder, complete_checkpoints
from core.finetune.chosen import chosen_of, chosen_words
from core.finetune.history import HistoryReader
from core.finetune.model_places import READY
from core.finetune.models import load_model
from core.finetune.run_folder import RunFolder
from core.finetune.run_work import BENCH, USE, work_folder, work_id, work_state
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.files import read_json, write_json
from core.storage.workspace import Workspace
from tests.checkpointed_run import BEST, STEPS, checkpointed_run


@pytest.fixture
def started_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are entered, and no process starts."""
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)


def tensors(folder: Any) -> dict[str, Any]:
    return dict(load_model(str(folder)).state_dict())


def test_best_latest_and_model_are_told_apart(ready_workspace: Workspace) -> None:
    run = checkpointed_run(ready_workspace)
    folder = ready_workspace.run_folder(run.id)
    kept = kept_checkpoints(folder)
    assert [each.step for each in kept] == list(STEPS)
    assert [each.marks for each in kept] == [
        [],
        ["best chrF++", "the run's model"],
        ["latest", "best loss"],
    ]
    assert kept[1].values == {"loss": 6.6, "chrF++": 30.0} and kept[0].size_bytes > 1_000_000
    settings = FineTuneSettings.parse(run.settings)
    history = HistoryReader(folder).read()
    assert best_words(history, settings) == "best chrF++ 30.0 at step 4"
    assert best_words(history, settings.changed(best_metric="loss")) == "best loss 6.400 at step 6"
    assert best_words(history, settings.changed(best_metric="last")) == ""


def test_bench_compares_base_checkpoints_and_final(
    ready_workspace: Workspace, started_by_hand: None
) -> None:
    run = checkpointed_run(ready_workspace)
    systems = ("final", "4", "base", "6")
    settings = BenchSettings(run=run.name, systems=systems, num_segments=6)
    job_id = checkpoint_bench.start(ready_workspace, settings)
    assert checkpoint_bench.start(ready_workspace, settings) == job_id  # a double click
    folder = work_folder(ready_workspace, run.id, BENCH)
    compare(ready_workspace, folder)
    result = checkpoint_bench.result_of(ready_workspace, run.id)
    assert result is not None
    rows = {row["system"]: row for row in result["rows"]}
    assert list(rows) == ["base", "4", "6", "final"]  # in the order of training
    # The final model is the checkpoint of step 4.
    assert rows["4"]["loss"] == rows["final"]["loss"] != rows["base"]["loss"]
    assert rows["4"]["scores"] == rows["final"]["scores"]
    same = [translations(ready_workspace, run.id, each) for each in ("4", "final")]
    assert same[0] == same[1] and len(same[0]) == 6
    assert {score["name"] for score in rows["4"]["scores"]} == {"chrF++", "BLEU", "TER"}
    assert all(s["signature"] and s["num_segments"] == 6 for s in rows["4"]["scores"])
    losses = {system: row["loss"] for system, row in rows.items()}
    assert result["best"]["loss"] == min(losses, key=lambda each: losses[each])
    assert (result["baseline"], result["metric"], result["split"]) == ("final", "chrF++", "dev")
    found = difference_of(result, "4", "chrF++")
    assert found is not None and found["delta"] == 0 and not found["is_significant"]
    assert difference_of(result, "final", "chrF++") is None
    assert len(checkpoint_bench.segments(ready_workspace, run.id)) == 6
    # Nothing is left of the copies, and the run's own are all there.
    assert not (folder.path / "checkpoints").exists() and not list(folder.path.glob("model.*"))
    folder_of_run = ready_workspace.run_folder(run.id)
    assert [step for step, _ in complete_checkpoints(folder_of_run)] == list(STEPS)


def test_checkpoint_that_is_deleted_meanwhile_leaves_the_others(
    ready_workspace: Workspace, started_by_hand: None
) -> None:
    run = checkpointed_run(ready_workspace, state="stopped")
    settings = BenchSettings(run=run.id, systems=("2", "6"), num_segments=2)
    checkpoint_bench.start(ready_workspace, settings)
    shutil.rmtree(checkpoint_folder(ready_workspace.run_folder(run.id), 2))
    compare(ready_workspace, work_folder(ready_workspace, run.id, BENCH))
    result = checkpoint_bench.result_of(ready_workspace, run.id)
    assert result is not None
    assert result["rows"][0]["error"] == "There is no complete checkpoint of step 2."
    assert result["best"]["loss"] == "6" and result["differences"] == []


def test_stopped_bench_keeps_what_it_has(ready_workspace: Workspace, started_by_hand: None) -> None:
    run = checkpointed_run(ready_workspace)
    settings = BenchSettings(run=run.id, systems=("base", "2"), num_segments=2)
    checkpoint_bench.start(ready_workspace, settings)
    folder = work_folder(ready_workspace, run.id, BENCH)
    folder.request_stop("save")
    compare(ready_workspace, folder)
    assert "Stopped on request" in read_json(folder.stopped_file)["reason"]
    assert checkpoint_bench.result_of(ready_workspace, run.id) is None
    write_json(
        checkpoint_bench.output_file(folder.path, "base"), {"loss": 9.0, "hypotheses": ["a"] * 2}
    )
    folder.stop_file.unlink()
    compare(ready_workspace, folder)
    result = checkpoint_bench.result_of(ready_workspace, run.id)
    assert result is not None and result["rows"][0]["loss"] == 9.0  # not done again


def test_best_by_loss_and_by_score_are_both_named() -> None:
    references = ["the boat is in the harbour today", "she reads a long letter"] * 4
    outputs = {
        "2": {"loss": 1.0, "hypotheses": ["the boat"] * 8},
        "4": {"loss": 2.0, "hypotheses": references},
        "final": {"loss": 3.0, "hypotheses": ["a letter"] * 8},
        "6": {"error": "The checkpoint cannot be read."},
    }
    table = bench_table(outputs, references, metric="last")
    assert table["best"] == {"loss": "2", "chrF++": "4", "BLEU": "4", "TER": "4"}
    assert table["metric"] == "chrF++" and table["baseline"] == "final"
    for metric, is_positive in (("chrF++", True), ("TER", False)):
        found = difference_of(table, "4", metric)
        assert found is not None and found["is_better"] and found["is_significant"]
        assert (found["delta"] > 0) is is_positive


@pytest.mark.parametrize(
    ("systems", "error", "sentence"),
    [
        (("base",), ConfigError, "At least two models"),
        (("base", "99"), ModelError, "no complete checkpoint of step 99"),
        (("base", "best"), ConfigError, "'best' is no step"),
        (("2", "2"), ConfigError, "named twice"),
    ],
)
def test_bench_refuses_what_is_not_there(
    ready_workspace: Workspace,
    started_by_hand: None,
    systems: tuple[str, ...],
    error: type[AdaptMLLMError],
    sentence: str,
) -> None:
    run = checkpointed_run(ready_workspace, state="stopped")
    with pytest.raises(error, match=sentence):
        values = {"run": run.id, "systems": systems}
        checkpoint_bench.start(ready_workspace, BenchSettings.parse(values))
    assert not work_folder(ready_workspace, run.id, BENCH).path.exists()


def test_half_written_checkpoint_is_not_offered(ready_workspace: Workspace) -> None:
    run = checkpointed_run(ready_workspace, state="stopped")
    half = checkpoint_folder(ready_workspace.run_folder(run.id), 4)
    half.rename(half.with_suffix(".partial"))
    assert checkpoint_bench.offered_systems(ready_workspace, run) == ["base", "2", "6"]


def test_another_checkpoint_becomes_the_model_and_goes_again(
    ready_workspace: Workspace, started_by_hand: None, tmp_path: Any
) -> None:
    import torch

    run = checkpointed_run(ready_workspace)
    folder = RunFolder(ready_workspace.run_folder(run.id))
    before, result = tensors(folder.model_folder), read_json(folder.result_file)
    outputs = folder.outputs_file.read_text()
    checkpoint_use.start(ready_workspace, run.id, 6)
    use_work.use_checkpoint(ready_workspace, work_folder(ready_workspace, run.id, USE))
    settings = FineTuneSettings.parse(run.settings)
    made = tmp_path / "made"
    base = str(ready_workspace.starter_model)
    write_checkpoint_model(folder.path, 6, settings, base, made)
    expected, found = tensors(made), tensors(folder.model_folder)
    assert all(torch.equal(tensor, found[name]) for name, tensor in expected.items())
    assert chosen_words(folder.path) == "The model is the checkpoint of step 6, chosen by hand."
    stored = ready_workspace.runs.get(run.id).scores
    assert stored["fine_tuned"] == read_json(folder.result_file)["fine_tuned"]
    assert stored["fine_tuned"] != result["fine_tuned"] and stored["base"] == result["base"]
    assert folder.outputs_file.read_text() != outputs
    assert [e.step for e in kept_checkpoints(folder.path) if "the run's model" in e.marks] == [6]

    checkpoint_use.undo(ready_workspace, run.id)
    back = tensors(folder.model_folder)
    assert all(torch.equal(tensor, back[name]) for name, tensor in before.items())
    assert read_json(folder.result_file) == result and folder.outputs_file.read_text() == outputs
    assert ready_workspace.runs.get(run.id).scores["fine_tuned"] == result["fine_tuned"]
    checkpoint_use.undo(ready_workspace, run.id)
    assert chosen_of(folder.path)["step"] == 6


def test_job_that_is_killed_in_the_change_leaves_the_new_model_and_its_scores(
    ready_workspace: Workspace, started_by_hand: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = checkpointed_run(ready_workspace)
    folder = RunFolder(ready_workspace.run_folder(run.id))
    checkpoint_use.start(ready_workspace, run.id, 6)
    work = work_folder(ready_workspace, run.id, USE)

    def killed(run_folder: RunFolder, made: Any) -> None:
        (made / READY).touch()  # it had come to the first of two renames
        run_folder.model_folder.rename(run_folder.earlier_model_folder)

    monkeypatch.setattr(use_work, "take_in", killed)
    use_work.use_checkpoint(ready_workspace, work)
    assert not folder.model_folder.exists()
    checkpoint_use.KIND.publish(ready_workspace, work)
    assert tensors(folder.model_folder) and chosen_of(folder.path)["step"] == 6
    stored = ready_workspace.runs.get(run.id).scores
    assert stored["fine_tuned"] == read_json(folder.result_file)["fine_tuned"]
    checkpoint_use.undo(ready_workspace, run.id)
    assert chosen_of(folder.path)["step"] == BEST


def test_only_a_finished_runs_model_is_changed(
    ready_workspace: Workspace, started_by_hand: None
) -> None:
    run = checkpointed_run(ready_workspace, state="stopped")
    with pytest.raises(ConfigError, match="is stopped; only a finished run's model") as caught:
        checkpoint_use.start(ready_workspace, run.id, BEST)
    assert f"{run.name}@{BEST}" in caught.value.hint
    other = checkpointed_run(ready_workspace, name="another")
    with pytest.raises(ModelError, match="no complete checkpoint of step 5"):
        checkpoint_use.start(ready_workspace, other.id, 5)
    with pytest.raises(ModelError, match="no model before this one"):
        checkpoint_use.undo(ready_workspace, other.id)


def test_run_is_not_deleted_while_its_checkpoints_are_compared(
    ready_workspace: Workspace, started_by_hand: None
) -> None:
    run = checkpointed_run(ready_workspace)
    settings = BenchSettings(run=run.id, systems=("base", "final"))
    checkpoint_bench.start(ready_workspace, settings)
    with pytest.raises(TrainingError, match="is queued"):
        checkpoint_bench.start(ready_workspace, settings.changed(split="test"))
    with pytest.raises(TrainingError, match="stop it before deleting the run"):
        runs.delete(ready_workspace, run.id)
    queue.stop(ready_workspace, work_id(run.id, BENCH), "save")
    state = work_state(ready_workspace, run.id, BENCH)
    assert isinstance(state, JobState) and state.state == "stopped"
    runs.delete(ready_workspace, run.id)
    assert ready_workspace.jobs.get(work_id(run.id, BENCH)) is None
    assert not ready_workspace.run_folder(run.id).exists()


def test_command_compares_in_a_job_of_its_own_and_lists(
    ready_workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    run = checkpointed_run(ready_workspace)
    common = ["runs", "checkpoints", run.id, "--workspace", str(ready_workspace.root)]
    assert main(common) == 0
    shown = capsys.readouterr().out
    assert "best chrF++, the run's model" in shown and "The model is that of step 4" in shown
    assert main([*common, "--compare", "2", "final", "--segments", "2", "--split", "test"]) == 0
    shown = capsys.readouterr().out
    assert "step 2" in shown and "final model" in shown and TEST_WARNING in shown
    assert "chrF2++|" in shown and "n=2" in shown
    assert main([*common, "--json", "--use", "2"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["chosen"]["step"] == 2 and values["chosen"]["metric"] == "by hand"
    assert main([*common, "--undo"]) == 0
    assert "The model is that of step 4" in capsys.readouterr().out
    assert main([*common, "--compare", "base"]) == 2
    assert "At least two models" in capsys.readouterr().err
