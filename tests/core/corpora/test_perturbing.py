from __future__ import annotations

import time
from pathlib import Path
from typing import get_args

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from core.corpora.perturbing import (
    PERTURBATIONS,
    Perturbation,
    num_changed,
    perturb,
    perturbations_for,
)
from core.errors import ConfigError
from core.languages import all_languages

ENGLISH = [
    "The nurse didn't come at 3.5 p.m.; “why?” she asked (twice) — and left...",
    "Wash your hands for 20 seconds, please!",
    "OK",
]
LONG = "one of the many long words that stand here once for every ten others in the text " * 50


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_segment_is_perturbed_alike_whatever_stands_around_it(name: str) -> None:
    whole = perturb(ENGLISH * 3, name, 7, "eng_Latn")
    assert perturb(ENGLISH, name, 7, "eng_Latn") == whole[:3]
    others = ["Something else.", *ENGLISH[1:]]
    assert perturb(others, name, 7, "eng_Latn")[1:] == whole[1:3]


@pytest.mark.parametrize("name", ["typos", "noise"])
def test_seed_and_number_decide(name: str) -> None:
    source = [LONG] * 2
    first = perturb(source, name, 1, "eng_Latn")
    assert first == perturb(source, name, 1, "eng_Latn")
    assert first[0] != first[1]
    assert first[0] != perturb(source, name, 2, "eng_Latn")[0]


def test_perturbations_stay_the_same_for_good() -> None:
    # An unfinished batch of an earlier version goes on with the same sources.
    found = {name: perturb(ENGLISH, name, 1, "eng_Latn")[0] for name in PERTURBATIONS}
    assert found == EXPECTED


EXPECTED: dict[str, str] = {
    "typos": "The nurse didn't come at 3.5 p.m.; “why?” ehe asked (twice) — and left...",
    "lowercase": "the nurse didn't come at 3.5 p.m.; “why?” she asked (twice) — and left...",
    "uppercase": "THE NURSE DIDN'T COME AT 3.5 P.M.; “WHY?” SHE ASKED (TWICE) — AND LEFT...",
    "no punctuation": "The nurse didn't come at 3.5 p.m why she asked twice and left",
    "no diacritics": ENGLISH[0],
    "noise": "The nurse didn't come at 3.5 p.m.; “why 👍?” she asked (twice) — and left...",
}


@pytest.mark.parametrize(
    ("name", "lang", "source", "perturbed"),
    [
        ("lowercase", "gle_Latn", "An tAthair Seán", "an tathair seán"),
        ("lowercase", "tur_Latn", "Isırır İzmir", "ısırır izmir"),
        ("uppercase", "tur_Latn", "ısırır izmir", "ISIRIR İZMİR"),
        ("uppercase", "deu_Latn", "Straße", "STRASSE"),
        ("lowercase", "ell_Grek", "ΟΔΟΣ", "οδος"),
        ("lowercase", "rus_Cyrl", "Йод", "йод"),
        ("no punctuation", "spa_Latn", "¿Qué? ¡Sí!", "Qué Sí"),
        ("no punctuation", "eng_Latn", "word–word, well-known. Then", "word word well-known Then"),
        (
            "no punctuation",
            "eng_Latn",
            "See http://x.org/a_b: 50%, 1,000.",
            "See http x.org/a_b 50% 1,000",
        ),
        ("no punctuation", "mar_Deva", "नमस्ते, क्षत्रिय नियम आहे।", "नमस्ते क्षत्रिय नियम आहे"),
        ("no punctuation", "zho_Hans", "你好，世界。", "你好世界"),
        ("no punctuation", "bod_Tibt", "བོད་སྐད་ཡིན།", "བོད་སྐད་ཡིན"),
        ("no punctuation", "pes_Arab", "سلام، خوبی؟", "سلام خوبی"),
        ("no punctuation", "eng_Latn", "?!", "?!"),  # nothing would be left
        ("no diacritics", "gle_Latn", "Seán Ó Súilleabháin", "Sean O Suilleabhain"),
        ("no diacritics", "gle_Latn", "Sea\u0301n", "Sean"),
        ("no diacritics", "vie_Latn", "tiếng Việt đẹp", "tieng Viet đep"),
        ("no diacritics", "rus_Cyrl", "ёлка й Йод", "елка й Йод"),
        ("no diacritics", "ell_Grek", "Ελλάδα ΐ", "Ελλαδα ι"),
        # Other scripts in the same segment stay whole.
        ("no diacritics", "gle_Latn", "tá क़ नियम é", "ta क़ नियम e"),
    ],
)
def test_perturbed_segment(name: str, lang: str, source: str, perturbed: str) -> None:
    assert perturb([source], name, 1, lang) == [perturbed]


