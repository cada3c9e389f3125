from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from core.evaluate.causes.words import (
    counted,
    is_mostly_unspaced,
    joined,
    matched,
    num_words,
    numbered,
    words_in,
)
from core.text.spans import UNSPACED

TEXTS = st.lists(
    st.lists(st.sampled_from("abcü"), max_size=8).map(" ".join), min_size=1, max_size=6
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat, 25 Cats!", ["the", "cat", "25", "cats"]),
        ("D’fhéadfadh sé", ["d", "fhéadfadh", "sé"]),
        ("e\u0301a ÉA", ["éa", "éa"]),
        ("क्षेत्र, मराठी!", ["क्षेत्र", "मराठी"]),
        ("مرحبا بكم؟", ["مرحبا", "بكم"]),
        ("می\u200cروم", ["می\u200cروم"]),
        ("ก็ดี", ["ก็", "ดี"]),
        ("東京タワー 2 km。", ["東", "京", "タ", "ワー", "2", "km"]),
        ("…", []),
    ],
)
def test_words_are_letters_digits_and_marks(text: str, words: list[str]) -> None:
    assert words_in(text) == words
    assert num_words(text) == len(words)


def test_each_character_of_writing_without_spaces_is_a_word() -> None:
    letters = regex.findall(
        rf"[\p{{L}}&&{UNSPACED}]", "".join(map(chr, range(sys.maxunicode + 1))), regex.VERSION1
    )
    assert len(letters) > 90_000
    for letter in (*letters[:2000], *letters[2000::50]):
        assert num_words(letter * 2) == len(words_in(letter * 2)) == 2, letter


def test_only_writing_without_spaces_is_found_to_be_unspaced() -> None:
    assert is_mostly_unspaced(["我们在这里", "OK"])
    assert is_mostly_unspaced(["ภาษาไทย"])
    assert not is_mostly_unspaced(["the sign 京 means capital"])
    assert not is_mostly_unspaced(["मराठी", "العربية"])
    assert not is_mostly_unspaced([])


def test_words_are_joined_as_they_are_written() -> None:
    assert joined(["the", "cat"]) == "the cat"
    assert joined(["東", "京", "タ", "ワー"]) == "東京タワー"
    assert joined(["2", "京", "x"]) == "2 京 x"


@given(TEXTS, TEXTS)
def test_matches_are_the_common_words_of_each_segment(first: list[str], second: list[str]) -> None:
    num_segments = min(len(first), len(second))
    numbers: dict[str, int] = {}
    sides = [numbered(texts[:num_segments], numbers) for texts in (first, second)]
    found = matched(*(counted(side.ids, side.segments, num_segments) for side in sides))
    names = list(numbers)
    expected = {
        (names.index(word), position): times
        for position in range(num_segments)
        for word, times in (
            Counter(words_in(first[position])) & Counter(words_in(second[position]))
        ).items()
    }
    keys = zip(*np.divmod(found.keys, num_segments), strict=True)
    assert dict(zip(((int(a), int(b)) for a, b in keys), found.counts, strict=True)) == expected
