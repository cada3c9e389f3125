from __future__ import annotations

import pytest

from core.errors import ConfigError
from core.languages import all_languages
from core.text.scripts import foreign_share
from core.text.spans import without_spans

SAMPLES = {
    "Arab": "السلام", "Armn": "բարեւ", "Beng": "নমস্কার", "Cyrl": "привіт", "Deva": "नमस्कार",
    "Ethi": "ሰላም", "Geor": "გამარჯობა", "Grek": "καλημέρα", "Gujr": "નમસ્તે", "Guru": "ਸਤਿ",
    "Hang": "안녕 漢", "Hans": "你好", "Hant": "妳好", "Hebr": "שלום", "Jpan": "東京タワーです",
    "Khmr": "សួស្តី", "Knda": "ನಮಸ್ಕಾರ", "Laoo": "ສະບາຍດີ", "Latn": "Dia dhuit ʻokina",
    "Mlym": "നമസ്കാരം", "Mymr": "မင်္ဂလာပါ", "Orya": "ନମସ୍କାର", "Sinh": "ආයුබෝවන්",
    "Taml": "வணக்கம்", "Telu": "నమస్కారం", "Tfng": "ⴰⵣⵓⵍ", "Thai": "สวัสดี", "Tibt": "བཀྲ་ཤིས",
}  # fmt: skip


@pytest.mark.parametrize("lang", [item.code for item in all_languages()])
def test_a_language_has_its_own_script_and_no_other(lang: str) -> None:
    script = lang.partition("_")[2]
    assert foreign_share(SAMPLES[script], lang) == 0
    assert foreign_share("γεια" if script != "Grek" else "hello", lang) == 1


def test_the_share_is_of_the_letters_alone() -> None:
    assert foreign_share("WhatsApp वर ५ संदेश 123!", "mar_Deva") == pytest.approx(8 / 15)
    assert foreign_share("123 … १२", "mar_Deva") is None
    with pytest.raises(ConfigError, match="'mar' is not"):
        foreign_share("a", "mar")


def test_links_and_placeholders_are_left_out() -> None:
    text = without_spans("पहा https://example.org/page आणि {name} <b>")
    assert foreign_share(text, "mar_Deva") == 0