def test_typos_are_one_edit_in_one_word_of_ten() -> None:
    sources = [f"{word}{word} stays" for word in ("nurse", "water", "Dublin", "health")] * 50
    found = perturb(sources, "typos", 1, "eng_Latn")
    assert num_changed(sources, found) == len(sources)
    words = LONG.split()
    typed = perturb([LONG], "typos", 1, "eng_Latn")[0].split()
    assert len(typed) >= len(words) - 5  # a word of one letter is never dropped
    different = sum(a != b for a, b in zip(words, typed, strict=True))
    assert different == round(len(words) / 10)
    assert all(abs(len(a) - len(b)) <= 1 for a, b in zip(words, typed, strict=True))


def test_every_kind_of_typo_and_noise_occurs() -> None:
    typed = set(perturb(["water"] * 300, "typos", 1, "eng_Latn"))
    assert {"awter", "ater", "wwater", "qater"} <= typed
    noisy = " ".join(perturb(["water"] * 300, "noise", 1, "eng_Latn"))
    assert all(piece in noisy for piece in ("water&nbsp;", "wat^er", "water 😀", "water  water"))


@pytest.mark.parametrize(
    ("lang", "source"),
    [
        ("mar_Deva", "क्षत्रिय नियम आणि स्वातंत्र्य नमस्ते प्रार्थना"),
        ("heb_Hebr", "בְּרֵאשִׁית בָּרָא אֱלֹהִים"),
        ("tha_Thai", "กำลังใจที่ดีน้ำใส"),
        ("kor_Hang", "한국어 문장입니다"),
        ("eng_Latn", "zero 👩🏽‍🔬 e\u0301e\u0301 🇮🇪 end"),
    ],
)
def test_characters_stay_whole(lang: str, source: str) -> None:
    known = set(regex.findall(r"\X", source)) | set("abcdefghijklmnopqrstuvwxyz")
    for seed in range(100):
        found = perturb([source], "typos", seed, lang)[0]
        assert set(regex.findall(r"\X", found)) <= known


def test_scripts_without_spaces_get_typos_all_over() -> None:
    source = "今日は天気がとても良いので公園まで散歩に行きたいと思います" * 4
    found = perturb([source], "typos", 1, "jpn_Jpan")[0]
    assert sum(a != b for a, b in zip(found[:30], source[:30], strict=False)) > 0
    assert 3 <= len(source) / 20 <= 7


def test_only_what_a_script_can_bear_is_offered() -> None:
    every = set(PERTURBATIONS)
    assert set(perturbations_for("gle_Latn")) == every
    assert set(perturbations_for("hye_Armn")) == every - {"no diacritics"}
    for lang in ("mar_Deva", "arb_Arab", "tha_Thai", "kat_Geor", "zho_Hans"):
        assert set(perturbations_for(lang)) == {"typos", "no punctuation", "noise"}
    assert all("typos" in perturbations_for(item.code) for item in all_languages())


@pytest.mark.parametrize(
    ("name", "lang", "sentence"),
    [
        ("swap", "eng_Latn", "There is no perturbation 'swap'. There are typos, lowercase"),
        ("no diacritics", "mar_Deva", "'no diacritics' does not apply to Marathi. Choose one of"),
        ("lowercase", "zho_Hans", "'lowercase' does not apply to Chinese"),
        ("typos", "en", "'en' is not a FLORES-200 language code"),
    ],
)
def test_what_does_not_apply_is_refused(name: str, lang: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        perturb(["a"], name, 1, lang)


def test_every_perturbation_is_described() -> None:
    assert tuple(PERTURBATIONS) == get_args(Perturbation)
    assert all(text.endswith(".") for text in PERTURBATIONS.values())


@given(st.lists(st.text()), st.sampled_from(list(PERTURBATIONS)), st.integers(0, 2**32))
def test_no_segment_becomes_empty(sources: list[str], name: str, seed: int) -> None:
    found = perturb(sources, name, seed, "tur_Latn")
    assert [bool(text.strip()) for text in found] == [bool(text.strip()) for text in sources]
    assert len(found) == len(sources)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_time_grows_with_the_length_only(name: str) -> None:
    for text in (
        " " * 100_000,
        "." * 100_000,
        "é" * 100_000,
        ". " * 50_000,
        "a\u0301\u0301" * 30_000,
    ):
        before = time.process_time()
        perturb([text], name, 1, "gle_Latn")
        assert time.process_time() - before < 5


def test_real_sources_are_perturbed_as_announced(loresmt: Path) -> None:
    sources = (loresmt / "test.en2ga.en").read_text(encoding="utf-8").splitlines()
    share = {
        name: num_changed(sources, perturb(sources, name, 1, "eng_Latn")) / len(sources)
        for name in PERTURBATIONS
    }
    assert min(share["typos"], share["noise"], share["uppercase"]) > 0.99
    assert share["lowercase"] > 0.8
    assert share["no punctuation"] > 0.8
    assert share["no diacritics"] < 0.1
