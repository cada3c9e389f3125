from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.text.normalising import _normalised_by_character, normalised

WESTERN = "".join(bytes([code]).decode("cp1252", "ignore") for code in range(256))


def slowly(text: str) -> str:
    """Normalises character by character, whatever the script."""
    return _normalised_by_character(unicodedata.normalize("NFKC", text).casefold())


@example(WESTERN)
@example("".join(map(chr, range(0x80))))
@example("Straße ﬁne½ µ ²")
@example("co\u00adoperate — “Tá”…")
@example("\x1c\x1d\x1e\x1f\x85\xa0 _")
@example("Ÿ\u0301 e\u0301")
@example("half \ud800 a character")
@given(st.one_of(st.text(), st.text(WESTERN), st.text(st.characters(codec="ascii"))))
def test_the_fast_ways_give_what_the_slow_one_gives(text: str) -> None:
    assert normalised(text) == slowly(text)


@pytest.mark.parametrize("letter", WESTERN)
def test_each_western_character_becomes_what_it_becomes_among_others(letter: str) -> None:
    for text in (letter, f"a{letter}b", f"{letter} {letter}"):
        assert normalised(text) == slowly(text)


@given(st.text())
def test_only_blank_texts_come_out_empty(text: str) -> None:
    assert bool(normalised(text)) == bool(unicodedata.normalize("NFKC", text).strip())
