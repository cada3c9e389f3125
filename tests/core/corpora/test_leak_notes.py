"""What stands beside a score: of the split that counts, whoever was compared or deleted since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.corpora.leak_notes import DELETED, corpus_note, note_between, split_note
from core.corpora.leak_search import status_of
from core.corpora.leakage.status import PairStatus
from core.storage.corpus_records import Corpus
from core.storage.workspace import Workspace
from tests.leak_statuses import CLEAN, UNCHECKED, looked_for, stored, told, untold


@pytest.mark.parametrize(
    ("dev", "test", "split", "badge", "sentence"),
    [
        (0, 0, "test", "clean", CLEAN.format("test")),
        (3, 0, "test", "clean", CLEAN.format("test")),
        (3, 0, "dev", "leaks", "3 of 200 dev segments also stand in train (English side 3)."),
        (3, 1, "test", "leaks", "1 of 200 test segments also stands in train (English side 1)."),
    ],
)
def test_only_the_split_that_was_scored_counts(
    dev: int, test: int, split: str, badge: str, sentence: str, workspace: Workspace
) -> None:
    corpus = stored(workspace, "Letters")
    told(workspace, corpus.id, dev=dev, test=test)
    note = corpus_note(workspace, corpus.id, split)
    assert note.to_dict() == {"badge": badge, "sentence": sentence}
    assert corpus_note(workspace, "Letters", split) == note


def test_the_real_check_of_a_new_corpus_is_told(workspace: Workspace) -> None:
    note = split_note(stored(workspace, "Letters", num_leaks=2), "test")
    assert note.badge == "leaks"
    assert note.sentence.startswith("2 of 4 test segments also stand in train (English side 2")


def test_a_corpus_of_an_earlier_version_was_not_checked(workspace: Workspace) -> None:
    corpus = stored(workspace, "Letters")
    untold(workspace, corpus.id)
    note = corpus_note(workspace, corpus.id, "dev")
    assert (note.badge, note.sentence) == ("unchecked", UNCHECKED.format("dev"))


def test_a_deleted_corpus_and_one_without_train_are_unknown(workspace: Workspace) -> None:
    corpus = stored(workspace, "Letters")
    no_train = replace(corpus, num_train=0)
    assert split_note(no_train, "test").sentence == "Unknown: the corpus has no train split."
    workspace.corpora.delete(corpus.id)
    assert corpus_note(workspace, corpus.id, "test") == DELETED
    assert corpus_note(workspace, "", "test") == DELETED
    assert DELETED.badge == "unknown"


def test_what_dev_holds_of_test_is_told_after_what_matters_more(workspace: Workspace) -> None:
    corpus = stored(workspace, "Letters")
    told(workspace, corpus.id)
    corpus = workspace.corpora.get(corpus.id)
    status = status_of(corpus)
    assert status is not None
    of_test = status.pairs[1]
    counts = {"source": {"exact": 1}, "either": {"exact": 1}}
    in_dev = PairStatus(**{**vars(of_test), "other_split": "dev", "counts": counts})
    both = replace(status, pairs=(*status.pairs, in_dev))
    note = split_note(replace(corpus, details={"leakage": both.to_dict()}), "test")
    assert note.badge == "clean"
    in_words = "1 of 200 test segments also stands in dev (English side 1)."
    assert note.sentence == f"{CLEAN.format('test')} {in_words}"


def between(workspace: Workspace, test: Corpus, train: Corpus) -> tuple[str, str]:
    note = note_between(workspace, test.id, "test", train.id, train.name)
    return note.badge, note.sentence


@pytest.mark.parametrize("is_forward", [True, False])
@pytest.mark.parametrize("num_leaks", [0, 3])
def test_either_corpus_may_have_been_compared_with_the_other(
    num_leaks: int, is_forward: bool, workspace: Workspace
) -> None:
    test, train = stored(workspace, "Set", num_leaks=num_leaks), stored(workspace, "Big")
    expected = ("unchecked", "Whether test segments stand in Big's train was not checked.")
    assert between(workspace, test, train) == expected
    looked_for(workspace, *((test, train) if is_forward else (train, test)))
    badge, sentence = between(workspace, test, train)
    if num_leaks:
        assert badge == "leaks"
        assert sentence.startswith("3 of 4 test segments also stand in Big's train (English side 3")
    else:
        assert (badge, sentence) == ("clean", CLEAN.format("test").replace("train", "Big's train"))
    # What stands in the other direction, Big's test in Set's train, is another matter.
    other = workspace.corpora.get(train.id), workspace.corpora.get(test.id)
    assert between(workspace, *other)[0] == "clean"


def test_a_corpus_that_was_deleted_since_is_still_known(workspace: Workspace) -> None:
    test, train = stored(workspace, "Set", num_leaks=3), stored(workspace, "Big")
    looked_for(workspace, test, train)
    workspace.corpora.delete(train.id)
    assert between(workspace, test, train)[0] == "leaks"
    workspace.corpora.delete(test.id)
    sentence = "Whether test segments stand in Big's train is not known: the corpus was deleted."
    assert between(workspace, test, train) == ("unknown", sentence)


def test_a_corpus_against_itself_is_its_own_status_by_name(workspace: Workspace) -> None:
    own = stored(workspace, "Set", num_leaks=1)
    badge, sentence = between(workspace, own, own)
    assert badge == "leaks"
    assert sentence.startswith("1 of 4 test segments also stands in Set's train (English side 1")
