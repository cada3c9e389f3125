from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from core.corpora.segments import write_segments
from core.errors import ConfigError, DataError
from core.storage.workspace import Workspace
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import Perturbed, hash_of, read_test_set
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


def test_perturbed_sources_keep_their_references(workspace: Workspace) -> None:
    add_corpus(workspace)
    clean = read_test_set(workspace, settings())
    assert clean.perturbed is None
    found = read_test_set(workspace, settings(perturbation="uppercase"))
    assert found.pairs == tuple((source.upper(), reference) for source, reference in TEST)
    assert found.perturbed == Perturbed("uppercase", 1, clean.hash, 2)
    assert found.hash != clean.hash
    first = read_test_set(workspace, settings(perturbation="uppercase", num_segments=1))
    assert first.pairs == found.pairs[:1]
    assert first.perturbed is not None
    assert first.perturbed.of_test_set == read_test_set(workspace, settings(num_segments=1)).hash


def test_source_of_the_other_direction_is_perturbed(workspace: Workspace) -> None:
    add_corpus(workspace)
    back = {"src_lang": "gle_Latn", "tgt_lang": "eng_Latn"}
    found = read_test_set(workspace, settings(perturbation="no diacritics", **back))
    assert found.pairs == (
        ("Leann an t-altra litir.", TEST[0][0]),
        ("Scriobhann an dochtuir tuarascail.", TEST[1][0]),
    )


def test_each_perturbation_and_seed_makes_another_test_set(workspace: Workspace) -> None:
    add_corpus(workspace)
    chosen = [{}, *({"perturbation": name} for name in ("typos", "noise", "uppercase"))]
    chosen.append({"perturbation": "typos", "perturbation_seed": 2})
    hashes = [read_test_set(workspace, settings(**values)).hash for values in chosen]
    assert len(set(hashes)) == len(hashes)
    assert hashes == [read_test_set(workspace, settings(**values)).hash for values in chosen]


def test_perturbation_that_does_not_fit_is_refused(workspace: Workspace) -> None:
    add_corpus(workspace)
    with pytest.raises(DataError, match="'no diacritics' changes none of the 2 sources of the te"):
        read_test_set(workspace, settings(perturbation="no diacritics"))
    marathi = replace(workspace.corpora.get("Small"), id="m", name="M", src_lang="mar_Deva")
    workspace.corpora.add(marathi)
    workspace.corpus_folder("m").mkdir(parents=True)
    write_segments(workspace.split_file("m", "test"), [("नमस्ते", "Dia duit")])
    with pytest.raises(ConfigError, match="'lowercase' does not apply to Marathi"):
        read_test_set(workspace, settings(corpus="M", perturbation="lowercase"))


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
