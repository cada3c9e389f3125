"""Codes of callers and the languages they mean."""

from typing import Any

import pytest

from core.errors import ConfigError
from core.languages import all_languages
from core.serving.language_codes import LanguageCodes, public_code
from core.serving.servable import Servable


def servable(sources: list[str], targets: list[str]) -> Servable:
    values: dict[str, Any] = {
        "name": "m", "model": "m", "family": "NLLB", "engine": "ctranslate2", "engine_reason": "",
        "quantization": "int8", "licence": "", "notice": "", "max_target_length": 64,
        "num_beams": 1, "size_bytes": 0, "created_at": "",
    }  # fmt: skip
    return Servable(**values, sources=sources, targets=targets)


def everything() -> Servable:
    codes = [item.code for item in all_languages()]
    return servable(codes, codes)


def test_every_public_code_means_its_own_language() -> None:
    codes = LanguageCodes(everything())
    for item in all_languages():
        assert codes.flores(item.code) == item.code
        assert codes.flores(public_code(item.code)) == item.code


@pytest.mark.parametrize(
    ("code", "flores"),
    [
        ("ga", "gle_Latn"),
        (" GA ", "gle_Latn"),
        ("gle_latn", "gle_Latn"),
        ("ga-IE", "gle_Latn"),
        ("zh-hans", "zho_Hans"),
        ("zh_Hant", "zho_Hant"),
        ("mr", "mar_Deva"),
        ("zh-TW", "zho_Hant"),
        ("zh-Hant-TW", "zho_Hant"),
        ("zh", "zho_Hans"),
        ("zt", "zho_Hant"),
        ("nb", "nob_Latn"),
        ("iw", "heb_Hebr"),
    ],
)
def test_codes_are_understood_in_the_spellings_of_clients(code: str, flores: str) -> None:
    assert LanguageCodes(everything()).flores(code) == flores


@pytest.mark.parametrize(
    "code", ["", "xx", "english please", "\x00", "ü" * 1000, "en-Cyrl", "en-Zzzz-x"]
)
def test_an_unknown_code_is_told_with_examples(code: str) -> None:
    codes = LanguageCodes(servable(["eng_Latn"], ["gle_Latn"]))
    with pytest.raises(ConfigError, match="is not a language of this service") as refused:
        codes.flores(code)
    assert len(refused.value.message) < 120 and "eng_latn" in refused.value.hint


def test_a_direction_that_is_not_offered_names_what_is() -> None:
    with pytest.raises(ConfigError) as refused:
        servable(["eng_Latn"], ["gle_Latn"]).require("gle_Latn", "eng_Latn")
    assert "does not translate Irish (gle_Latn) into English (eng_Latn)" in refused.value.message
    assert refused.value.hint == "It translates from English (eng_Latn)."


def test_no_language_is_its_own_target() -> None:
    assert "eng_Latn" not in everything().targets_of("eng_Latn")
    assert len(everything().targets_of("eng_Latn")) == len(all_languages()) - 1
