from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from core.errors import ConfigError, DataError
from core.storage.workspace import Workspace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import hash_of, read_test_set
from tests.core.systems.small_corpus import TEST, TRAIN, add_corpus

EN_GA = ("eng_Latn", "gle_Latn")


def settings(**values: Any) -> BatchSettings:
    return BatchSettings.parse({"corpus": "Small", "systems": ["model:starter"], **values})


def test_segments_are_those_of_the_split_in_its_order(workspace: Workspace) -> None:
    corpus = add_corpus(workspace, dev=TRAIN)
    found = read_test_set(workspace, settings())
    assert (found.corpus, found.split) == (corpus, "test")
    assert (found.src_lang, found.tgt_lang) == EN_GA
    assert found.pairs == tuple(TEST)
    assert read_test_set(workspace, settings(split="dev")).pairs == tuple(TRAIN)
    assert read_test_set(workspace, settings(corpus=corpus.id)) == found


def test_other_direction_turns_the_pairs(workspace: Workspace) -> None:
    add_corpus(workspace)
    there = read_test_set(workspace, settings())
    back = read_test_set(workspace, settings(src_lang="gle_Latn", tgt_lang="eng_Latn"))
    assert back.pairs == tuple((target, source) for source, target in TEST)
    assert back.hash != there.hash
    assert read_test_set(workspace, settings(src_lang="eng_Latn")) == there


@pytest.mark.parametrize(("num", "left"), [(0, 2), (1, 1), (2, 2), (1000, 2)])
def test_first_segments_may_be_enough(num: int, left: int, workspace: Workspace) -> None:
    add_corpus(workspace)
    found = read_test_set(workspace, settings(num_segments=num))
    assert found.pairs == tuple(TEST[:left])
    assert (found.hash == read_test_set(workspace, settings()).hash) == (left == 2)


@pytest.mark.parametrize(
    "values",
    [
        {"tgt_lang": "mar_Deva"},
        {"src_lang": "mar_Deva"},
        {"src_lang": "gle_Latn"},  # into Irish again
        {"tgt_lang": "eng_Latn"},
        {"src_lang": "fra_Latn", "tgt_lang": "deu_Latn"},
    ],
)
def test_direction_that_the_corpus_does_not_have_is_refused(
    values: dict[str, str], workspace: Workspace
) -> None:
    add_corpus(workspace)
    with pytest.raises(ConfigError, match="The corpus 'Small' holds eng_Latn and gle_Latn"):
        read_test_set(workspace, settings(**values))


def test_nothing_to_translate_is_refused(workspace: Workspace) -> None:
    corpus = add_corpus(workspace)
    with pytest.raises(DataError, match="The dev split of 'Small' is empty"):
        read_test_set(workspace, settings(split="dev"))
    workspace.split_file(corpus.id, "dev").unlink()
    with pytest.raises(DataError, match="The dev split of 'Small' is empty"):
        read_test_set(workspace, settings(split="dev"))
    with pytest.raises(DataError, match="There is no corpus 'Other'"):
        read_test_set(workspace, settings(corpus="Other"))


DIFFERENT: list[tuple[str, str, tuple[tuple[str, str], ...]]] = [
    (*EN_GA, ()),
    (*EN_GA, (("a", "b"),)),
    ("gle_Latn", "eng_Latn", (("a", "b"),)),
    ("eng_Latn", "mar_Deva", (("a", "b"),)),
    (*EN_GA, (("b", "a"),)),
    (*EN_GA, (("a", "b"), ("a", "b"))),
    (*EN_GA, (("a", "b"), ("c", "d"))),
    (*EN_GA, (("c", "d"), ("a", "b"))),
    # Where one text ends and the next begins counts.
    (*EN_GA, (("ab", ""),)),
    (*EN_GA, (("", "ab"),)),
    (*EN_GA, (('a", "b"]["c', "d"),)),
    (*EN_GA, (("a", "b "),)),
    (*EN_GA, (("a\n", "b"),)),
    (*EN_GA, (("A", "b"),)),
    # The same letter for the eye is another text for a metric.
    (*EN_GA, (("\u00e9", "b"),)),
    (*EN_GA, (("e\u0301", "b"),)),
    (*EN_GA, (("नमस्ते 👩🏽‍🔬", "שלום"),)),
]


def test_test_sets_that_differ_have_different_hashes() -> None:
    for one, other in combinations(DIFFERENT, 2):
        assert hash_of(*one) != hash_of(*other), (one, other)


def test_hash_stays_the_same_for_good() -> None:
    # Sets that are stored are compared with those of later versions of the program.
    found = hash_of(*EN_GA, (("é नमस्ते", "b"),))
    assert found == "058ce124c11948c2b8499bef15df9de9036cdc42b3f4872e7c75c7862734c72d"
    assert hash_of(*EN_GA, (("half \ud800", "b"),))
