"""What runs are compared by: their scores on a test split, and what people gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.text import moment
from core.evaluate.people.ratings import HUMAN
from core.evaluate.robustness import perturbation_of
from core.evaluate.scorers.scoring_results import set_scores
from core.languages import language_name
from core.metrics.lexical import SPECS
from core.storage.run_records import Run
from core.storage.scoring_records import Scoring
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import Workspace
from core.systems.descriptions import MODEL

_LOWER_IS_BETTER = {spec.name for spec in SPECS.values() if spec.is_lower_better}
TEST = "test"


@dataclass(frozen=True)
class Yardstick:
    """A score that some runs have.

    Attributes:
        name: As people know it.
        is_lower_better: Whether a small value is a good one.
        values: The fine-tuned model's, by the run's id.
        bases: The base model's, by the run's id, where it was scored too.
        signatures: How the values were computed; more than one where they are not comparable.
        num_rated: Segments that people rated, by the run's id; empty for a metric.
    """

    name: str
    is_lower_better: bool = False
    values: dict[str, float] = field(default_factory=dict)
    bases: dict[str, float] = field(default_factory=dict)
    signatures: set[str] = field(default_factory=set)
    num_rated: dict[str, int] = field(default_factory=dict)


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


def human_scorings(workspace: Workspace, runs: Sequence[Run]) -> dict[str, Scoring]:
    """Gives the ratings by people of what runs of one test split made of it, by their ids."""
    hashes = {each.test_set_hash for _, each in _sets(workspace, runs)}
    return {
        scoring.id: scoring
        for test_set in sorted(hashes)
        for scoring in workspace.scorings.of_test_set(test_set)
        if scoring.kind == HUMAN
    }


def human_labels(found: Mapping[str, Scoring]) -> dict[str, str]:
    """Gives what scorings are chosen by: their names, with time and id where these are alike."""
    names = Counter(each.name for each in found.values())
    times = Counter((each.name, moment(each.created_at)) for each in found.values())
    labels = {}
    for key, each in found.items():
        parts = [f"People: {each.name}"]
        if names[each.name] > 1:
            parts.append(moment(each.created_at))
        if times[each.name, moment(each.created_at)] > 1:
            parts.append(key)
        labels[key] = " · ".join(parts)
    return labels


def human_yardstick(
    workspace: Workspace, runs: Sequence[Run], scoring: Scoring, name: str
) -> Yardstick:
    """Gives what people gave to the fine-tuned models, as means over the segments they rated.

    Of several translations by one run, the newest that they rated counts.
    """
    found = Yardstick(name, scoring.is_lower_better)
    rated = workspace.scorings.counts(scoring.id)
    for run_id, each in _sets(workspace, runs):
        if each.id in rated and run_id not in found.values:
            scores = set_scores(workspace, scoring.id, each.id)
            if scores.mean is not None:
                found.values[run_id] = scores.mean
                found.num_rated[run_id] = scores.num_scored
    return found


def _sets(workspace: Workspace, runs: Sequence[Run]) -> list[tuple[str, TranslationSet]]:
    """Gives what runs made of their own test split, with the run's id, the newest first."""
    by_system = {f"{MODEL}:{run.id}": run for run in runs}
    return [
        (by_system[each.system_id].id, each)
        for each in workspace.translation_sets.all()
        if each.system_id in by_system and _is_of(each, by_system[each.system_id])
    ]


def _is_of(each: TranslationSet, run: Run) -> bool:
    of_run = (run.corpus_id, TEST, run.src_lang, run.tgt_lang)
    of_set = (each.corpus_id, each.split, each.src_lang, each.tgt_lang)
    return of_set == of_run and not perturbation_of(each)
