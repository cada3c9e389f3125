"""Names of metrics: each once, however scorers are called."""

from __future__ import annotations

from core.evaluate.metric_names import metric_names
from core.metrics.lexical import SPECS
from core.storage.scoring_records import Scoring
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH


def add(workspace: Workspace, scoring_id: str, name: str, created_at: str = "2024-01-01") -> None:
    workspace.scorings.add(Scoring(scoring_id, "judge", name, HASH, created_at))


def test_scorers_of_one_name_are_numbered_the_oldest_first(workspace: Workspace) -> None:
    add(workspace, "new", "LLM (score)", "2024-03-01")
    add(workspace, "old", "LLM (score)", "2024-01-01")
    add(workspace, "free", "COMET")
    names = metric_names(workspace, HASH)
    assert [names[f"scoring:{each}"] for each in ("old", "new", "free")] == [
        "LLM (score)", "LLM (score) (2)", "COMET",
    ]  # fmt: skip
    assert metric_names(workspace, "b" * 64) == {key: spec.name for key, spec in SPECS.items()}


def test_no_scorer_takes_the_name_of_a_metric_or_of_a_numbered_one(workspace: Workspace) -> None:
    for scoring_id, name in (("1", "BLEU"), ("2", "BLEU (2)"), ("3", "BLEU"), ("4", "BLEU (2)")):
        add(workspace, scoring_id, name)
    names = metric_names(workspace, HASH)
    assert names["bleu"] == "BLEU" and names["scoring:1"] == "BLEU (2)"
    assert len(set(names.values())) == len(names)
