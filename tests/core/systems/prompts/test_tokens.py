from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.systems.prompts.tokens import count_messages, estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        # Counted with the tokenizer o200k; the estimate may be off by half.
        ("The committee will meet again in the spring to discuss the report.", 13),
        ("Tiocfaidh an coiste le chéile arís san earrach chun an tuarascáil a phlé.", 23),
        ("Комитет снова соберётся весной, чтобы обсудить отчёт.", 16),
        ("समिती अहवालावर चर्चा करण्यासाठी वसंत ऋतूत पुन्हा भेटेल.", 22),
        ("委员会将于春季再次开会讨论该报告。", 13),
        ("ستجتمع اللجنة مرة أخرى في الربيع لمناقشة التقرير.", 15),
    ],
)
def test_estimate_is_near_what_a_tokenizer_counts(text: str, tokens: int) -> None:
    assert tokens / 2 <= estimate_tokens(text) <= 2 * tokens


def test_scripts_differ_in_tokens_a_character() -> None:
    samples = ["a" * 100, "é" * 100, "я" * 100, "क" * 100, "好" * 100]
    latin, accented, cyrillic, devanagari, han = (estimate_tokens(text) for text in samples)
    assert latin == 24
    assert latin < cyrillic < devanagari < han < accented


@pytest.mark.parametrize(
    "text", ["", " ", "\x00", "\ud800", "👍🏽", "a" * 1_000_000, "ꦗꦮ", "123", "\n", "٣٤", "᠎"]
)
def test_any_text_has_an_estimate(text: str) -> None:
    estimate = estimate_tokens(text)
    assert (estimate == 0) == (text == "")
    assert estimate <= 4 * len(text)


@given(st.text(), st.text())
def test_estimate_grows_with_the_text(text: str, more: str) -> None:
    both = estimate_tokens(text + more)
    assert estimate_tokens(text) <= both <= estimate_tokens(text) + estimate_tokens(more) + 1


def test_known_ratio_takes_the_place_of_the_rule() -> None:
    assert estimate_tokens("a" * 10, characters_per_token=4) == 3
    assert estimate_tokens("好" * 10, characters_per_token=2.5) == 4
    assert estimate_tokens("", characters_per_token=4) == 0


@pytest.mark.parametrize("ratio", [0, -1, math.inf, math.nan])
def test_impossible_ratio_is_an_error(ratio: float) -> None:
    with pytest.raises(ConfigError, match="characters a token are not possible"):
        estimate_tokens("a", characters_per_token=ratio)
    with pytest.raises(ConfigError, match="characters a token are not possible"):
        count_messages([{"role": "user", "content": "a"}], characters_per_token=ratio)


def test_messages_count_with_the_marks_around_them() -> None:
    messages = [{"role": "system", "content": "a" * 8}, {"role": "user", "content": "b" * 4}]
    assert count_messages([]) == 3
    assert count_messages(messages, characters_per_token=4) == 3 + (4 + 2) + (4 + 1)
    assert count_messages(messages) == 3 + (4 + 2) + (4 + 1)
