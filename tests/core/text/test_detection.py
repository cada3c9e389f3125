from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

from core.errors import ConfigError
from core.languages import all_languages
from core.text.detection import Detected, detect, known_label, label_chances

ALL = [item.code for item in all_languages()]
IDENTIFIER = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
SOME = ["eng_Latn", "gle_Latn", "mar_Deva", "deu_Latn", "zho_Hans", "zho_Hant"]


@pytest.mark.parametrize(
    ("text", "lang", "candidates"),
    [
        ("Hi, how are you?", "eng_Latn", SOME),
        ("Conas atá tú inniu?", "gle_Latn", SOME),
        ("मी ठीक आहे, तू कसा आहेस?", "mar_Deva", SOME),
        ("Guten Morgen, wie geht es dir?", "deu_Latn", SOME),
        ("这是简体中文，我们说汉语", "zho_Hans", SOME),
        ("這是繁體中文，我們說漢語", "zho_Hant", SOME),
        ("здраво свете како си", "srp_Cyrl", ["hrv_Latn", "srp_Cyrl"]),
        ("བཀྲ་ཤིས་བདེ་ལེགས།", "bod_Tibt", ["eng_Latn", "bod_Tibt"]),
        ("ⵜⴰⵎⴰⵣⵉⵖⵜ", "tzm_Tfng", ["eng_Latn", "tzm_Tfng"]),
        ("こんにちは世界", "jpn_Jpan", ["zho_Hans", "jpn_Jpan"]),
        ("Maayong buntag sa tanan nga tawo", "ceb_Latn", ["eng_Latn", "ceb_Latn"]),
        ("Conas atá <b>tú</b> https://example.com/the/home/page", "gle_Latn", SOME),
        ("Conas atá tú inniu, a chara? Tá fáilte romhat.", "gle_Latn", ALL),
    ],
)
def test_language_and_script_are_told_apart(text: str, lang: str, candidates: list[str]) -> None:
    assert detect(text, candidates)[0].lang == lang


def test_one_candidate_gets_no_confidence_for_another_language() -> None:
    german = "Guten Morgen, wie geht es dir heute?"
    assert detect(german, ["eng_Latn"])[0].confidence < 5
    assert detect(german, ["deu_Latn"])[0].confidence > 95
    assert detect("Доброе утро", ["eng_Latn"]) == [Detected("eng_Latn", 0.0)]


@pytest.mark.parametrize("text", ["", " \n", "12 + 3", "🎉…", "https://example.com", "\ue000"])
def test_text_without_letters_gives_the_first_candidate_and_no_confidence(text: str) -> None:
    assert detect(text, SOME) == [Detected("eng_Latn", 0.0)]
    assert detect(text, []) == []


@given(
    st.text(st.characters(exclude_categories=()), max_size=60),
    st.lists(st.sampled_from(ALL), min_size=1, max_size=20, unique=True),
)
def test_any_text_gives_ordered_confidences_of_candidates(text: str, candidates: list[str]) -> None:
    found = detect(text, candidates)
    assert 1 <= len(found) <= 5
    assert {item.lang for item in found} <= set(candidates)
    confidences = [item.confidence for item in found]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 100 for confidence in confidences)
    assert sum(confidences) <= 100.5


def test_unknown_candidate_is_one_clear_error() -> None:
    with pytest.raises(ConfigError, match="'en' is not a FLORES-200 language code"):
        detect("Hello", ["en"])


def test_threads_get_the_same_answers() -> None:
    texts = ["Hi, how are you?", "Conas atá tú inniu?", "मी ठीक आहे"] * 40
    expected = [detect(text, SOME) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: detect(text, SOME), texts)) == expected


def test_detection_is_quick_once_loaded() -> None:
    text = ("The committee agreed that the measures would come into force in May. " * 4)[:200]
    detect(text, ALL)
    started = time.perf_counter()
    for _ in range(20):
        detect(text, ALL)
    assert (time.perf_counter() - started) / 20 < 0.02  # 1 ms; ten times that when others run


@pytest.mark.parametrize(
    ("lang", "label"),
    [
        ("gle_Latn", "ga"),
        ("mar_Deva", "mr"),
        ("apc_Arab", "ar"),
        ("zho_Hant", "zh"),
        ("bod_Tibt", None),
    ],
)
def test_languages_that_the_identifier_knows(lang: str, label: str | None) -> None:
    assert known_label(lang) == label


@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=30), max_size=8))
@example(["", "12", "Conas atá tú inniu?", "WASH YOUR HANDS", "तू कसा आहेस?", "здраво", "ھ" * 4000])
def test_chances_of_many_texts_are_those_of_each_alone(texts: list[str]) -> None:
    labels, chances = label_chances(texts)
    assert chances.shape == (len(texts), len(labels))
    for text, row in zip(texts, chances, strict=True):
        alone = dict(IDENTIFIER.rank(text[:3000]))
        assert {label: alone[label] for label in labels} == pytest.approx(
            dict(zip(labels, row.tolist(), strict=True)), abs=1e-4
        )
