from __future__ import annotations

import io
import zipfile

import docx
import pytest

from core.errors import DataError
from core.serving.documents.document import Document
from core.serving.documents.reading import read_document


def letter() -> bytes:
    word = docx.Document()
    word.core_properties.title = "A title"
    word.sections[0].header.paragraphs[0].text = "Head"
    paragraph = word.add_paragraph("Hello ")
    paragraph.add_run("big").bold = True
    paragraph.add_run(" wor")
    paragraph.add_run("ld")
    word.add_table(1, 1).cell(0, 0).text = "Cell"
    stream = io.BytesIO()
    word.save(stream)
    return stream.getvalue()


def read(data: bytes) -> Document:
    return read_document("a.docx", data, "eng_Latn", "gle_Latn")


def test_unchanged_texts_give_the_same_document() -> None:
    document = read(letter())
    assert set(document.texts) == {"Head", "Hello \ue000big\ue001 world", "Cell"}
    word = docx.Document(io.BytesIO(document.write(document.texts)))
    assert word.paragraphs[0].text == "Hello big world"
    assert [run.text for run in word.paragraphs[0].runs if run.bold] == ["big"]
    assert word.core_properties.title == "A title"


def test_translation_keeps_formatting_header_and_table() -> None:
    document = read(letter())
    new = {
        "Head": "Ceann",
        "Hello \ue000big\ue001 world": "Dia \ue000mór\ue001 duit",
        "Cell": "Cill",
    }
    word = docx.Document(io.BytesIO(document.write([new[text] for text in document.texts])))
    assert word.paragraphs[0].text == "Dia mór duit"
    assert [run.text for run in word.paragraphs[0].runs if run.bold] == ["mór"]
    assert word.sections[0].header.paragraphs[0].text == "Ceann"
    assert word.tables[0].cell(0, 0).text == "Cill"


@pytest.mark.parametrize("translation", ["Dia duit", "\ue001Dia\ue000 duit", "\x00Dia \ud800duit"])
def test_broken_translation_loses_no_text(translation: str) -> None:
    document = read(letter())
    word = docx.Document(io.BytesIO(document.write([translation] * len(document.texts))))
    assert word.paragraphs[0].text.replace("\ufffd", "") == "Dia duit"


def bomb(size_bytes: int) -> bytes:
    stream = io.BytesIO(letter())
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/zeros.bin", bytes(size_bytes))
    return stream.getvalue()


def lying_bomb() -> bytes:
    data = bytearray(bomb(50_000_000))
    true_size = (50_000_000).to_bytes(4, "little")
    while (start := data.find(true_size)) >= 0:
        data[start : start + 4] = (1000).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize("data", [bomb(250_000_000), lying_bomb()], ids=["honest", "lying"])
def test_zip_bomb_is_refused(data: bytes) -> None:
    with pytest.raises(DataError, match="a.docx"):
        read(data)


def with_part(name: str, text: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(letter())) as old, zipfile.ZipFile(stream, "w") as new:
        for item in old.namelist():
            new.writestr(item, text if item == name else old.read(item))
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 no archive",
        b"\xd0\xcf\x11\xe0 old Word",
        b"text",
        with_part("word/document.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        with_part("word/document.xml", "<a>" * 10_000),
        with_part("[Content_Types].xml", "<Types/>"),
    ],
)
def test_what_is_no_sound_word_document_is_refused(data: bytes) -> None:
    with pytest.raises(DataError, match="a.docx"):
        read(data)
