from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.corpora.doctor.language_check import unidentified

Checking = Callable[..., list[tuple[int, str]]]

ENGLISH = "Wash your hands often and stay at home if you feel unwell."
TEXTS = {
    "eng_Latn": ENGLISH,
    "gle_Latn": "Nigh do lámha go minic agus fan sa bhaile má bhíonn tú tinn.",
    "mar_Deva": "तुमचे हात नियमितपणे धुवा आणि आजारी वाटल्यास घरीच राहा.",
    "hin_Deva": "अपने हाथ बार-बार धोएं और अगर आपकी तबीयत ठीक नहीं है तो घर पर रहें।",
    "arb_Arab": "اغسل يديك كثيرا وابق في المنزل إذا شعرت بالمرض.",
    "zho_Hans": "请经常洗手，如果感到不适，请待在家里。",
    "deu_Latn": "Waschen Sie sich oft die Hände und bleiben Sie zu Hause.",
    "nob_Latn": "Vask hendene ofte og bli hjemme hvis du føler deg syk.",
}


@pytest.mark.parametrize("lang", [lang for lang in TEXTS if lang != "eng_Latn"])
def test_text_in_its_language_is_not_flagged(checked: Checking, lang: str) -> None:
    pairs = [(ENGLISH, TEXTS[lang])]
    assert checked("wrong_language", pairs, tgt_lang=lang, language_confidence=0.5) == []


@pytest.mark.parametrize(
    ("lang", "text", "named"),
    [
        ("gle_Latn", ENGLISH, "English"),
        ("gle_Latn", TEXTS["deu_Latn"], "German"),
        ("mar_Deva", TEXTS["hin_Deva"], "Hindi"),
        ("mar_Deva", ENGLISH, "English"),
        ("arb_Arab", TEXTS["zho_Hans"], "Chinese"),
        ("zho_Hans", TEXTS["arb_Arab"], "Modern Standard Arabic"),
        ("zho_Hans", ENGLISH, "English"),
    ],
)
def test_text_in_another_language_is_flagged_by_its_name(
    checked: Checking, lang: str, text: str, named: str
) -> None:
    found = checked("wrong_language", [(ENGLISH, text)], tgt_lang=lang)
    assert [row for row, _ in found] == [0]
    assert f"target seems to be {named}" in found[0][1]


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("It is late", {}),  # too few letters to tell
        ("12 34 56 78 90 " * 5, {}),
        ("Lean an chomhairle thuas.", {"language_min_letters": 15}),  # as good Scots Gaelic
        ("Naproxen – ainm branda: Naprosyn", {"language_min_letters": 15}),
        ("https://www.example.com/this/is/an/english/address Nigh do lámha", {}),
    ],
)
def test_doubtful_text_is_not_flagged(
    checked: Checking, text: str, changes: dict[str, Any]
) -> None:
    assert checked("wrong_language", [(ENGLISH, text)], **changes) == []


def test_swapped_sides_are_said_to_be_swapped(checked: Checking) -> None:
    pairs = [(ENGLISH, TEXTS["gle_Latn"]), (TEXTS["gle_Latn"], ENGLISH)]
    found = checked("wrong_language", pairs)
    assert {row for row, _ in found} == {1}
    assert (1, "the sides seem to be swapped") in found


def test_language_that_the_identifier_does_not_know_is_not_judged(checked: Checking) -> None:
    assert unidentified(("eng_Latn", "gle_Latn")) == ()
    assert unidentified(("eng_Latn", "bod_Tibt")) == ("bod_Tibt",)
    tibetan = "བཀྲ་ཤིས་བདེ་ལེགས། ཁྱེད་རང་སྐུ་གཟུགས་བདེ་པོ་ཡིན་པས།"
    pairs = [(ENGLISH, tibetan), (TEXTS["deu_Latn"], tibetan), (ENGLISH, TEXTS["deu_Latn"])]
    found = checked("wrong_language", pairs, tgt_lang="bod_Tibt")
    assert [row for row, _ in found] == [1]
    assert "source seems to be German" in found[0][1]


def test_few_of_a_real_corpus_are_flagged(checked: Checking, loresmt: Any) -> None:
    sides = [
        (loresmt / f"train.{code}").read_text(encoding="utf-8").split("\n")[:-1]
        for code in ("en", "ga")
    ]
    found = checked("wrong_language", list(zip(*sides, strict=True)))
    # All seven were left in English by the translator.
    assert [row for row, _ in found] == [5291, 5301, 5565, 5592, 5902, 7872, 7873]
