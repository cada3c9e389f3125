from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.systems.word_diff import Part, diff_words

# Few different characters, so that texts have much in common; worst cases of Unicode among them.
TEXTS = st.text(
    st.sampled_from("ab cé\u0301e\n\t,.'-我好かがक्ष\u200dمر\u200f😀👍🏽ก\ud800\x00 "), max_size=40
)


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def shown(parts: list[Part]) -> str:
    marks = {"same": "{}", "added": "+[{}]", "removed": "-[{}]"}
    return "".join(marks[part.kind].format(part.text) for part in parts)


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [
        ("", "", ""),
        ("a", "", "+[a]"),
        ("", "a b", "-[a b]"),
        ("same text", "same text", "same text"),
        (
            "Tá an cat dubh ann.",
            "Bhí an madra bán ann.",
            "-[Bhí]+[Tá] an -[madra bán]+[cat dubh] ann.",
        ),
        ("a x y c", "a c", "a +[x y ]c"),
        ("a c", "a x y c", "a -[x y ]c"),
        ("Yes.", "Yes!", "Yes-[!]+[.]"),
        ("Yes , no", "Yes, no", "Yes+[ ], no"),
        ("a  b", "a b", "a-[ ]+[  ]b"),
        ("x\n\ny", "a\n\nb", "-[a]+[x]\n\n-[b]+[y]"),  # no change reaches across a line break
        ("d'imigh sé", "d'imigh sí", "d'imigh -[sí]+[sé]"),
        ("我喜欢猫", "我不喜欢狗", "我-[不]喜欢-[狗]+[猫]"),
        ("が好き", "か好き", "-[か]+[が]好き"),
        ("हिन्दी भाषा", "हिन्दू भाषा", "-[हिन्दू]+[हिन्दी] भाषा"),
        ("می‌خواهم بروم", "می‌خواهم بمانم", "می‌خواهم -[بمانم]+[بروم]"),
        ("ok 👍🏽", "ok 👍", "ok -[👍]+[👍🏽]"),
        ("ขอบคุณมาก", "ขอบคุณ", "ขอบคุณ+[มาก]"),
        ("a\ud800", "a\udfff", "a-[\udfff]+[\ud800]"),
    ],
)
def test_changes_are_whole_words_with_the_removed_first(
    text: str, other: str, expected: str
) -> None:
    assert shown(diff_words(text, other)) == expected


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Tá sé", "Ta\u0301 se\u0301"),
        ("が", "か\u3099"),
        ("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
        ("Å", "\u212b"),
    ],
)
def test_equivalent_spellings_are_the_same_in_the_spelling_of_the_text(
    text: str, other: str
) -> None:
    assert text != other
    assert diff_words(text, other) == [Part(text, "same")]


@given(TEXTS, TEXTS)
def test_parts_put_together_are_the_two_texts(text: str, other: str) -> None:
    parts = diff_words(text, other)
    assert "".join(part.text for part in parts if part.kind != "removed") == text
    again = "".join(part.text for part in parts if part.kind != "added")
    assert composed(again) == composed(other)


@given(TEXTS.map(composed), TEXTS.map(composed))
def test_without_equivalent_spellings_the_other_text_is_exact(text: str, other: str) -> None:
    parts = diff_words(text, other)
    assert "".join(part.text for part in parts if part.kind != "added") == other


@given(TEXTS, TEXTS)
def test_changes_are_joined(text: str, other: str) -> None:
    parts = diff_words(text, other)
    kinds = [part.kind for part in parts]
    assert all(part.text for part in parts)
    allowed = {
        ("same", "removed"), ("same", "added"), ("removed", "added"),
        ("removed", "same"), ("added", "same"),
    }  # fmt: skip
    assert set(zip(kinds, kinds[1:], strict=False)) <= allowed


@pytest.mark.parametrize("num_words", [2_000, 60_000])
def test_long_texts_are_compared(num_words: int) -> None:
    chance = random.Random(7)
    words = [f"focal{chance.randrange(500)}" for _ in range(num_words)]
    others = [word if chance.random() < 0.7 else "eile" for word in words]
    text, other = "Tús " + " ".join(words) + " deireadh", "Tús " + " ".join(others) + " deireadh"
    parts = diff_words(text, other)
    assert "".join(part.text for part in parts if part.kind != "removed") == text
    assert "".join(part.text for part in parts if part.kind != "added") == other
    assert parts[0].text.startswith("Tús ") and parts[-1].text.endswith(" deireadh")
    # Of the longest ones only the equal ends are found.
    assert (len(parts) > 500) == (num_words == 2_000)


def test_huge_text_without_a_space_is_compared() -> None:
    assert [part.kind for part in diff_words("a" * 500_000, "a" * 499_999)] == ["removed", "added"]
    assert diff_words("好" * 50_000, "好" * 50_000) == [Part("好" * 50_000, "same")]
