from __future__ import annotations

import codecs
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataError
from core.serving.documents.document import Document
from core.serving.documents.reading import read_document

CANONICAL = {
    "a.txt": "  One line.\r\n\r\n\tAnother. \n12\n",
    "a.tsv": 'id\ttext\n1\tHello "you"\n2\t\n',
    "a.csv": 'id;text\r\n1;"He said ""hi""; so"\r\n2;plain\r\n',
    "a.srt": "1\n00:00:01,000 --> 00:00:02,500\n<i>Hello\nthere</i>\n\n2\n00:00:03,000 --> "
    "00:00:04,000\n- Yes.\n- No.\n\n",
    "a.md": "---\ntitle: x\n---\n# A *big* title\n\nText with `code` and [a link](http://x.y)\n"
    "over two lines.\n\n- item\n  - inner\n\n> quote\n\n```\ncode block\n```\n\n"
    "| a | b |\n|---|---|\n| c | d |\n",
    "a.html": '<!doctype html><p>One <b>two</b> &amp; three<br>four</p><img alt="A cat">',
}


def read(name: str, text: str | bytes) -> Document:
    data = text.encode() if isinstance(text, str) else text
    return read_document(name, data, "eng_Latn", "gle_Latn")


@pytest.mark.parametrize("name", CANONICAL)
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_unchanged_texts_give_the_same_bytes(name: str, mark: bytes) -> None:
    encodings = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    data = mark + CANONICAL[name].encode(encodings.get(mark, "utf-8"))
    document = read(name, data)
    assert document.texts
    assert document.write(document.texts) == data


@pytest.mark.parametrize("name", CANONICAL)
@given(text=st.text(st.sampled_from("aé\ue000 \t\r\n\"'<>&/-*_`[]()|#=:;,{}0!\\"), max_size=60))
def test_any_text_comes_back_unchanged(name: str, text: str) -> None:
    try:
        document = read(name, text)
    except DataError:
        return
    assert document.write(document.texts) == text.encode()
    for unit in document.texts:
        assert unit == unit.strip()
        assert any(char.isalpha() for char in unit)


@pytest.mark.parametrize("name", CANONICAL)
@given(translation=st.text(max_size=20))
def test_no_translation_makes_writing_fail(name: str, translation: str) -> None:
    document = read(name, CANONICAL[name])
    assert document.write([translation] * len(document.texts))


@pytest.mark.parametrize("name", ["a.txt", "a.tsv", "a.csv", "a.md", "a.srt", "a.html"])
def test_text_that_is_not_unicode_is_refused_by_its_byte(name: str) -> None:
    with pytest.raises(DataError, match="byte 5 "):
        read(name, b"Hello\xff\xfe")


def test_plain_text_keeps_indentation_and_blank_lines() -> None:
    document = read("a.txt", "  One.\n\n 42\nTwo.")
    assert document.texts == ["One.", "Two."]
    assert document.write(["Aon.\n", "Dó."]) == "  Aon.\n\n 42\nDó.".encode()


def test_table_header_stays_unless_it_is_all_there_is() -> None:
    assert read("a.csv", "text,id\nHello,1\n").texts == ["Hello"]
    assert read("a.csv", "Hello,you\n").texts == ["Hello", "you"]


@pytest.mark.parametrize("translation", ["=1+1", "+1a", "-a", "@a", " =a"])
def test_translation_cannot_become_a_formula(translation: str) -> None:
    assert read("a.csv", "h\nHello\n").write([translation]).startswith(b"h\n'")


def test_cells_are_quoted_where_the_translation_needs_it() -> None:
    document = read("a.csv", "h,k\nHello,you\n")
    assert document.write(['a,"b"', "c"]) == b'h,k\n"a,""b""",c\n'


def test_tab_or_line_end_cannot_add_a_cell() -> None:
    assert read("a.tsv", "h\nHello\tyou\n").write(["a\tb", "c\nd"]) == b"h\na b\tc d\n"


def test_json_line_gets_one_new_key_and_keeps_its_spelling() -> None:
    document = read("a.jsonl", '{"source": "Hi", "n": 1.50}\r\n\n{"eng_Latn":"a \\"b\\"" }')
    assert document.texts == ["Hi", 'a "b"']
    lines = document.write(["Haigh", 'x "y"']).decode().split("\n")
    assert lines[0] == '{"source": "Hi", "n": 1.50, "translation": "Haigh"}\r'
    assert json.loads(lines[2]) == {"eng_Latn": 'a "b"', "gle_Latn": 'x "y"'}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"other": "x"}', "Line 2 of 'a.jsonl' has none of the keys"),
        ('{"text": 3}', "Line 2 of 'a.jsonl' has none of the keys"),
        ("[1]", "Line 2 of 'a.jsonl' is no JSON object but a list"),
        ("{", "Line 2 of 'a.jsonl' cannot be read as JSON"),
        ('{"text": "x", "y": ' + "[" * 100_000, "Line 2 of 'a.jsonl'"),
    ],
)
def test_bad_json_line_is_named(line: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read("a.jsonl", '{"text": "x"}\n' + line)


def test_subtitle_tags_are_marks_and_times_stay() -> None:
    document = read("a.srt", "1\n00:00:01,000 --> 00:00:02,500\nSay <i>hello</i> now\n")
    (text,) = document.texts
    translated = text.replace("Say", "Abair").replace("hello", "haló").replace("now", "anois")
    expected = "1\n00:00:01,000 --> 00:00:02,500\nAbair <i>haló</i> anois\n"
    assert document.write([translated]).decode() == expected


def test_subtitles_without_a_time_are_refused() -> None:
    with pytest.raises(DataError, match="without a time"):
        read("a.srt", "Hello\n")


def test_markdown_offers_no_code_links_or_front_matter() -> None:
    texts = "".join(read("a.md", CANONICAL["a.md"]).texts)
    assert not [word for word in ("code", "http", "title: x", "```", "|") if word in texts]
    assert [word for word in ("big", "a link", "inner", "quote", "c") if word not in texts] == []


def test_markdown_lines_of_a_paragraph_are_one_unit() -> None:
    assert read("a.md", "One sentence\nover lines.\n").texts == ["One sentence over lines."]


def test_lost_marks_lose_no_text_code_or_link() -> None:
    document = read("a.md", "See `f(x)` and [a link](http://x.y) *now* ok.\n")
    written = document.write(["Féach air"]).decode()
    assert written.startswith("Féach air")
    assert "`f(x)`" in written
    assert "(http://x.y)" in written


def test_emphasis_of_nothing_leaves_no_stray_asterisks() -> None:
    assert read("a.md", "Some *big* text.\n").write(["Roinnt mor"]) == b"Roinnt mor\n"


@pytest.mark.parametrize("name", ["a.txt", "a.tsv", "a.csv"])
def test_too_many_units_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="more than 100,000 pieces of text"):
        read(name, "a\n" * 100_002)
