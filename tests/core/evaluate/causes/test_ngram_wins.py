from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError, DataError
from core.evaluate.causes.ngram_wins import NgramDifference, find_ngram_excess, find_ngram_wins
from core.evaluate.causes.words import words_in

TEXT = st.lists(st.sampled_from(["a", "b", "क्ष", "京"]), max_size=7).map(" ".join)
GROUPS = st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=6)
NGRAM = tuple[str, ...]


def ngrams_in(text: str, max_order: int) -> Counter[NGRAM]:
    words = words_in(text)
    return Counter(
        tuple(words[start : start + order])
        for order in range(1, max_order + 1)
        for start in range(len(words) - order + 1)
    )


def expected(
    first: list[Counter[NGRAM]], second: list[Counter[NGRAM]], min_count: int
) -> dict[tuple[int, int, int, tuple[int, ...]], int]:
    """Counts n-grams by their words, their counts on both sides and their positions."""
    totals: tuple[Counter[NGRAM], Counter[NGRAM]] = (Counter(), Counter())
    for total, counts in zip(totals, (first, second), strict=True):
        for of_segment in counts:
            total.update(of_segment)
    result: Counter[tuple[int, int, int, tuple[int, ...]]] = Counter()
    for gram in {*totals[0], *totals[1]}:
        ours, theirs = totals[0][gram], totals[1][gram]
        if ours != theirs and ours + theirs >= min_count:
            sides = (first, second) if ours > theirs else (second, first)
            positions = tuple(
                n
                for n, (more, less) in enumerate(zip(*sides, strict=True))
                if more[gram] > less[gram]
            )
            result[len(gram), ours, theirs, positions] += 1
    return dict(result)


def listed(found: NgramDifference) -> dict[tuple[int, int, int, tuple[int, ...]], int]:
    return dict(
        Counter(
            (gram.num_words, gram.num_first, gram.num_second, tuple(gram.positions.tolist()))
            for gram in (*found.first, *found.second)
        )
    )


@settings(max_examples=40)
@given(GROUPS, st.integers(1, 4), st.integers(1, 4))
def test_wins_are_those_counted_one_by_one(
    groups: list[tuple[str, str, str]], max_order: int, min_count: int
) -> None:
    counts = [[ngrams_in(text, max_order) for text in group] for group in groups]
    first = [a & reference for reference, a, _ in counts]
    second = [b & reference for reference, _, b in counts]
    texts = [list(column) for column in zip(*groups, strict=True)]
    found = find_ngram_wins(*texts, max_order=max_order, min_count=min_count, max_ngrams=1000)
    assert listed(found) == expected(first, second, min_count)


@settings(max_examples=40)
@given(GROUPS, st.integers(1, 4))
def test_excess_is_that_counted_one_by_one(
    groups: list[tuple[str, str, str]], min_count: int
) -> None:
    hypotheses = [ngrams_in(text, 4) for _, text, _ in groups]
    references = [ngrams_in(text, 4) for text, _, _ in groups]
    texts = [list(column) for column in zip(*groups, strict=True)]
    found = find_ngram_excess(texts[0], texts[1], min_count=min_count, max_ngrams=1000)
    assert listed(found) == expected(hypotheses, references, min_count)


def test_the_surest_wins_come_first_with_their_log_ratio() -> None:
    references = ["good morning", "good morning", "good night", "all is well"]
    first = ["Good morning", "good morning", "bad night", "all is good"]
    second = ["bad morning", "morning", "bad night", "all is well"]
    found = find_ngram_wins(references, first, second, min_count=1)
    best = found.first[0]
    assert (best.text, best.num_first, best.num_second) == ("good morning", 2, 0)
    assert best.log_ratio == pytest.approx(math.log(3))
    assert best.positions.tolist() == [0, 1]
    assert [gram.text for gram in found.second] == ["all is well", "is well", "well"]
    assert all(gram.log_ratio == pytest.approx(-math.log(2)) for gram in found.second)


def test_fewer_are_the_first_of_more() -> None:
    references = ["a b c d e f", "a b c", "f e d"]
    first, second = ["a b c d", "a b c", ""], ["e f", "", "f e d"]
    all_of_them = find_ngram_wins(references, first, second, min_count=1, max_ngrams=500)
    few = find_ngram_wins(references, first, second, min_count=1, max_ngrams=3)
    for many, some in ((all_of_them.first, few.first), (all_of_them.second, few.second)):
        assert [gram.log_ratio for gram in some] == [gram.log_ratio for gram in many[:3]]


def test_overuse_and_underuse_are_told_apart() -> None:
    found = find_ngram_excess(["東京都", "東京都"], ["東京東京", "東京"], max_order=2, min_count=2)
    assert [(gram.text, gram.num_first, gram.num_second) for gram in found.first] == [
        ("東京", 3, 2),
        ("京", 3, 2),
        ("東", 3, 2),
    ]
    assert [gram.text for gram in found.second] == ["京都", "都"]
    assert found.first[0].positions.tolist() == [0]
    assert found.second[0].positions.tolist() == [0, 1]


def test_equal_and_empty_systems_have_no_wins() -> None:
    for texts in ([], ["", "?"], ["the cat"] * 5, ["القطة على السجادة"] * 5):
        found = find_ngram_wins(texts, texts, texts)
        assert (found.first, found.second) == ((), ())


def test_bad_input_is_refused() -> None:
    with pytest.raises(DataError, match="2 hypotheses of the second system do not go with 1 ref"):
        find_ngram_wins(["a"], ["a"], ["a", "b"])
    with pytest.raises(ConfigError, match="0 times at least"):
        find_ngram_excess(["a"], ["a"], min_count=0)
