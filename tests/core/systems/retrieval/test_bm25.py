from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.systems.retrieval.bm25 import K1, B, Bm25Index, words_in

WORDS = ["the", "The", "cat", "teach", "क्षेत्र", "我们", "喜", "☕", "\ud800", "?", "e\u0301", "é"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


def straightforward(texts: list[str], query: str) -> dict[int, float]:
    """The scores above 0, word by word as the formula stands in the literature."""
    documents = [list(words_in(text)) for text in texts]
    mean = sum(map(len, documents)) / len(documents)
    scores: dict[int, float] = {}
    for word in words_in(query):
        num_with = sum(word in document for document in documents)
        for number, document in enumerate(documents):
            frequency = document.count(word)
            if frequency:
                weight = math.log(1 + (len(texts) - num_with + 0.5) / (num_with + 0.5))
                norm = K1 * (1 - B + B * len(document) / mean)
                share = weight * frequency * (K1 + 1) / (frequency + norm)
                scores[number] = scores.get(number, 0) + share
    return scores


@given(st.lists(TEXTS, min_size=1, max_size=30), TEXTS, st.integers(1, 40))
def test_scores_are_those_of_the_formula_and_the_best_come_first(
    texts: list[str], query: str, count: int
) -> None:
    expected = straightforward(texts, query)
    found = Bm25Index(texts).top(query, count)
    assert len(found) == min(count, len(expected))
    assert [score for _, score in found] == pytest.approx(
        sorted(expected.values(), reverse=True)[:count], rel=1e-5
    )
    for number, score in found:
        assert score == pytest.approx(expected[number], rel=1e-5)


def test_scores_of_a_worked_example() -> None:
    """Three texts of 2, 2 and 5 words, "cat" in two of them: ln(1 + 1.5 / 2.5) = 0.4700."""
    found = Bm25Index(["a cat", "a dog", "cat cat sat with cat"]).top("cat", 3)
    assert found == [
        (2, pytest.approx(0.4700 * 3 * 2.2 / (3 + 1.2 * (0.25 + 0.75 * 5 / 3)), rel=1e-4)),
        (0, pytest.approx(0.4700 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 3)), rel=1e-4)),
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_equal_scores_stand_in_the_order_of_the_texts(count: int) -> None:
    index = Bm25Index(["x", "the cat", "the dog", "the cat", "the cat", "y"])
    assert [number for number, _ in index.top("cat", count)] == [1, 3, 4][:count]


def test_rare_words_count_more_than_frequent_ones() -> None:
    texts = ["the end of the the the"] * 50 + ["a committee met"]
    assert Bm25Index(texts).top("the committee", 1)[0][0] == 50


def test_word_of_all_texts_still_finds_them() -> None:
    assert len(Bm25Index(["the cat", "the dog"]).top("the", 5)) == 2


def test_excluded_texts_leave_their_places_to_others() -> None:
    index = Bm25Index(["cat", "cat cat", "cat dog", "dog"])
    assert [n for n, _ in index.top("cat", 1, excluded=np.array([0, 1]))] == [2]
    assert index.top("cat", 9, excluded=np.arange(4)) == []


@pytest.mark.parametrize("query", ["", "  \n", "zebra", "?!", "\ud800", "\u200b\u200d", "\0"])
def test_query_without_a_known_word_finds_nothing(query: str) -> None:
    assert Bm25Index(["the cat", "a dog"]).top(query, 5) == []


@pytest.mark.parametrize("texts", [[], [""], ["", " ", "\ud800"]])
def test_collection_without_words_can_be_asked(texts: list[str]) -> None:
    assert Bm25Index(texts).top("cat", 5) == []


@pytest.mark.parametrize("count", [0, -1])
def test_no_text_is_given_where_none_is_asked_for(count: int) -> None:
    assert Bm25Index(["cat"]).top("cat", count) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The CAT, the cat!", ["the", "cat", "the", "cat"]),
        ("D'imigh sé i 1916.", ["d", "imigh", "sé", "i", "1916"]),
        ("e\u0301 ﬁn ＡＢＣ", ["é", "fin", "abc"]),
        # A conjunct, a vowel sign, and a joiner that only changes the look of a conjunct.
        ("क्षेत्र की बैठक, क्\u200dष", ["क्षेत्र", "की", "बैठक", "क्ष"]),
        ("مَرحبا بكم", ["مَرحبا", "بكم"]),
        ("我们去A4纸", ["我们", "们去", "我", "们", "去", "a4", "纸"]),
        ("ラーメン", ["ラー", "ーメ", "メン"]),
        ("ไทย ก", ["ไท", "ทย", "ก"]),
        ("မြန်", ["မြ", "ြန", "န်"]),
        ("\ufa10 ㍿", ["塚", "株式", "式会", "会社", "株", "式", "会", "社"]),
        ("☕", ["☕"]),
        ("", []),
    ],
)
def test_words_keep_their_marks_and_unspaced_writing_gives_neighbours(
    text: str, words: list[str]
) -> None:
    assert list(words_in(text)) == words


@given(st.text(max_size=50))
def test_any_text_finds_itself_when_it_has_words(text: str) -> None:
    found = Bm25Index([text, "xyz"]).top(text, 2)
    assert (0 in [number for number, _ in found]) == bool(list(words_in(text)))
