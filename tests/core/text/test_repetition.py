from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.repetition import is_degenerate, shortened

SOURCE = "A long enough sentence about the committee and its work in the spring"


@pytest.mark.parametrize(
    ("hypothesis", "cut"),
    [
        ("dia duit dia duit dia duit dia duit", "dia duit"),
        ("Tá! Tá! Tá! Tá! Tá!", "Tá!"),
        ("an cat an cat an cat an cat an", "an cat"),
        ("Bhí sé ag obair, ag obair, ag obair, ag obair, agus d'imigh.", None),
        ("is é an coiste is é an coiste is é an coiste is é an coiste", "is é an coiste"),
        ("我喜欢我喜欢我喜欢我喜欢", "我喜欢"),
        ("好好好好好好", "好"),
        ("ขอบคุณขอบคุณขอบคุณขอบคุณ", "ขอบคุณ"),
        ("hahahahahahahahahahahahaha", "ha"),
        ("0 0 0 0 0 0 0 0 0 0 0 0", "0"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "a"),
    ],
)
def test_loops_are_found_and_cut_behind_the_first_unit(hypothesis: str, cut: str | None) -> None:
    assert is_degenerate(SOURCE, hypothesis)
    found = shortened(hypothesis)
    assert not is_degenerate(SOURCE, found)
    if cut is not None:
        assert found.strip(" ,!") == cut.strip(" !")


def test_what_follows_a_loop_is_kept() -> None:
    text = "Bhí sé ag obair, ag obair, ag obair, ag obair, agus d'imigh."
    assert shortened(text) == "Bhí sé ag obair, agus d'imigh."


@pytest.mark.parametrize(
    ("source", "hypothesis"),
    [
        ("no, no, no, no", "ná, ná, ná, ná"),
        ("No, no, no", "nein, nein, nein, nein"),
        ("ha ha ha ha", "ha ha ha ha ha"),
        ("Hahaha, funny", "哈哈哈哈，真好笑"),
        ("----", "--------"),
        ("1e15 is big", "Is mór é 1 000 000 000 000 000"),
        ("numbers", "1, 2, 3, 4, 5, 6, 7, 8"),
        ("Good weather today", "今天天气很好，我们去公园散步吧"),
        ("thank you very much", "ขอบคุณมากๆ นะครับ ผมชอบมากจริงๆ"),
        ("Contents", "Clár ........................................"),
        ("Hi", "Dia duit"),
        ("", ""),
        ("It was very, very, very good", "Bhí sé an-, an-, an-mhaith"),
        ("banana", "banana"),
        ("so so so so so so so so so", "mar sin mar sin mar sin mar sin mar sin mar sin"),
    ],
)
def test_legitimate_repetition_is_no_loop(source: str, hypothesis: str) -> None:
    assert not is_degenerate(source, hypothesis)


def test_hypothesis_far_longer_than_its_source_is_degenerate() -> None:
    words = " ".join(f"focal{chr(97 + number)}" for number in range(20))
    assert is_degenerate("Hello there", words)
    assert not is_degenerate("Hello there" * 4, words)


@given(st.text(st.sampled_from("ab 好ก1.,\u0301İ\ud800"), max_size=60))
def test_a_text_is_never_degenerate_to_itself_and_cuts_only_shorten(text: str) -> None:
    assert not is_degenerate(text, text)
    assert len(shortened(text)) <= len(text)


@pytest.mark.parametrize("unit", ["the cat sat ", "a", "好", "a a a a b b b b ", "x1 ", ". "])
def test_long_hypothesis_takes_little_time(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    started = time.perf_counter()
    is_degenerate(text, text)
    shortened(text)
    assert time.perf_counter() - started < 3
