from __future__ import annotations

import pytest

from core.language_tags import flores_code
from core.languages import all_languages


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "eng_Latn"),
        ("de", "deu_Latn"),
        ("mr", "mar_Deva"),
        ("ga", "gle_Latn"),
        ("GA", "gle_Latn"),
        ("gle", "gle_Latn"),
        ("cs-CZ", "ces_Latn"),
        ("cs_CZ", "ces_Latn"),
        ("zh", "zho_Hans"),
        ("zh-CN", "zho_Hans"),
        ("zh-TW", "zho_Hant"),
        ("zh-Hant", "zho_Hant"),
        ("zho", ""),  # two scripts, and M2M100 does not call either so
        ("ar", "arb_Arab"),
        ("ar_EG", "arz_Arab"),
        ("ENU", "eng_Latn"),
        ("no", "nob_Latn"),
        ("sr_Cyrl_RS", "srp_Cyrl"),
        ("sr-Latn", ""),  # FLORES-200 has Serbian in Cyrillic only
        ("iu", ""),
        ("ks", ""),
        ("ks-Deva", "kas_Deva"),
        ("any", ""),
        ("English", ""),
        ("", ""),
    ],
)
def test_tags_of_files_become_codes(tag: str, code: str) -> None:
    assert flores_code(tag) == code


def test_every_code_means_itself() -> None:
    assert all(flores_code(item.code) == item.code for item in all_languages())
