"""Versions of a corpus: cleaned, split again, without leaks, with rows taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.corpora.bundled import ensure_sample
from core.corpora.cleaned import CleanSettings
from core.corpora.deleting import delete_corpus
from core.corpora.leak_search import LeakSearchSettings, leaks_of, status_of
from core.corpora.restored import RestoreSettings, rejected_of
from core.corpora.segments import read_segments
from core.corpora.split_again import SplitAgainSettings
from core.corpora.storing import store_corpus
from core.corpora.tasks import done
from core.corpora.versions import ancestors, children
from core.corpora.without_leaks import UnleakSettings
from core.errors import ConfigError, DataError
from core.storage.corpus_records import SPLITS, Corpus
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.workspace import Workspace
from tests.core.corpora.imports import imported

SENTENCE = "the nurse gives a patient some water every single morning before she leaves"
GOOD = [
    (f"{SENTENCE} {n}", f"tugann an t-altra uisce don othar gach maidin {n}") for n in range(14, 30)
]
TRAIN = [
    *GOOD[:10],
    ("same text here", "same text here"),
    GOOD[0],
    *GOOD[10:],
    ("Shared line one.", "Líne amháin."),
]


@pytest.fixture
def dirty(workspace: Workspace) -> Corpus:
    """16 good pairs, one that was not translated, one twice, and one that stands in test."""
    splits = {
        "train": TRAIN,
        "dev": [("a dev segment of its own", "teascán dá chuid féin")],
        "test": [("shared line one", "rud eile ar fad"), ("same in test too", "same in test too")],
    }
    return store_corpus(
        workspace,
        name="dirty",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        splits=splits,
        details={"licence": "CC0", "citation": "Somebody (2026)"},
    )


def made(workspace: Workspace, task: str, settings: Any) -> Corpus:
    return workspace.corpora.get(done(workspace, task, settings)["corpus"])


def pairs_of(workspace: Workspace, corpus: Corpus, split: str) -> list[tuple[str, str]]:
    return read_segments(workspace.split_file(corpus.id, split))


def test_cleaned_version_knows_its_parent_and_keeps_what_it_left_out(
    workspace: Workspace, dirty: Corpus
) -> None:
    clean = made(workspace, "clean", CleanSettings(corpus="dirty"))
    assert clean.name == "dirty, cleaned"
    assert pairs_of(workspace, clean, "train") == [*GOOD, TRAIN[-1]]
    # Held-out rows are not touched: published test sets keep their line counts.
    assert pairs_of(workspace, clean, "test") == pairs_of(workspace, dirty, "test")
    assert clean.details["rejected"] == {"identical": 1, "duplicate": 1}
    found = rejected_of(workspace, clean).page()
    assert [(each.split, each.number, each.reasons) for each in found] == [
        ("train", 10, ("identical",)),
        ("train", 11, ("duplicate",)),
    ]
    assert (clean.details["parent"], clean.details["made_by"]) == (dirty.id, "clean")
    assert clean.details["made_with"]["doctor"]["identical_min_words"] == 3
    assert (clean.details["licence"], clean.details["citation"]) == ("CC0", "Somebody (2026)")
    assert ancestors(workspace, clean) == [dirty]
    assert children(workspace, dirty) == [clean]
    assert pairs_of(workspace, dirty, "train") == TRAIN  # nothing is taken from the parent
    assert made(workspace, "clean", CleanSettings(corpus="dirty")).name == "dirty, cleaned (2)"


def test_only_the_chosen_reasons_count(workspace: Workspace, dirty: Corpus) -> None:
    clean = made(workspace, "clean", CleanSettings(corpus="dirty", reasons=("duplicate",)))
    assert clean.details["rejected"] == {"duplicate": 1}
    assert TRAIN[10] in pairs_of(workspace, clean, "train")
    with pytest.raises(ConfigError, match="There is no check 'ugly'"):
        done(workspace, "clean", CleanSettings(corpus="dirty", reasons=("ugly",)))


@pytest.mark.parametrize("chosen", [[10], [11], [10, 11]])
def test_rows_taken_back_stand_where_they_stood(
    workspace: Workspace, dirty: Corpus, chosen: list[int]
) -> None:
    made(workspace, "clean", CleanSettings(corpus="dirty", name="clean"))
    rows = tuple(("train", number) for number in chosen)
    back = made(workspace, "restore", RestoreSettings(corpus="clean", rows=rows))
    assert back.name == "clean (2)"
    expected = [pair for n, pair in enumerate(TRAIN) if n in chosen or n not in (10, 11)]
    assert pairs_of(workspace, back, "train") == expected
    left = rejected_of(workspace, back).page()
    assert [each.number for each in left] == [n for n in (10, 11) if n not in chosen]
    assert sum(back.details["rejected"].values()) == 2 - len(chosen)


def test_what_an_import_left_out_cannot_be_taken_back(workspace: Workspace) -> None:
    imported(workspace)
    with pytest.raises(DataError, match="lack a text and cannot be used"):
        done(workspace, "restore", RestoreSettings(corpus="Covid", rows=(("train", 1),)))
    with pytest.raises(DataError, match="No row was chosen"):
        made_clean = made(workspace, "clean", CleanSettings(corpus="Covid"))
        done(workspace, "restore", RestoreSettings(corpus=made_clean.id))


def test_leaks_are_removed_from_train_and_the_status_is_clean(
    workspace: Workspace, dirty: Corpus
) -> None:
    status = status_of(dirty)
    assert status is not None
    assert status.badge == "leaks"
    (leak,) = leaks_of(workspace, dirty.id).page().leaks
    assert (leak.split, leak.number, leak.level, leak.side) == ("test", 0, "normalised", "source")
    clean = made(workspace, "unleak", UnleakSettings(corpus="dirty"))
    assert pairs_of(workspace, clean, "train") == TRAIN[:-1]
    assert pairs_of(workspace, clean, "test") == pairs_of(workspace, dirty, "test")
    after = status_of(clean)
    assert after is not None
    assert (after.badge, clean.details["rejected"]) == ("clean", {"leak": 1})
    assert rejected_of(workspace, clean).page()[0].source == "Shared line one."


def test_leaks_against_another_corpus_are_kept_with_the_corpus(
    workspace: Workspace, dirty: Corpus
) -> None:
    other = store_corpus(
        workspace, name="other", src_lang="gle_Latn", tgt_lang="eng_Latn",
        splits={"train": [("nua", "new")], "test": [(GOOD[3][1], "another")]},
    )  # fmt: skip
    with pytest.raises(DataError, match="Nobody has looked for leaks"):
        done(workspace, "unleak", UnleakSettings(corpus="dirty", against="other"))
    with pytest.raises(DataError, match="cannot be compared with itself"):
        done(workspace, "leakage", LeakSearchSettings(corpus="dirty", against="dirty"))
    done(workspace, "leakage", LeakSearchSettings(corpus="dirty", against="other"))
    status = status_of(workspace.corpora.get("dirty"), other.id)
    assert status is not None
    assert status.badge == "leaks"
    assert "1 of 1 test segments of other also stands in train" in status.sentence()
    clean = made(workspace, "unleak", UnleakSettings(corpus="dirty", against="other"))
    assert GOOD[3] not in pairs_of(workspace, clean, "train")


def test_split_again_makes_a_new_corpus_and_keeps_the_old_one(workspace: Workspace) -> None:
    old = imported(workspace)
    settings = SplitAgainSettings.parse(
        {"corpus": "Covid", "name": "Other", "split": {"num_dev": 20, "num_test": 30, "seed": 9}}
    )
    new = made(workspace, "split", settings)
    assert new.counts == {"train": 50, "dev": 20, "test": 30}
    assert new.details["parent"] == old.id
    assert {corpus.name: corpus.counts for corpus in workspace.corpora.all()} == {
        "Covid": {"train": 90, "dev": 5, "test": 5},
        "Other": new.counts,
    }
    everything = sorted(pair for split in SPLITS for pair in pairs_of(workspace, new, split))
    assert everything == sorted(
        pair for split in SPLITS for pair in pairs_of(workspace, old, split)
    )
    with pytest.raises(DataError, match="There is already a corpus named 'Other'"):
        done(workspace, "split", settings)
    with pytest.raises(DataError, match="There is no corpus 'Nothing'"):
        done(workspace, "split", SplitAgainSettings(corpus="Nothing"))
    with pytest.raises(DataError, match="100 segments cannot give dev 99"):
        done(
            workspace,
            "split",
            SplitAgainSettings.parse({"corpus": "Covid", "split": {"num_dev": 99}}),
        )


def test_sample_is_made_once_and_marked_as_synthetic(workspace: Workspace) -> None:
    corpus = ensure_sample(workspace)
    assert ensure_sample(workspace) == corpus
    assert corpus.is_synthetic
    assert made(workspace, "split", SplitAgainSettings(corpus=corpus.id)).is_synthetic


def test_corpus_is_deleted_with_its_files_and_its_versions_stay(
    workspace: Workspace, dirty: Corpus
) -> None:
    clean = made(workspace, "clean", CleanSettings(corpus="dirty"))
    delete_corpus(workspace, "dirty")
    assert not workspace.corpus_folder(dirty.id).exists()
    assert workspace.corpora.all() == [clean]
    assert ancestors(workspace, clean) == []
    assert clean.details["parent_name"] == "dirty"


def test_corpus_that_a_run_uses_is_kept(workspace: Workspace) -> None:
    corpus = imported(workspace)
    job = Job("r", "core.finetune.job", "runs/r", "compute", "finished", corpus.created_at)
    run = Run(
        id="r",
        name="run",
        corpus_id=corpus.id,
        corpus_name=corpus.name,
        base_model="starter",
        src_lang="eng_Latn",
        tgt_lang="gle_Latn",
        settings={},
        scores={},
        train_seconds=None,
        created_at=corpus.created_at,
        job=job,
    )
    workspace.runs.add(run)
    workspace.runs.add(replace(run, id="s", job=replace(job, id="s")))
    with pytest.raises(DataError, match=r"2 run\(s\) use the corpus 'Covid'\."):
        delete_corpus(workspace, corpus.id)
    assert workspace.corpus_folder(corpus.id).exists()
