from __future__ import annotations

import io
import zipfile

import docx
import pytest

from core.errors import DataError
from core.serving.documents.document import Document
from core.serving.documents.reading import read_document

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'
TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.{}+xml"


def word_file(body: str, **parts: str) -> bytes:
    """Gives a Word document of a main part and others by the name of their kind."""
    contents = {"main": f"<w:body>{body}</w:body>", **parts}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        overrides = "".join(
            f'<Override PartName="/word/{kind}.xml" ContentType="{TYPE.format(name)}"/>'
            for kind in contents
            for name in ["document.main" if kind == "main" else kind]
        )
        made.writestr("[Content_Types].xml", TYPES.format(overrides))
        made.writestr("word/media/image.png", b"\x89PNG")
        for kind, text in contents.items():
            made.writestr(f"word/{kind}.xml", f'<w:root xmlns:w="{WORD}">{text}</w:root>')
    return stream.getvalue()


def read(data: bytes) -> Document:
    return read_document("a.docx", data, "eng_Latn", "gle_Latn")


def main_part(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.testzip() is None
        return found.read("word/main.xml").decode()


def run(text: str, formatting: str = "") -> str:
    return f"<w:r><w:rPr>{formatting}</w:rPr><w:t>{text}</w:t></w:r>"


@pytest.mark.parametrize(
    ("paragraph", "texts"),
    [
        (run("Hel") + run("lo"), ["Hello"]),
        (run("Hel") + '<w:proofErr w:type="x"/>' + run("lo", '<w:lang w:val="en"/>'), ["Hello"]),
        (run("A ") + run("b", "<w:b/>") + run("c", "<w:b/>"), ["A \ue000bc"]),
        (run("A") + "<w:r><w:tab/></w:r>" + run("b"), ["A\ue000b"]),
        ("<w:r><w:t>A</w:t><w:br/><w:t>b</w:t></w:r>", ["A\ue000b"]),
        (run("See ") + "<w:hyperlink>" + run("page") + "</w:hyperlink>", ["See \ue000page"]),
        ("<w:r><w:instrText>PAGE x</w:instrText></w:r>" + run("7"), []),
        ("<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>" + run("Here"), ["Here"]),
        (run("Out") + f"<w:r><w:txbx><w:p>{run('In')}</w:p></w:txbx></w:r>", ["In", "Out"]),
    ],
)
def test_runs_become_units_with_marks_at_their_borders(paragraph: str, texts: list[str]) -> None:
    assert read(word_file(f"<w:p>{paragraph}</w:p>")).texts == texts


def test_notes_headers_and_footers_are_translated_and_other_parts_are_not() -> None:
    paragraph = "<w:p>" + run("{}") + "</w:p>"
    kinds = ("header", "footer", "footnotes", "endnotes", "comments", "styles")
    data = word_file(paragraph.format("body"), **{kind: paragraph.format(kind) for kind in kinds})
    assert read(data).texts == ["body", *kinds[:4]]


def test_unchanged_members_keep_their_bytes_and_order() -> None:
    data = word_file(f"<w:p>{run('Hello')}</w:p>")
    written = read(data).write(["Haló <&> \x0b\ud800"])
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(io.BytesIO(written)) as new:
        assert new.namelist() == old.namelist()
        assert new.read("word/media/image.png") == b"\x89PNG"
    assert "Haló &lt;&amp;&gt; \ufffd" in main_part(written)


def test_document_can_be_written_twice() -> None:
    document = read(word_file(f"<w:p>{run('A ')}{run('b', '<w:b/>')}</w:p>"))
    first = document.write(["X \ue000y"])
    assert document.write(["plain"]) != first
    assert document.write(["X \ue000y"]) == first


def test_right_to_left_text_and_word_itself_read_the_result() -> None:
    word = docx.Document()
    word.add_paragraph("Hello")
    stream = io.BytesIO()
    word.save(stream)
    written = read_document("a.docx", stream.getvalue(), "eng_Latn", "arb_Arab").write(["مرحبا"])
    assert docx.Document(io.BytesIO(written)).paragraphs[0].text == "مرحبا"


def test_a_damaged_archive_is_refused_as_one() -> None:
    with pytest.raises(DataError, match="'a.docx' is a damaged archive"):
        read(word_file(f"<w:p>{run('Hello')}</w:p>")[:-30])
