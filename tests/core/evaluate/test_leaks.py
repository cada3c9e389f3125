"""What an evaluation says of leaks: of the test set's corpus, and of those systems learnt from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.evaluate.leaks import NO_CORPUS, evaluation_note
from core.evaluate.texts import load_texts
from core.storage.corpus_records import Corpus
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, REFERENCES, add_set
from tests.leak_statuses import CLEAN, UNCHECKED, looked_for, stored, untold

TWO = "2 of 4 test segments also stand in train (English side 2, Irish side 0)."


def add_run(workspace: Workspace, run_id: str, corpus: Corpus) -> None:
    """Stores a run that learnt from a corpus."""
    job = Job(run_id, "core.finetune.job", run_id, "compute", "finished", "2024-01-01")
    languages = (corpus.src_lang, corpus.tgt_lang)
    workspace.runs.add(
        Run(run_id, f"Run {run_id}", corpus.id, corpus.name, "starter", *languages, {}, {}, None,
            "2024-01-01", job)
    )  # fmt: skip


def add(workspace: Workspace, set_id: str, corpus_id: str, system_id: str, **origin: Any) -> None:
    """Stores what a system made of the test split of a corpus."""
    add_set(workspace, "made", REFERENCES)
    record = workspace.translation_sets.get("made")
    segments = [
        replace(each, set_id=set_id) for each in workspace.translation_sets.segments("made")
    ]
    workspace.translation_sets.delete("made")
    record = replace(record, id=set_id, system_id=system_id, system_name=set_id)
    record = replace(record, corpus_id=corpus_id, provenance=origin)
    workspace.translation_sets.add_whole([(record, segments)])


def note(workspace: Workspace, *set_ids: str) -> tuple[str, str]:
    found = evaluation_note(workspace, load_texts(workspace, HASH, set_ids))
    return found.badge, found.sentence


def test_texts_of_no_corpus_stay_unknown(workspace: Workspace) -> None:
    add(workspace, "Upload", "", "upload:1")
    assert note(workspace, "Upload") == (NO_CORPUS.badge, NO_CORPUS.sentence)
    assert NO_CORPUS.sentence.startswith("Unknown")


@pytest.mark.parametrize("system_id", ["upload:1", "endpoint:2", "model:facebook/nllb", "model:r1"])
def test_the_corpus_of_the_test_set_speaks_for_all_that_is_not_known(
    system_id: str, workspace: Workspace
) -> None:
    corpus = stored(workspace, "Letters", num_leaks=2)
    add_run(workspace, "r1", corpus)
    add(workspace, "One", corpus.id, system_id)
    assert note(workspace, "One") == ("leaks", TWO)
    untold(workspace, corpus.id)
    assert note(workspace, "One") == ("unchecked", UNCHECKED.format("test"))
    workspace.corpora.delete(corpus.id)
    assert note(workspace, "One") == ("unknown", "Unknown: the corpus was deleted.")


def test_a_clean_test_set_says_what_was_looked_for(workspace: Workspace) -> None:
    corpus = stored(workspace, "Letters")
    add(workspace, "One", corpus.id, "upload:1")
    assert note(workspace, "One") == ("clean", CLEAN.format("test"))


@pytest.mark.parametrize(
    ("system_id", "origin"),
    [
        ("model:r1", {}),
        ("model:r1@200", {}),
        ("chain:c", {"parts": {"endpoint:e": {}, "model:r1": {}}}),
        ("endpoint:e", {"draft": {"model:r1": {"run": "r1"}}}),
    ],
)
def test_what_a_system_learnt_elsewhere_is_told_with_its_name(
    system_id: str, origin: dict[str, Any], workspace: Workspace
) -> None:
    test, big = stored(workspace, "Letters", num_leaks=2), stored(workspace, "Big")
    add_run(workspace, "r1", big)
    add(workspace, "One", test.id, system_id, **origin)
    unchecked = "One: whether test segments stand in Big's train was not checked."
    assert note(workspace, "One") == ("unchecked", unchecked)  # Letters' train taught nobody
    looked_for(workspace, big, test)
    told = TWO.replace("train", "Big's train")
    assert note(workspace, "One") == ("leaks", f"One: {told}")
    add(workspace, "Base", test.id, "model:starter")
    assert note(workspace, "One", "Base") == ("leaks", f"{TWO} One: {told}")


def test_a_run_named_like_a_base_model_is_not_taken_for_it(workspace: Workspace) -> None:
    test, big = stored(workspace, "Letters"), stored(workspace, "Big", prefix="b")
    add_run(workspace, "r1", big)
    add(workspace, "Base", test.id, "model:Run r1")
    assert note(workspace, "Base") == ("clean", CLEAN.format("test"))


def test_of_two_versions_with_the_same_test_split_each_run_has_its_own(
    workspace: Workspace,
) -> None:
    first, cleaned = stored(workspace, "Letters", num_leaks=2), stored(workspace, "Cleaned")
    add_run(workspace, "r1", first)
    add_run(workspace, "r2", cleaned)
    add(workspace, "Before", first.id, "model:r1")
    add(workspace, "After", cleaned.id, "model:r2")
    told = "After: no test segment stands in Cleaned's train (exact, normalised, near ≥ 0.8)."
    assert note(workspace, "Before", "After") == ("leaks", f"{TWO} {told}")
    assert note(workspace, "After") == ("clean", CLEAN.format("test"))


def test_many_learners_are_counted(workspace: Workspace) -> None:
    test, big = stored(workspace, "Letters"), stored(workspace, "Big")
    names = [f"S{number}" for number in range(5)]
    for name in names:
        add_run(workspace, name, big)
        add(workspace, name, test.id, f"model:{name}")
    assert note(workspace, *names)[1].startswith("S0, S1, S2 and 2 more: whether test segments")
