"""Commands that print scores say whether the split that was scored leaks, in words and in JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.search import studies
from core.search.plan import Plan
from core.search.settings import StudySettings
from core.search.space import parse_space
from core.storage.corpus_records import Corpus
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace
from tests.leak_statuses import CLEAN, LEAKS, UNCHECKED, told, untold

State = tuple[Callable[[Workspace, str], None], str, str, str]

STATES: dict[str, State] = {
    "leaks": (
        lambda workspace, corpus: told(workspace, corpus, dev=5, test=4),
        "leaks", f"{LEAKS.format(5, 'dev', 5)}.", f"{LEAKS.format(4, 'test', 4)}.",
    ),
    "clean": (told, "clean", CLEAN.format("dev"), CLEAN.format("test")),
    "unchecked": (untold, "unchecked", UNCHECKED.format("dev"), UNCHECKED.format("test")),
    "deleted": (
        lambda workspace, corpus: workspace.corpora.delete(corpus),
        "unknown", "Unknown: the corpus was deleted.", "Unknown: the corpus was deleted.",
    ),
}  # fmt: skip


@pytest.fixture
def answers(ready_workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command that succeeds; gives what it prints."""

    def run(*words: str) -> str:
        assert main([*words, "--workspace", str(ready_workspace.root)]) == 0
        return capsys.readouterr().out

    return run


def stored_run(workspace: Workspace, corpus: Corpus) -> None:
    job = Job("r1", "core.finetune.job", "runs/r1", "compute", "finished", "2024-01-01")
    scores = {side: [{"name": "BLEU", "value": 1.0}] for side in ("base", "fine_tuned")}
    languages = (corpus.src_lang, corpus.tgt_lang)
    workspace.runs.add(
        Run("r1", "mine", corpus.id, corpus.name, "starter", *languages, {}, scores, 1.0,
            "2024-01-01", job)
    )  # fmt: skip


def as_values(badge: str, sentence: str) -> dict[str, str]:
    return {"badge": badge, "sentence": sentence}


@pytest.mark.parametrize("state", STATES)
def test_a_run_is_shown_with_the_leaks_of_both_splits(
    state: str, ready_workspace: Workspace, answers: Callable[..., str]
) -> None:
    change, badge, of_dev, of_test = STATES[state]
    corpus = ready_workspace.corpora.all()[0]
    stored_run(ready_workspace, corpus)
    change(ready_workspace, corpus.id)
    expected = {"dev": as_values(badge, of_dev), "test": as_values(badge, of_test)}
    assert json.loads(answers("runs", "show", "mine", "--json"))["leaks"] == expected
    (listed,) = json.loads(answers("runs", "list", "--json"))["runs"]
    assert listed["leaks"] == expected
    lines = answers("runs", "show", "mine").split("\n")
    assert f"leaks of dev: {of_dev}" in lines and f"leaks of test: {of_test}" in lines


@pytest.mark.parametrize("state", STATES)
def test_a_study_is_shown_with_the_leaks_of_dev(
    state: str,
    ready_workspace: Workspace,
    answers: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)
    change, badge, of_dev, _ = STATES[state]
    corpus = ready_workspace.corpora.all()[0]
    space = parse_space({"weight_decay": [0.0, 0.1]})
    base = FineTuneSettings(corpus=corpus.id, engine="plain")
    studies.start(ready_workspace, "S", Plan(StudySettings(), space, base))
    change(ready_workspace, corpus.id)
    found: dict[str, Any] = json.loads(answers("search", "show", "S", "--json"))
    assert found["leaks"] == as_values(badge, of_dev)
    assert f"leaks of dev: {of_dev}" in answers("search", "show", "S").split("\n")


def test_scores_of_files_know_no_corpus(answers: Callable[..., str], tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("Maidin mhaith.\n")
    words = ("evaluate", "score", "--hypotheses", str(lines), "--references", str(lines), "--json")
    assert "leaks" not in json.loads(answers(*words))
