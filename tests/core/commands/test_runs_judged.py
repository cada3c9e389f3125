"""`runs diagnose`, `runs compare` and `finetune --like RUN --fix N`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.__main__ import main
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.run_records import Run
from core.storage.workspace import Workspace
from tests.pages.test_compare_runs import failed_run, learnt

REASON = "The run ran out of host memory while training."


@pytest.fixture
def cli(ready_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command; gives status, stdout (parsed where it is JSON) and stderr."""

    def run(*words: str) -> tuple[int, Any, str]:
        status = main([*words, "--workspace", str(ready_workspace.root)])
        captured = capsys.readouterr()
        out = json.loads(captured.out) if "--json" in words and status == 0 else captured.out
        return status, out, captured.err

    return run


@pytest.fixture
def failed(ready_workspace: Workspace) -> Run:
    return failed_run(ready_workspace, REASON, memory_limit_gb=0.5, tokens_per_batch=640)


def test_a_failure_is_told_with_numbered_fixes(cli: Callable[..., Any], failed: Run) -> None:
    status, out, _ = cli("runs", "diagnose", failed.id)
    assert status == 0
    lines = out.splitlines()
    assert lines[:2] == [f"{failed.name}: failed", REASON]
    assert "1. memory_limit_gb 0.5 → 1  (" in out
    assert "2. tokens_per_batch 640 → 320, gradient_accumulation 1 → 2  (" in out
    values = cli("runs", "diagnose", failed.id, "--json")[1]
    assert values["cause"] == "memory_limit" and values["hint"] == "A hint."
    assert [each["number"] for each in values["fixes"]] == [1, 2, 3, 4]
    assert values["remedies"][0]["changes"] == [
        {"field": "memory_limit_gb", "before": 0.5, "after": 1.0}
    ]


def test_findings_are_told_and_numbered_after_the_remedies(
    cli: Callable[..., Any], ready_workspace: Workspace
) -> None:
    run = learnt(ready_workspace, "one", batching="fixed size", batch_size=8)
    out = cli("runs", "diagnose", run.id)[1]
    assert "note: 40% of what is computed is padding.\n1. batching fixed size → token budget" in out
    good = learnt(ready_workspace, "good")
    RunFolder(ready_workspace.run_folder(good.id)).metrics_file.unlink()
    assert "Nothing was found that speaks against it." in cli("runs", "diagnose", "good")[1]


def test_a_corrected_copy_is_launched(
    cli: Callable[..., Any],
    failed: Run,
    ready_workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)
    words = (
        "finetune",
        "--like",
        failed.id,
        "--fix",
        "2",
        "--num-beams",
        "1",
        "--detach",
        "--json",
    )
    status, out, errors = cli(*words)
    assert status == 0, errors
    settings = ready_workspace.runs.get(out["run"]).settings
    assert (settings["tokens_per_batch"], settings["gradient_accumulation"]) == (320, 2)
    assert (settings["memory_limit_gb"], settings["num_beams"]) == (0.5, 1)
    assert settings["name"] == "a run · corrected"
    # The first fix is the default.
    copy = cli("finetune", "--like", failed.id, "--detach", "--json", "--fix")[1]["run"]
    assert ready_workspace.runs.get(copy).settings["memory_limit_gb"] == 1.0
    # Without one it is a copy, under a name of its own.
    same = cli("finetune", "--like", failed.id, "--name", "again", "--detach", "--json")[1]["run"]
    found = FineTuneSettings.parse(ready_workspace.runs.get(same).settings)
    assert found == FineTuneSettings.parse({**failed.settings, "name": "again"})


def test_another_model_than_that_of_the_run_has_no_commit_of_it(
    cli: Callable[..., Any], ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)
    pinned = {"base_model": "facebook/nllb-200-3.3B", "base_model_revision": "1a07f7d"}
    learnt(ready_workspace, "pinned", **pinned)
    words = ("finetune", "--like", "pinned", "--base-model", "starter", "--detach", "--json")
    status, out, errors = cli(*words)
    assert status == 0, errors
    settings = ready_workspace.runs.get(out["run"]).settings
    assert (settings["base_model"], settings["base_model_revision"]) == ("starter", "")


def test_runs_with_and_without_further_corpora_are_compared(
    cli: Callable[..., Any], ready_workspace: Workspace
) -> None:
    (sample,) = ready_workspace.corpora.all()
    learnt(ready_workspace, "mixed", mixed=[{"corpus": sample.id, "weight": 0.5}])
    learnt(ready_workspace, "alone")
    status, out, errors = cli("runs", "compare", "mixed", "alone", "--json")
    assert status == 0, errors
    (mixed,) = out["settings"]["mixed"]["mixed"]
    assert (mixed["corpus"], mixed["weight"]) == (sample.name, 0.5)
    assert f"{sample.name} × 0.5" in cli("runs", "compare", "mixed", "alone")[1]


def test_a_fix_that_is_not_there_is_one_sentence(cli: Callable[..., Any], failed: Run) -> None:
    status, _, errors = cli("finetune", "--like", failed.id, "--fix", "9", "--detach")
    assert status == 2 and "There is no fix 9 for this run; it has 4." in errors
    status, _, errors = cli("finetune", "--fix", "1")
    assert status == 2 and "--fix needs --like." in errors


def test_a_lost_run_says_so(cli: Callable[..., Any], ready_workspace: Workspace) -> None:
    run = learnt(ready_workspace, "gone", "lost")
    folder = RunFolder(ready_workspace.run_folder(run.id))
    folder.write_state(JobState("lost", "The machine restarted while training."))
    values = cli("runs", "diagnose", run.id, "--json")[1]
    assert values["cause"] == "lost" and values["remedies"] == []


def test_runs_are_compared(cli: Callable[..., Any], ready_workspace: Workspace) -> None:
    one = learnt(ready_workspace, "one")
    other = learnt(ready_workspace, "other", "failed", memory_limit_gb=2.0)
    out = cli("runs", "compare", "one", other.id)[1]
    assert "Memory limit (GB)  0    2" in out
    assert "one    finished  43.0" in out
    values = cli("runs", "compare", "one", "other", "--json")[1]
    assert values["settings"] == {"memory_limit_gb": {"one": 0.0, "other": 2.0}}
    assert [each["run"] for each in values["runs"]] == [one.id, other.id]
    assert values["runs"][0]["chrF++"] == 43.0 and values["runs"][1]["chrF++"] is None
    assert values["samples"][0]["hypotheses"] == {"one": "one 20", "other": "other 20"}
    assert len(cli("runs", "compare", "one", "other", "--all", "--json")[1]["settings"]) > 30
    status, _, errors = cli("runs", "compare", "one", "none")
    assert status == 2 and "There is no run 'none'." in errors
