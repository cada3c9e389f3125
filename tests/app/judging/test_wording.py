"""The message files: complete, alike, and open to further languages."""

import json
import re
from pathlib import Path

import pytest

from app.judging import wording as module
from app.judging.wording import FOLDER, interface_languages, wording
from core.annotate.typologies import TYPOLOGIES
from core.languages import language

FILES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json")}
ENGLISH = FILES["eng_Latn"]


@pytest.mark.parametrize("code", sorted(FILES))
def test_every_file_has_the_keys_and_places_of_the_english_one(code: str) -> None:
    assert language(code).code == code
    assert set(FILES[code]) == set(ENGLISH)
    for key, sentence in FILES[code].items():
        places = sorted(re.findall(r"\{\w+\}", sentence))
        assert places == sorted(re.findall(r"\{\w+\}", ENGLISH[key])), key
        assert sentence.strip() == sentence != "", key


@pytest.mark.parametrize("code", sorted(FILES))
def test_every_category_dimension_and_severity_has_its_words(code: str) -> None:
    names = {each.name for typology in TYPOLOGIES.values() for each in typology.categories}
    severities = {each for typology in TYPOLOGIES.values() for each in typology.severities}
    wanted = {f"category.{name}" for name in names}
    wanted |= {f"dimension.{name.partition('/')[0]}" for name in names}
    wanted |= {f"severity.{name}" for name in severities}
    wanted |= {f"sqm.{value}" for value in range(7)} | {f"esa.{at}" for at in (0, 33, 66, 100)}
    assert wanted <= set(FILES[code])


def test_values_are_put_in_as_they_are() -> None:
    said = wording("eng_Latn").t("annotator.place", number="{count}", count=9)
    assert said == "Segment {count} of 9"
    assert wording("gle_Latn").t("annotator.next") == "Ar aghaidh"
    assert wording("eng_Latn").t("no.such.key") == "no.such.key"


def test_a_language_without_a_file_is_answered_in_english() -> None:
    assert wording("mar_Deva").t("annotator.next") == "Next"


def test_own_categories_and_severities_are_called_as_they_are() -> None:
    words = wording("gle_Latn")
    assert words.category("Tone/Too loud") == "Too loud"
    assert words.dimension("Tone/Too loud") == "Tone"
    assert words.severity("fatal") == "fatal"
    assert words.category("Other") == words.dimension("Other") == "Eile"


def test_a_new_file_adds_a_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "eng_Latn.json").write_text(json.dumps(ENGLISH), encoding="utf-8")
    added = {"language": "Cymraeg", "annotator.next": "Ymlaen"}
    (tmp_path / "cym_Latn.json").write_text(json.dumps(added), encoding="utf-8")
    caches = (module.interface_languages, module._wording, module._file)
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    for each in caches:
        each.cache_clear()
    try:
        assert list(interface_languages().items()) == [
            ("eng_Latn", "English"),
            ("cym_Latn", "Cymraeg"),
        ]
        assert wording("cym_Latn").t("annotator.next") == "Ymlaen"
        assert wording("cym_Latn").t("annotator.close") == "Close"
    finally:
        for each in caches:
            each.cache_clear()
