from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.corpora.leakage.grams import Grain, grain_of, grams_of, words_of

WORDS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=12).map(" ".join)


@pytest.mark.parametrize(
    ("lang", "size", "is_of_characters"),
    [
        ("eng_Latn", 5, False),
        ("mar_Deva", 5, False),
        ("bod_Tibt", 5, False),  # the tsheg between syllables becomes a space
        ("zho_Hans", 8, True),
        ("yue_Hant", 8, True),
        ("jpn_Jpan", 10, True),
        ("tha_Thai", 20, True),
    ],
)
def test_grams_are_of_characters_where_words_are_not_set_apart(
    lang: str, size: int, is_of_characters: bool
) -> None:
    assert grain_of(lang) == Grain(size, is_of_characters)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=8), st.integers(1, 5))
def test_equal_grams_have_equal_hashes_and_others_have_not(
    known: list[str], texts: list[str], size: int
) -> None:
    grain = Grain(size)
    words = words_of(known, grain)
    found = grams_of(texts, grain, words)
    expected = []
    for row, text in enumerate(texts):
        units = text.split()
        grams = [tuple(units[i : i + size]) for i in range(len(units) - size + 1)]
        assert found.totals[row] == len(grams)
        expected += [(row, gram) for gram in grams if all(unit in words for unit in gram)]
    assert found.rows.tolist() == [row for row, _ in expected]
    pairs = set(zip(found.hashes.tolist(), (gram for _, gram in expected), strict=True))
    assert len({number for number, _ in pairs}) == len({gram for _, gram in pairs}) == len(pairs)


def test_spaces_are_no_characters_of_a_gram() -> None:
    grain = Grain(3, is_of_characters=True)
    first, second = (grams_of([text], grain, {}) for text in ("我 喜欢你", "我喜 欢你"))
    assert first.hashes.tolist() == second.hashes.tolist()
    assert first.totals.tolist() == [2]
