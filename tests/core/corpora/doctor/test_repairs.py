from __future__ import annotations

import pytest

from core.corpora.doctor.repairs import repaired
from core.corpora.doctor.settings import PRESETS, DoctorSettings, preset


@pytest.mark.parametrize(
    ("repair", "text", "expected"),
    [
        ("fix_mojibake", "TÃ¡ fÃ¡ilte romhat", "Tá fáilte romhat"),
        ("fix_mojibake", "“Tá” – fáilte…", "“Tá” – fáilte…"),  # only the encoding is mended
        ("fix_mojibake", "&lt;b&gt; ﬁ", "&lt;b&gt; ﬁ"),
        ("remove_controls", "a\x00b\tc\nd\ufffd\r\n", "ab\tc\nd\ufffd\n"),
        ("strip_spaces", "\ufeff \u200b a b\u00a0\n", "a b"),
        ("strip_spaces", "क\u094d", "क\u094d"),
        ("compose", "e\u0301", "é"),
    ],
)
def test_repair_mends_its_own_damage_only(repair: str, text: str, expected: str) -> None:
    assert repaired(text, DoctorSettings(**{repair: True})) == expected
    assert repaired(text, DoctorSettings()) == text


@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_changes_a_text(name: str) -> None:
    assert not preset(name).has_repairs
