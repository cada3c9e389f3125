"""Causes where not all segments count: a failed translation is nothing that a system wrote."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluate.causes.counting_texts import (
    counting_texts,
    ngram_difference,
    term_hits,
    word_scores,
)
from core.evaluate.causes.stored_findings import find_all, store_findings, stored_findings
from core.evaluate.evaluating import Evaluated, evaluate
from core.evaluate.settings import EvaluationSettings
from core.storage.workspace import Workspace
from core.text.glossary import Term
from tests.core.evaluate.scored_sets import HASH, add_set

COUNTING = [1, 3, 5, 7]  # of eight segments; "part" failed in the others
REFERENCES = [f"tá an bóthar fada {at}" for at in range(8)]


@pytest.fixture
def found(workspace: Workspace) -> Evaluated:
    """A system that translated all, and one that translated half of it perfectly."""
    add_set(workspace, "all", ["tá an lá maith", *REFERENCES[1:3], "", *REFERENCES[4:]],
            references=REFERENCES)  # fmt: skip
    part = [text if at in COUNTING else None for at, text in enumerate(REFERENCES)]
    add_set(workspace, "part", part, references=REFERENCES)
    return evaluate(workspace, EvaluationSettings.parse({
        "test_set": HASH, "systems": ("all", "part"), "only_common": True, "metrics": ("chrf2",),
        "num_samples": 20,
    }))  # fmt: skip


def test_checks_count_no_failed_translation_as_an_empty_one(
    found: Evaluated, workspace: Workspace
) -> None:
    assert found.positions.tolist() == COUNTING
    by_set = find_all(found)
    assert by_set["part"]["empty"].percent == 0.0 and by_set["part"]["empty"].num_applicable == 4
    assert by_set["all"]["empty"].positions.tolist() == [3]  # where the test set has it
    for of_set in by_set.values():
        for finding in of_set.values():
            assert finding.flags.shape == finding.is_applicable.shape == (8,)
            assert set(np.flatnonzero(finding.is_applicable)) <= set(COUNTING)
    store_findings(workspace, found, by_set)
    kept = stored_findings(workspace, found)
    assert kept is not None
    np.testing.assert_array_equal(kept["all"]["empty"].flags, by_set["all"]["empty"].flags)


def test_terms_are_looked_for_in_segments_that_count(found: Evaluated) -> None:
    (rain,) = term_hits(found, [Term("raining", "fada")])  # sources 1 and 5
    assert rain.positions.tolist() == [1, 5]
    assert rain.missed["part"].tolist() == rain.missed["all"].tolist() == []
    (road,) = term_hits(found, [Term("road", "fada")])  # sources 3 and 7
    assert road.missed["all"].tolist() == [3] and road.percent("part") == 100.0


def test_ngrams_are_counted_in_segments_that_count(found: Evaluated) -> None:
    assert counting_texts(found).hypotheses["part"] == [REFERENCES[at] for at in COUNTING]
    wins = ngram_difference(found, "part", "all")
    assert wins.first and not wins.second
    assert all(gram.num_first == 4 and gram.positions.tolist() == [3] for gram in wins.first)
    excess = ngram_difference(found, "part")
    assert excess.first == excess.second == ()  # it is the reference wherever it counts


def test_words_are_scored_in_segments_that_count(found: Evaluated) -> None:
    classes = word_scores(found, {"tá": 1, "an": 1, "bóthar": 1, "fada": 1})
    assert all(each.scores["part"].f1 == 100.0 for each in classes)
    assert all(each.bucket.positions.tolist() == COUNTING for each in classes)
    assert sum(each.scores["all"].num_hypothesis for each in classes) == 15  # 5 words, thrice
