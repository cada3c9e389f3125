from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.text.splitting import Piece, split_long, split_text

# Any code point, also lone surrogates, and those that matter here more often.
TEXTS = st.text(
    st.one_of(
        st.sampled_from(" .!?,;\n\r\t\u2028\u00a0\ue000\ue001aB1é\u0301{}%<>/。，你ก\ud800\udc00"),
        st.characters(exclude_categories=()),
    ),
    max_size=120,
)
LANGS = st.sampled_from(["eng_Latn", "gle_Latn", "mar_Deva", "zho_Hans", "tha_Thai", "ace_Arab"])


def translatable(text: str, lang: str = "eng_Latn") -> list[str]:
    return [piece.text for piece in split_text(text, lang) if piece.is_translatable]


@given(TEXTS, LANGS)
def test_split_keeps_every_character(text: str, lang: str) -> None:
    pieces = split_text(text, lang)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text for piece in pieces)
    for left, right in zip(pieces, pieces[1:], strict=False):
        assert left.is_translatable or right.is_translatable
    for piece in pieces:
        assert not piece.is_translatable or piece.text == piece.text.strip()
        assert not piece.is_translatable or len(piece.text.splitlines()) == 1


@pytest.mark.parametrize(
    ("lang", "text", "sentences"),
    [
        ("eng_Latn", "Hello Mr. Smith.  How are you?", ["Hello Mr. Smith.", "How are you?"]),
        ("gle_Latn", "Dia duit. Conas atá tú?", ["Dia duit.", "Conas atá tú?"]),
        ("mar_Deva", "मी ठीक आहे. तू कसा आहेस?", ["मी ठीक आहे.", "तू कसा आहेस?"]),
        ("hin_Deva", "यह है। वह है।", ["यह है।", "वह है।"]),
        ("zho_Hans", "你好。今天很好！你呢？", ["你好。", "今天很好！", "你呢？"]),
        ("arb_Arab", "مرحبا. كيف حالك؟ جيد", ["مرحبا.", "كيف حالك؟", "جيد"]),
        ("eng_Latn", "", []),
        ("eng_Latn", " \n\t\u2028", []),
        ("eng_Latn", "12.5 % — 🎉 … ١٢", []),
        ("eng_Latn", "\ufeffA title\r\n\r\n- one\n", ["A title", "- one"]),
        ("eng_Latn", "One\ud800. Two.", ["One\ud800.", "Two."]),
    ],
)
def test_sentences_are_found(lang: str, text: str, sentences: list[str]) -> None:
    assert translatable(text, lang) == sentences


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\n\n \n"])
def test_line_ends_are_pieces_of_their_own(end: str) -> None:
    assert split_text(f"one{end}two", "eng_Latn") == [
        Piece("one", True),
        Piece(end, False),
        Piece("two", True),
    ]


def test_marks_do_not_hide_the_end_of_a_sentence_and_stay_at_their_words() -> None:
    text = "See \ue000this.\ue001 \ue002Next\ue003 one."
    assert translatable(text) == ["See \ue000this.\ue001", "\ue002Next\ue003 one."]
    assert translatable("\ue000\ue001 \ue002") == []


def test_unknown_code_is_one_clear_error() -> None:
    with pytest.raises(ConfigError, match="'xx' is not a FLORES-200 language code"):
        split_text("Hello", "xx")


@given(TEXTS, st.integers(1, 30))
def test_long_sentence_is_cut_without_loss_and_each_part_fits(text: str, max_tokens: int) -> None:
    parts = split_long(text, len, max_tokens)
    assert "".join(parts) == text
    assert all(1 <= len(part) <= max_tokens for part in parts)


@given(TEXTS, st.integers(0, 9), st.integers(1, 9))
def test_split_ends_whatever_the_tokenizer_counts(text: str, seed: int, max_tokens: int) -> None:
    parts = split_long(text, lambda part: hash((part, seed)) % 20, max_tokens)
    assert "".join(parts) == text
    assert all(hash((part, seed)) % 20 <= max_tokens or len(part) == 1 for part in parts)


def num_words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize(
    ("text", "max_tokens", "parts"),
    [
        ("one two", 4, ["one two"]),
        ("one two three; four five six", 4, ["one two three; ", "four five six"]),
        ("one two – three four five", 4, ["one two – ", "three four five"]),
        ("one two three four five", 4, ["one two three four ", "five"]),
        ("go to {{ a b }} now or then", 4, ["go to ", "{{ a b }}", " now or then"]),
        ("one two, three 1,000,000", 3, ["one two, ", "three 1,000,000"]),
    ],
)
def test_cut_prefers_stops_then_spaces(text: str, max_tokens: int, parts: list[str]) -> None:
    found = split_long(text, num_words, max_tokens)
    assert [part.strip() for part in found] == [part.strip() for part in parts]


def test_cut_prefers_the_stops_of_writing_without_spaces() -> None:
    assert split_long("今天天气很好，我们去公园", len, 9) == ["今天天气很好，", "我们去公园"]


@pytest.mark.parametrize(
    "unit", ["e\u0301", "👨\u200d👩\u200d👧", "🇮🇪", "क्षि", "\ue000ab\ue001", "{name}"]
)
def test_hard_cut_leaves_graphemes_marks_and_placeholders_whole(unit: str) -> None:
    parts = split_long(unit * 40, len, 16)
    assert "".join(parts) == unit * 40
    assert all(part == unit * (len(part) // len(unit)) for part in parts)


def test_grapheme_longer_than_the_limit_is_cut_all_the_same() -> None:
    text = "a" + "\u0301" * 50
    assert [len(part) for part in split_long(text, len, 20)] == [20, 20, 11]


@pytest.mark.parametrize("text", ["x" * 100_000, "word, " * 20_000, "a" + "\u0301" * 100_000])
def test_huge_sentence_takes_time_in_proportion(text: str) -> None:
    counted = 0

    def num_tokens(part: str) -> int:
        nonlocal counted
        counted += len(part)
        return len(part) // 3

    started = time.perf_counter()
    assert "".join(split_long(text, num_tokens, 200)) == text
    assert time.perf_counter() - started < 5
    assert counted < 40 * len(text)
