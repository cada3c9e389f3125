"""The page Compare runs, and what the page of a run says about failures and findings."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs.folder import JobState
from core.storage.files import append_json_line, write_json
from core.storage.run_records import Run
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace
from tests.pages.test_pages import ROOT, opened, stored_run, texts


def learnt(workspace: Workspace, name: str, state: str = "finished", **values: Any) -> Run:
    """Stores a run of 20 steps with two evaluations, samples and, once finished, scores."""
    run = stored_run(workspace, state, FineTuneSettings.parse(values), name=name)
    folder = RunFolder(workspace.run_folder(run.id))
    plan = {"kind": "plan", "total_steps": 20, "steps_per_epoch": 10, "num_train": 32}
    append_json_line(folder.metrics_file, {**plan, "padding_share": 0.4, "elapsed_s": 0.0})
    for step in range(1, 21):
        record = {"kind": "train", "step": step, "loss": 5 - 0.2 * step, "elapsed_s": step}
        append_json_line(folder.metrics_file, {**record, "train_seconds": step, "grad_norm": 1.0})
    for step in (0, 10, 20):
        score = {"name": "chrF++", "value": 10.0 + step, "signature": "x", "num_segments": 1}
        scores = [score, {**score, "name": "BLEU"}]
        record = {"kind": "eval", "step": step, "loss": 5 - 0.2 * step, "scores": scores}
        append_json_line(folder.metrics_file, {**record, "num_capped": 0})
        rows = [
            {"source": "Hello *you*.", "reference": "Dia duit.", "hypothesis": f"{name} {step}"}
        ]
        append_json_line(folder.samples_file, {"step": step, "rows": rows})
    if state == "finished":
        score = {"name": "chrF++", "signature": "chrF2++|n", "num_segments": 1}
        result = {
            "base": [{**score, "value": 10.0}],
            "fine_tuned": [{**score, "value": 40.0 + len(name)}],
            "num_segments": 1,
        }
        write_json(folder.result_file, result)
        row = {"source": "Hello.", "reference": "Dia duit.", "base": "x", "fine_tuned": "Dia duit."}
        append_json_line(folder.outputs_file, row)
    return run


def compare_page(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, *ids: str) -> AppTest:
    monkeypatch.setenv(WORKSPACE_VARIABLE, str(workspace.root))
    app = AppTest.from_file(ROOT / "app" / "main.py", default_timeout=60)
    app.run()
    app.query_params["id"] = list(ids)
    return app.switch_page("../pages/compare_runs.py").run()


def frames(app: AppTest) -> list[Any]:
    return [each.value for each in app.dataframe]


def test_scores_settings_and_samples_stand_side_by_side(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = learnt(ready_workspace, "one")
    other = learnt(ready_workspace, "other", "training", learning_rate=1e-4)
    app = compare_page(ready_workspace, monkeypatch, one.id, other.id)
    assert not app.exception
    scores, settings = frames(app)
    assert list(scores["Run"]) == ["one", "other"]
    assert list(scores["chrF++"]) == ["43.0 (+33.0)", "–"]
    assert list(settings["Setting"]) == ["Learning rate"]
    assert settings.iloc[0].to_dict() == {
        "Setting": "Learning rate",
        "one": "2e-05",
        "other": "0.0001",
    }
    assert "one · step 20" in texts(app) and "other · step 20" in texts(app)
    assert app.query_params["id"] == [one.id, other.id]
    toggle = next(each for each in app.toggle if "the same, too" in each.label)
    app = toggle.set_value(True).run()
    assert len(frames(app)[1]) > 30
    axis = next(each for each in app.button_group if each.key == "compare_runs.axis")
    assert not axis.set_value("tokens").run().exception


def test_the_address_follows_the_choice(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = learnt(ready_workspace, "one"), learnt(ready_workspace, "other")
    app = compare_page(ready_workspace, monkeypatch)
    assert "Choose the runs to compare" in texts(app)
    app = app.multiselect[0].set_value([other.id, one.id]).run()
    assert not app.exception
    assert app.query_params["id"] == [other.id, one.id]
    assert list(frames(app)[0]["Run"]) == ["other", "one"]
    # Equal but for their names.
    assert "The settings are the same" in texts(app)


def test_a_run_that_was_deleted_is_left_out(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = learnt(ready_workspace, "one")
    app = compare_page(ready_workspace, monkeypatch, one.id, "gone")
    assert not app.exception
    assert "does not exist any more" in texts(app)
    assert list(frames(app)[0]["Run"]) == ["one"]


def test_other_directions_are_said_not_to_compare(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = learnt(ready_workspace, "one")
    back = learnt(ready_workspace, "back", src_lang="gle_Latn", tgt_lang="eng_Latn")
    app = compare_page(ready_workspace, monkeypatch, one.id, back.id)
    assert "different directions" in str(app.warning[0].value)


def test_evaluate_takes_all_runs_and_gives_intervals_back(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = learnt(ready_workspace, "one"), learnt(ready_workspace, "other")
    app = compare_page(ready_workspace, monkeypatch, one.id, other.id)
    app = app.button(key="compare_runs.evaluate").click().run()
    assert not app.exception
    assert len(app.multiselect[0].value) == 2
    app = compare_page(ready_workspace, monkeypatch, one.id, other.id)
    assert "[" in frames(app)[0]["chrF++"][0]
    assert "95 % intervals" in texts(app)


def test_runs_leads_to_the_comparison_and_a_click_still_opens_one(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = learnt(ready_workspace, "one")
    app = opened(ready_workspace, monkeypatch, "runs").button(key="runs.compare").click().run()
    assert not app.exception and app.title[0].value == "Compare runs"
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    app = app.button(key="run.compare").click().run()
    assert app.title[0].value == "Compare runs"
    assert app.multiselect[0].value == [run.id]


def failed_run(workspace: Workspace, reason: str, **values: Any) -> Run:
    run = stored_run(workspace, "failed", FineTuneSettings.parse(values), reason=reason)
    folder = RunFolder(workspace.run_folder(run.id))
    folder.write_state(JobState("failed", reason, "A hint.", cause="memory_limit"))
    return run


def test_a_failed_run_offers_corrected_copies(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "The run ran out of host memory while training."
    run = failed_run(ready_workspace, reason, memory_limit_gb=0.5, tokens_per_batch=640)
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert not app.exception
    assert "memory_limit_gb 0.5 → 1" in texts(app)
    assert "tokens_per_batch 640 → 320, gradient_accumulation 1 → 2" in texts(app)
    app = app.button(key="run.remedy.2").click().run()
    assert not app.exception and app.title[0].value == "Fine-tune"
    values = {item.label: item.value for item in app.number_input}
    assert values["Tokens per batch"] == 320
    assert values["Gradient accumulation"] == 2
    assert values["Memory limit (GB)"] == 0.5
    name = next(item for item in app.text_input if item.label == "Name of the run")
    assert name.value == "a run · corrected"


def test_findings_stand_on_the_page_of_a_run(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = learnt(ready_workspace, "one", batching="fixed size", batch_size=8)
    app = opened(ready_workspace, monkeypatch, "run", id=run.id)
    assert "40% of what is computed is padding." in texts(app)
    app = app.button(key="run.remedy.padding").click().run()
    assert app.title[0].value == "Fine-tune"
