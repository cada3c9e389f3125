"""What runs are compared by: their scores on a test split, and what people gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.evaluate.people.ratings import HUMAN
from core.evaluate.scorers.scoring_results import set_scores
from core.languages import language_name
from core.storage.run_records import Run
from core.storage.scoring_records import Scoring
from core.storage.workspace import Workspace
from core.systems.descriptions import MODEL

_LOWER_IS_BETTER = ("TER",)


@dataclass(frozen=True)
class Yardstick:
    """A score that some runs have.

    Attributes:
        name: As people know it.
        is_lower_better: Whether a small value is a good one.
        values: The fine-tuned model's, by the run's id.
        bases: The base model's, by the run's id, where it was scored too.
        signatures: How the values were computed; more than one where they are not comparable.
    """

    name: str
    is_lower_better: bool = False
    values: dict[str, float] = field(default_factory=dict)
    bases: dict[str, float] = field(default_factory=dict)
    signatures: set[str] = field(default_factory=set)


def test_splits(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Gives the runs that were scored, by the test split that they share.

    Scores of different corpora or directions say nothing about each other.
    """
    found: dict[str, list[Run]] = {}
    for run in runs:
        if run.scores:
            direction = f"{language_name(run.src_lang)} → {language_name(run.tgt_lang)}"
            num_segments = run.scores.get("num_segments", 0)
            label = f"{run.corpus_name} · {direction} · {num_segments:,} segments"
            found.setdefault(f"{label}\n{run.corpus_id}", []).append(run)
    return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))


def metric_yardsticks(runs: Sequence[Run]) -> dict[str, Yardstick]:
    """Gives the scores that runs have on their test split, by name."""
    found: dict[str, Yardstick] = {}
    for run in runs:
        bases = {score["name"]: score["value"] for score in run.scores.get("base", ())}
        for score in run.scores["fine_tuned"]:
            name = score["name"]
            each = found.setdefault(name, Yardstick(name, name in _LOWER_IS_BETTER))
            each.values[run.id] = score["value"]
            each.signatures.add(score["signature"])
            if name in bases:
                each.bases[run.id] = bases[name]
    return found


def human_scorings(workspace: Workspace, runs: Sequence[Run]) -> dict[str, tuple[Scoring, str]]:
    """Gives the ratings by people of what runs made of their test split, with the set of each.

    Returns:
        By the scoring's id: the scoring, and the hash of the test set.
    """
    systems = {f"{MODEL}:{run.id}" for run in runs}
    hashes = {
        each.test_set_hash for each in workspace.translation_sets.all() if each.system_id in systems
    }
    return {
        scoring.id: (scoring, test_set)
        for test_set in sorted(hashes)
        for scoring in workspace.scorings.of_test_set(test_set)
        if scoring.kind == HUMAN
    }


def human_yardstick(
    workspace: Workspace, runs: Sequence[Run], scoring: Scoring, test_set: str
) -> Yardstick:
    """Gives what people gave to the fine-tuned models, as means over segments."""
    found = Yardstick(f"People: {scoring.name}", scoring.is_lower_better)
    run_ids = {f"{MODEL}:{run.id}": run.id for run in runs}
    for each in workspace.translation_sets.all():
        if each.test_set_hash == test_set and each.system_id in run_ids:
            mean = set_scores(workspace, scoring.id, each.id).mean
            if mean is not None:
                found.values[run_ids[each.system_id]] = mean
    return found
