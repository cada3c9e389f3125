from __future__ import annotations

import pytest

from core.errors import DataError
from core.serving.documents.reading import FORMATS, read_document, suffix_of, translated_name


@pytest.mark.parametrize("suffix", FORMATS)
def test_suffix_is_found_in_any_case(suffix: str) -> None:
    assert suffix_of(f"C:\\x\\A.b.{suffix.upper()}") == suffix


@pytest.mark.parametrize("name", ["", "docx", "a.exe", "a.docx/", "a.docx.", "a.txt\x00.exe"])
def test_other_names_are_refused_with_the_allowed_suffixes(name: str) -> None:
    with pytest.raises(DataError) as error:
        suffix_of(name)
    assert all(suffix in error.value.hint for suffix in FORMATS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("letter.docx", "letter.gle_Latn.docx"),
        ("../../etc/a\r\nb.TXT", "ab.gle_Latn.txt"),
        (".txt", "document.gle_Latn.txt"),
        ("a\u202etxt.txt", "atxt.gle_Latn.txt"),
    ],
)
def test_translated_name_is_a_clean_base_name(name: str, expected: str) -> None:
    assert translated_name(name, "gle_Latn") == expected


def test_translated_name_has_at_most_150_characters() -> None:
    name = translated_name("é" * 500 + ".txt", "gle_Latn")
    assert len(name) == 150
    assert name.endswith(".gle_Latn.txt")


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\xff", b"PK\x03\x04"])
def test_binary_data_is_never_more_than_a_data_error(suffix: str, data: bytes) -> None:
    try:
        document = read_document(f"a.{suffix}", data, "eng_Latn", "gle_Latn")
    except DataError as error:
        assert "a." in error.message
    else:
        assert document.write(document.texts) == data
