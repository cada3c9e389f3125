"""The section Checkpoints of a run's page, and the fields of Fine-tune that choose one."""

from __future__ import annotations

import os

import pytest

from core.finetune import checkpoint_bench
from core.finetune.bench_table import bench_table
from core.finetune.checkpoint_bench import TEST_WARNING, output_file
from core.finetune.run_folder import RunFolder
from core.finetune.run_work import BENCH, work_folder, work_id
from core.jobs import queue
from core.jobs.folder import JobState
from core.jobs.processes import ProcessIdentity
from core.storage.files import append_json_line, utc_now, write_json
from core.storage.workspace import Workspace
from tests.checkpointed_run import checkpointed_run
from tests.pages.test_pages import opened, stored_run, texts


def button(app, label: str):
    return next(item for item in app.button if item.label == label)


def test_checkpoints_are_listed_compared_and_used(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = checkpointed_run(ready_workspace)
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert not app.exception
    assert "The model is that of step 4, not the last and the best on dev" in texts(app)
    table = next(each.value for each in app.dataframe if "Dev chrF++" in each.value)
    assert list(table["Step"]) == [2, 4, 6] and "the run's model" in table[""][1]
    assert "Bring the model before back" not in {item.label for item in app.button}
    entered = []
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: entered.append(workspace))
    split = next(item for item in app.selectbox if item.label == "Split")
    app = split.set_value("test").run()
    assert TEST_WARNING in [item.value for item in app.warning]
    next(item for item in app.selectbox if item.label == "Split").set_value("dev").run()
    app = button(app, "Compare").click().run()
    assert not app.exception and entered
    job = ready_workspace.jobs.get(work_id(run.id, BENCH))
    assert job is not None and job.state == "queued"
    assert "Stop" in {item.label for item in app.button}
    assert "Compare" not in {item.label for item in app.button}


def test_more_checkpoints_than_can_be_compared_at_once(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = checkpointed_run(ready_workspace)
    monkeypatch.setattr(checkpoint_bench, "MAX_SYSTEMS", 3)
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert not app.exception
    models = next(item for item in app.multiselect if item.label == "Models")
    assert models.value == ["base", "6", "final"] and len(models.options) == 5


def test_a_comparison_shows_both_bests_and_texts_side_by_side(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = checkpointed_run(ready_workspace)
    folder = work_folder(ready_workspace, run.id, BENCH)
    references = ["the boat is in the harbour today", "she reads a long letter"] * 4
    outputs = {
        "2": {"loss": 1.0, "hypotheses": ["the boat"] * 8},
        "4": {"loss": 2.0, "hypotheses": references},
        "final": {"loss": 3.0, "hypotheses": ["a letter"] * 8},
    }
    for system, output in outputs.items():
        output_file(folder.path, system).parent.mkdir(parents=True, exist_ok=True)
        write_json(output_file(folder.path, system), output)
    write_json(folder.path / "segments.json", [["source", each] for each in references])
    told = {"split": "test", "num_beams": 1, "num_segments": 8}
    write_json(folder.result_file, {**bench_table(outputs, references, metric="chrF++"), **told})
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert not app.exception
    shown = texts(app)
    assert "Best by chrF++: step 4; by loss: step 2. They disagree" in shown
    assert "Step 4 differs from the final model by +" in shown and "more than chance" in shown
    assert TEST_WARNING in [item.value for item in app.warning]
    table = next(each.value for each in app.dataframe if "Best by" in each.value)
    assert list(table["Best by"]) == ["loss", "chrF++, BLEU, TER", ""]
    beside = next(each.value for each in app.dataframe if "step 4" in each.value)
    assert list(beside["step 4"]) == references and "final model" in beside
    assert any("chrF2++|" in item.value and "n=8" in item.value for item in app.code)


def test_a_run_that_learns_tells_its_best_step(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stored_run(ready_workspace, "training")
    folder = RunFolder(ready_workspace.run_folder(run.id))
    plan = {"kind": "plan", "total_steps": 20, "steps_per_epoch": 10, "num_train": 32}
    append_json_line(folder.metrics_file, {**plan, "padding_share": 0.1, "elapsed_s": 0.0})
    for step, value in ((0, 50.0), (5, 31.24), (10, 30.0)):
        score = {"name": "chrF++", "value": value, "signature": "x", "num_segments": 4}
        record = {"kind": "eval", "step": step, "loss": 1.0, "scores": [score]}
        append_json_line(folder.metrics_file, record)
    supervisor = ProcessIdentity.of(os.getpid())
    progress = {"step": 10, "total_steps": 20}
    state = JobState("training", supervisor=supervisor, heartbeat=utc_now(), progress=progress)
    folder.write_state(state)
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert not app.exception
    bars = [str(item.proto.text).replace("\\", "") for item in app.get("progress")]
    assert any("best chrF++ 31.2 at step 5" in text for text in bars)


def test_fine_tune_offers_what_the_best_is_chosen_by(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "finetune")
    chosen = next(item for item in app.selectbox if item.label == "Best checkpoint by")
    assert chosen.value == "chrF++" and "last" in chosen.options
    labels = {item.label for item in app.number_input}
    assert {"Patience (evaluations)", "Least gain that counts", "Checkpoints averaged"} <= labels
