from __future__ import annotations

import pytest
import srt
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.serving.documents.document import Document
from core.serving.documents.reading import read_document

CUE = "7\n00:00:01,000 --> 00:00:02,500\n{}\n\n"


def read(text: str) -> Document:
    return read_document("a.srt", text.encode(), "eng_Latn", "gle_Latn")


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("One sentence\nover lines.", ["One sentence over lines."]),
        ("- Who?\n- Me.", ["Who?", "Me."]),
        ("<i>All of it</i>", ["All of it"]),
        ("{\\an8}<b>Some</b> of it", ["Some\ue000 of it"]),
        ("1984", []),
        ("Year\n1984", ["Year 1984"]),
        ("a < b", ["a < b"]),
    ],
)
def test_cue_gives_its_texts(content: str, texts: list[str]) -> None:
    assert read(CUE.format(content)).texts == texts


def test_translation_is_spread_over_as_many_lines() -> None:
    document = read(CUE.format("One sentence\nover lines."))
    written = document.write(["aon abairt amháin ar roinnt línte"]).decode()
    assert written == CUE.format("aon abairt amháin\nar roinnt línte")


@given(st.lists(st.text(st.sampled_from("ab1\n\r-> <i:,"), max_size=15), min_size=1, max_size=4))
def test_no_translation_changes_number_or_time(translations: list[str]) -> None:
    page = "".join(CUE.format(f"Text {index} a\nb") for index in translations and range(4))
    written = read(page).write([*translations, *["x"] * (4 - len(translations))]).decode()
    old, new = list(srt.parse(page)), list(srt.parse(written))
    assert [(cue.index, cue.start, cue.end) for cue in new] == [
        (cue.index, cue.start, cue.end) for cue in old
    ]


@pytest.mark.parametrize(
    "text", ["\n" * 300_000, CUE.format("word word\n" * 20_000), CUE.format("<i" * 50_000)]
)
def test_long_subtitles_come_back_as_they_are(text: str) -> None:
    document = read(text)
    assert document.write(document.texts) == text.encode()
    assert document.write([unit.upper() for unit in document.texts]) == text.upper().encode()


def test_line_without_a_time_is_named() -> None:
    with pytest.raises(DataError, match=r"Line 2 of 'a.srt' comes without a time\."):
        read("\nHello\n" + CUE.format("x"))
