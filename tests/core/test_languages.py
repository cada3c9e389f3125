import ast
import dataclasses
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError
from core.languages import (
    all_languages,
    further_languages,
    html_tag,
    is_right_to_left,
    language,
    language_name,
    selectable_languages,
)

PROJECT = Path(__file__).parents[2]


def codes_of_transformers(family: str) -> Any:
    """Reads the table of language codes out of a tokenizer's source, without its slow import."""
    spec = find_spec("transformers")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    source = folder / "models" / family / f"tokenization_{family}.py"
    for statement in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign):
            target = statement.targets[0]
            if isinstance(target, ast.Name) and target.id == "FAIRSEQ_LANGUAGE_CODES":
                return ast.literal_eval(statement.value)
    raise AssertionError(f"{source} has no FAIRSEQ_LANGUAGE_CODES.")


def test_there_are_202_languages_with_unique_codes_and_names() -> None:
    languages = all_languages()
    assert len(languages) == 202
    assert len({item.code for item in languages}) == 202
    assert len({item.name for item in languages}) == 202


def test_further_languages_are_other_ones_and_come_behind() -> None:
    flores, further = all_languages(), further_languages()
    assert selectable_languages() == (*flores, *further) and len(further) >= 100
    for field in ("code", "name", "iso"):
        values = [getattr(item, field) for item in (*flores, *further)]
        # In FLORES-200 alone, two scripts of a language share an ISO code.
        assert field == "iso" or len(set(values)) == len(values)
        assert {getattr(item, field) for item in further}.isdisjoint(
            getattr(item, field) for item in flores
        )
    assert len({item.iso for item in further}) == len(further)
    three_letters = [item.code[:3] for item in further]
    assert set(three_letters).isdisjoint(item.code[:3] for item in flores)
    assert [item.name for item in further] == sorted(item.name for item in further)


@pytest.mark.parametrize(
    ("code", "name", "tag"),
    [
        ("cor_Latn", "Cornish", "kw"),
        ("glv_Latn", "Manx", "gv"),
        ("sme_Latn", "Northern Sami", "se"),
    ],
)
def test_further_language_answers_every_question(code: str, name: str, tag: str) -> None:
    assert (language_name(code), html_tag(code), is_right_to_left(code)) == (name, tag, False)
    assert is_right_to_left("div_Thaa") and is_right_to_left("aii_Syrc")
    with pytest.raises(ConfigError) as caught:
        language(name)
    assert caught.value.hint == f"Did you mean {code} ({name})?"


def test_languages_are_sorted_by_name_and_read_once() -> None:
    names = [item.name for item in all_languages()]
    assert names == sorted(names)
    assert all_languages() is all_languages()


def test_every_field_is_well_formed() -> None:
    for item in selectable_languages():
        assert re.fullmatch(r"[a-z]{3}_[A-Z][a-z]{3}", item.code), item
        assert re.fullmatch(r"[A-Z][\w' ()-]+", item.name) and item.name == item.name.strip(), item
        assert re.fullmatch(r"[a-z]{2,3}|", item.m2m100), item
        assert re.fullmatch(r"[a-z]{2}_[A-Z]{2}|", item.mbart50), item
        assert re.fullmatch(r"[a-z]{2,3}", item.iso), item


def test_codes_are_those_of_nllb() -> None:
    assert sorted(item.code for item in all_languages()) == sorted(codes_of_transformers("nllb"))


def test_every_m2m100_code_is_mapped_once() -> None:
    expected = set(codes_of_transformers("m2m_100")["m2m100"])
    assert sorted(item.m2m100 for item in selectable_languages() if item.m2m100) == sorted(expected)
    # FLORES-200 has neither Breton nor Western Frisian.
    assert {item.m2m100 for item in further_languages() if item.m2m100} == {"br", "fy"}


def test_every_mbart50_code_is_mapped_once() -> None:
    expected = codes_of_transformers("mbart50")
    assert sorted(item.mbart50 for item in selectable_languages() if item.mbart50) == sorted(
        expected
    )


