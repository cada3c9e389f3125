from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.evaluate.causes.buckets import FREQUENCY_EDGES
from core.evaluate.causes.training_words import count_words, score_words, words_used
from core.evaluate.causes.words import words_in

TEXT = st.lists(st.sampled_from(["a", "B", "क्ष", "京", "،"]), max_size=7).map(" ".join)


def test_words_are_counted_without_case_and_only_those_wanted() -> None:
    training = ["An cat, an CAT", "मराठी भाषा मराठी", "東京"]
    counts = count_words(iter(training))
    assert counts == {"an": 2, "cat": 2, "मराठी": 2, "भाषा": 1, "東": 1, "京": 1}
    among = words_used(["Cat dog"], ["मराठी"])
    assert among == {"cat", "dog", "मराठी"}
    assert count_words(training, among=among) == {"cat": 2, "मराठी": 2}


def test_words_are_scored_by_their_class() -> None:
    references = ["the cat sat", "the dog", "the the"]
    hypotheses = ["the cat cat", "a dog", "the the the"]
    classes = score_words(references, {"A": hypotheses}, {"the": 2000, "cat": 1, "dog": 1})
    by_label = {found.bucket.label: found for found in classes}
    assert list(by_label) == ["0 times", "1 time", "1000 times or more"]
    unseen = by_label["0 times"]  # "sat" is lost, "a" is new
    assert (unseen.scores["A"].precision, unseen.scores["A"].recall) == (0, 0)
    assert unseen.bucket.positions.tolist() == [0]
    once = by_label["1 time"]  # "cat" counts once, as the reference has it once
    assert once.scores["A"].precision == pytest.approx(200 / 3)
    assert once.scores["A"].recall == 100
    assert once.scores["A"].f1 == pytest.approx(80)
    assert once.bucket.positions.tolist() == [0, 1]
    often = by_label["1000 times or more"].scores["A"]
    assert (often.num_matched, often.num_hypothesis, often.num_reference) == (3, 4, 4)


def test_a_class_that_one_side_lacks_has_no_rate_of_that_side() -> None:
    (found,) = score_words(["…"], {"A": ["word"], "B": [""]}, {})
    assert found.scores["A"].precision == 0
    assert found.scores["A"].recall is None
    assert found.bucket.positions.tolist() == []
    (found,) = score_words(["word"], {"A": [""]}, {})
    assert (found.scores["A"].precision, found.scores["A"].recall) == (None, 0)


def test_nothing_gives_no_class() -> None:
    assert score_words([], {"A": []}, {}) == []
    assert score_words(["", "?"], {"A": ["", ""]}, {}) == []


def test_systems_must_have_a_hypothesis_for_each_reference() -> None:
    with pytest.raises(DataError, match="hypotheses of 'A'"):
        score_words(["a"], {"A": []}, {})


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_the_classes_together_hold_all_words_and_matches(pairs: list[tuple[str, str]]) -> None:
    references, hypotheses = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    classes = score_words(references, {"A": hypotheses}, {"a": 1, "b": 7, "京": 500})
    scores = [found.scores["A"] for found in classes]
    both = [
        (Counter(words_in(reference)), Counter(words_in(hypothesis)))
        for reference, hypothesis in pairs
    ]
    assert sum(score.num_reference for score in scores) == sum(a.total() for a, _ in both)
    assert sum(score.num_hypothesis for score in scores) == sum(b.total() for _, b in both)
    assert sum(score.num_matched for score in scores) == sum((a & b).total() for a, b in both)
    bounds = list(zip((None, *FREQUENCY_EDGES), (*FREQUENCY_EDGES, None), strict=True))
    ranges = [(found.bucket.low, found.bucket.high) for found in classes]
    assert ranges == [pair for pair in bounds if pair in ranges]
