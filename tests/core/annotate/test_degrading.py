from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.annotate.degrading import degrade, phrase_length
from core.errors import DataError

SENTENCE = "a bhí ag an mbord sular tháinig na daoine eile isteach sa seomra mór sin aréir"
WORDS = SENTENCE.split(" ")


@pytest.mark.parametrize(
    ("num", "words", "characters"), [(1, 2, 4), (5, 2, 4), (6, 3, 6), (15, 4, 8), (20, 5, 10),
                                     (21, 6, 12), (300, 6, 12)],
)  # fmt: skip
def test_longer_texts_lose_more_words(num: int, words: int, characters: int) -> None:
    assert phrase_length(num, is_unspaced=False) == words
    assert phrase_length(num, is_unspaced=True) == characters


def test_a_phrase_of_words_is_replaced_and_the_rest_stays_as_it_is() -> None:
    text = "Tá an cat  dubh\tina luí ar an mata."
    spoilt = degrade(text, [SENTENCE], is_unspaced=False, seed="1")
    assert spoilt.startswith("Tá ") and spoilt.endswith(" mata.")
    new = [word for word in spoilt.split() if word not in text.split()]
    assert 1 <= len(new) <= 4 and set(new) <= set(WORDS)


def test_characters_are_replaced_whole_where_no_blanks_are_set() -> None:
    text = "猫は昨日から食卓の下で静かに眠っている。"
    spoilt = degrade(text, ["👩‍👩‍👧‍👦🇮🇪" * 20], is_unspaced=True, seed="1")
    kept = [character for character in spoilt if character in text]
    assert len(kept) == len(text) - 10
    assert spoilt.count("👩‍👩‍👧‍👦") + spoilt.count("🇮🇪") == 10


@given(
    st.lists(st.sampled_from(WORDS), max_size=25),
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9), min_size=1, max_size=4),
    st.booleans(),
    st.integers(0, 99),
)
def test_a_spoilt_text_is_never_the_text_and_always_the_same(
    words: list[str], others: list[list[str]], is_unspaced: bool, seed: int
) -> None:
    text, donors = " ".join(words), [" ".join(other) for other in others]
    assume(any(donor != text for donor in donors))
    spoilt = degrade(text, donors, is_unspaced=is_unspaced, seed=str(seed))
    assert spoilt.split() != text.split()
    assert spoilt == degrade(text, donors, is_unspaced=is_unspaced, seed=str(seed))


def test_a_text_that_all_others_equal_cannot_be_spoilt() -> None:
    with pytest.raises(DataError, match="No other translation differs from 'Níl.'"):
        degrade("Níl.", ["Níl.", "níl."], is_unspaced=False, seed="1")


def test_an_empty_text_becomes_the_phrase_of_another() -> None:
    assert degrade("", ["Tá sé fuar"], is_unspaced=False, seed="1") in ("Tá sé", "sé fuar")