@pytest.mark.parametrize(
    "row",
    [
        ("eng_Latn", "English", "en", "en_XX", "en"),
        ("gle_Latn", "Irish", "ga", "", "ga"),
        ("mar_Deva", "Marathi", "mr", "mr_IN", "mr"),
        ("arb_Arab", "Modern Standard Arabic", "ar", "ar_AR", "ar"),
        ("acm_Arab", "Mesopotamian Arabic", "", "", "acm"),
        ("pes_Arab", "Western Persian", "fa", "fa_IR", "fa"),
        ("nso_Latn", "Northern Sotho", "ns", "", "nso"),
        ("fuv_Latn", "Nigerian Fulfulde", "ff", "", "fuv"),
        ("nob_Latn", "Norwegian Bokmål", "no", "", "no"),
        ("tel_Telu", "Telugu", "", "te_IN", "te"),
        ("kas_Arab", "Kashmiri (Arabic script)", "", "", "ks"),
        ("sat_Beng", "Santali", "", "", "sat"),
        ("zho_Hans", "Chinese (Simplified)", "zh", "zh_CN", "zh"),
        ("zho_Hant", "Chinese (Traditional)", "", "", "zh"),
    ],
)
def test_known_rows(row: tuple[str, ...]) -> None:
    assert dataclasses.astuple(language(row[0])) == row
    assert language_name(row[0]) == row[1]


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ga", "Did you mean gle_Latn (Irish)?"),
        ("Irish", "Did you mean gle_Latn (Irish)?"),
        ("irish ", "Did you mean gle_Latn (Irish)?"),
        ("ga-IE", "Did you mean gle_Latn (Irish)?"),
        ("gle", "Did you mean gle_Latn (Irish)?"),
        ("gle_latn", "Did you mean gle_Latn (Irish)?"),
        ("en_XX", "Did you mean eng_Latn (English)?"),
        ("zh", "Did you mean zho_Hans (Chinese (Simplified)) or zho_Hant (Chinese (Traditional))?"),
        ("", "Choose one from the list of languages, such as 'eng_Latn' for English."),
        ("???", "Choose one from the list of languages, such as 'eng_Latn' for English."),
    ],
)
def test_unknown_code_is_refused_with_the_nearest(code: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        language(code)
    assert caught.value.message == f"'{code}' is not a FLORES-200 language code."
    assert caught.value.hint == hint


def test_hint_names_three_at_most_and_the_most_common_first() -> None:
    with pytest.raises(ConfigError) as caught:
        language("Arabic")
    assert caught.value.hint.startswith("Did you mean arb_Arab (Modern Standard Arabic), ")
    assert caught.value.hint.count("_Arab") == 3


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        ("Irsh", "gle_Latn (Irish)"),
        ("spanisch", "spa_Latn (Spanish)"),
        ("mt_Latn", "mlt_Latn (Maltese)"),
        ("Arabc", "arb_Arab (Modern Standard Arabic)"),
    ],
)
def test_hint_forgives_misspellings(code: str, nearest: str) -> None:
    with pytest.raises(ConfigError) as caught:
        language(code)
    assert nearest in caught.value.hint


@pytest.mark.parametrize("refuses", [language_name, is_right_to_left, html_tag])
def test_every_question_refuses_an_unknown_code(refuses: Any) -> None:
    with pytest.raises(ConfigError, match="'en' is not a FLORES-200 language code"):
        refuses("en")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("arb_Arab", True),
        ("heb_Hebr", True),
        ("ydd_Hebr", True),
        ("kas_Arab", True),
        ("ckb_Arab", True),
        ("kas_Deva", False),
        ("gle_Latn", False),
        ("taq_Tfng", False),
        ("zho_Hant", False),
        ("sat_Beng", False),
    ],
)
def test_direction_follows_the_script(code: str, expected: bool) -> None:
    assert is_right_to_left(code) is expected


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("gle_Latn", "ga"),
        ("arb_Arab", "ar"),
        ("acm_Arab", "acm"),
        ("zho_Hans", "zh-Hans"),
        ("zho_Hant", "zh-Hant"),
        ("yue_Hant", "yue"),
        ("kas_Deva", "ks-Deva"),
        ("taq_Tfng", "taq-Tfng"),
        ("min_Latn", "min"),
    ],
)
def test_html_tag(code: str, tag: str) -> None:
    assert html_tag(code) == tag


def test_html_tags_are_unique() -> None:
    tags = {html_tag(item.code) for item in selectable_languages()}
    assert len(tags) == len(selectable_languages())


def test_language_cannot_be_changed() -> None:
    irish: Any = language("gle_Latn")
    with pytest.raises(dataclasses.FrozenInstanceError):
        irish.name = "Gaelic"


def test_module_needs_the_standard_library_only() -> None:
    # -S leaves site-packages out of the path, so that any third-party import fails.
    program = "from core.languages import all_languages; all_languages()"
    subprocess.run([sys.executable, "-S", "-c", program], cwd=PROJECT, check=True, timeout=30)
