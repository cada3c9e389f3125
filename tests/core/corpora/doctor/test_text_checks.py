from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from ftfy.badness import MOJIBAKE_CATEGORIES, badness
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.corpora.doctor.text_checks import is_blank_text, without_controls

Checking = Callable[..., list[tuple[int, str]]]

GOOD = [
    "Wash your hands.\tNow\n",
    "Nigh do lámha. D’fhéadfá “é” a dhéanamh…",
    "तुमचे हात धुवा आणि मास्क वापरा",
    "اغسل يديك جيدا وارتد الكمامة",
    "请经常洗手并戴口罩。",
    "👩\u200d⚕️ Wash 👍🏽 e\u0301 \u200f",
    "\u2028\u00a0\u00ad",
]


@pytest.mark.parametrize(
    ("text", "is_blank"),
    [
        ("", True),
        (" \t\n\u00a0\u3000", True),
        ("\u200b\ufeff\u2060\u200f\u00ad", True),
        ("\u3164", True),
        ("\u2800", True),
        ("\x00", True),
        ("a", False),
        (" . ", False),
        ("🎉", False),
        ("क", False),
        ("\u200b१", False),
        ("\ufffd", False),
        ("\ue000", False),  # flagged as a private character instead
    ],
)
def test_blank_is_what_cannot_be_seen(text: str, is_blank: bool) -> None:
    assert is_blank_text(text) is is_blank


@pytest.mark.parametrize("text", GOOD)
def test_good_text_of_any_script_holds_nothing_damaged(checked: Checking, text: str) -> None:
    assert checked("control", [(text, text)]) == []
    assert checked("mojibake", [(text, text)]) == []


@pytest.mark.parametrize(
    ("char", "name"),
    [
        ("\x00", "U+0000"),
        ("\x1b", "U+001B"),
        ("\r", "U+000D"),
        ("\x85", "U+0085"),
        ("\ufffd", "U+FFFD"),
        ("\ue000", "U+E000"),
        ("\uffff", "U+FFFF"),
        ("\u0378", "U+0378"),
        ("\U000f0000", "U+F0000"),
        ("\ud83d", "U+D83D"),
    ],
)
def test_control(checked: Checking, char: str, name: str) -> None:
    assert checked("control", [("fine", f"a{char}b")]) == [(0, f"target holds {name}")]
    assert checked("control", [(f"a{char}b", "fine")]) == [(0, f"source holds {name}")]


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_removed_are_exactly_the_bad_characters_but_the_lost_one(text: str) -> None:
    bad = {"Cc", "Cs", "Co", "Cn"}
    expected = [c for c in text if c in "\t\n" or unicodedata.category(c) not in bad]
    assert without_controls(text) == "".join(expected)


@pytest.mark.parametrize(
    ("text", "num_places"),
    [("TÃ¡ fÃ¡ilte romhat", 2), ("itâ€™s late", 1), ("à¤¤à¥\x81à¤®à¤šà¥‡", 7), ("fáilte", 0)],
)
def test_mojibake(checked: Checking, text: str, num_places: int) -> None:
    found = checked("mojibake", [("fine", text)])
    assert len(found) == min(1, num_places)
    assert bool(checked("mojibake", [("fine", text)], min_badness=2)) is (num_places > 1)


_LETTERS = "".join(MOJIBAKE_CATEGORIES[kind] for kind in MOJIBAKE_CATEGORIES)


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from(sorted({*_LETTERS, *"aZ .,1", *"काœµ"})), max_size=12))
def test_quick_look_at_characters_hides_no_garbled_place(checked: Checking, text: str) -> None:
    assert bool(checked("mojibake", [("fine", text)])) is (badness(text) > 0)


@pytest.mark.parametrize(
    ("text", "flagged_by"),
    [
        ("Wash your hands", ""),
        ("1918 flu", "0.5"),
        ("12:30 - 14:45", "0.1 0.3 0.5"),
        ("....!!", "0.1 0.3 0.5"),
        ("🎉🎉🎉 ok", "0.5"),
        ("€10 mn", "0.5"),
        ("€1,000.50 m", "0.3 0.5"),
        ("मी ठीक आहे।", ""),  # vowel signs are letters
        ("请洗手。", ""),
        ("اغسل يديك!", ""),
        ("https://www.hse.ie/2020/12/", ""),  # nothing but a link: no letters to count
        ("<b>ok</b>", ""),
    ],
)
def test_punctuation(checked: Checking, text: str, flagged_by: str) -> None:
    found = [
        str(share)
        for share in (0.1, 0.3, 0.5)
        if checked("punctuation", [("fine", text)], min_letter_share=share)
    ]
    assert found == flagged_by.split()


@pytest.mark.parametrize(
    ("lang", "text", "changes", "is_flagged"),
    [
        ("gle_Latn", "Nigh do lámha go minic", {}, False),
        ("gle_Latn", "Мойте руки чаще", {}, True),
        ("mar_Deva", "तुमचे हात नियमित धुवा", {}, False),
        ("mar_Deva", "Wash your hands often", {}, True),
        ("mar_Deva", "WHO", {}, False),
        ("mar_Deva", "COVID-19 ची लस घ्या", {}, False),
        ("mar_Deva", "COVID-19 ची लस घ्या", {"max_foreign_share": 0.25}, True),
        ("mar_Deva", "https://www.hse.ie/covid वाचा", {}, False),
        ("arb_Arab", "اغسل يديك جيدا", {}, False),
        ("arb_Arab", "Wash your hands often", {}, True),
        ("zho_Hans", "请经常洗手并戴口罩", {}, False),
        ("zho_Hans", "Wash your hands often", {}, True),
        ("zho_Hans", "तुमचे हात नियमित धुवा", {}, True),
        ("jpn_Jpan", "手をよく洗ってください", {}, False),
        ("gle_Latn", "12345 !!", {}, False),
    ],
)
def test_wrong_script(
    checked: Checking, lang: str, text: str, changes: dict[str, Any], is_flagged: bool
) -> None:
    found = checked("wrong_script", [("fine", text)], tgt_lang=lang, **changes)
    assert bool(found) is is_flagged
