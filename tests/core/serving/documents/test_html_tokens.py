from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.serving.documents.html_tokens import Token, attributes, tokens
from core.serving.documents.reading import read_document, read_html_fragment

PIECES = ["<p>", "</p>", "<b ", ">", "<", "a", " ", "=", '"', "'", "<!--", "-->", "<script>", "</"]


@given(st.lists(st.sampled_from([*PIECES, "</script>", "title", "<?", "<!", "/", "&amp;"])))
def test_tokens_join_to_the_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert "".join(token.raw for token in tokens(text)) == text
    document = read_html_fragment(text)
    assert document.write(document.texts) == text.encode()


def test_attributes_are_found_with_and_without_quotes() -> None:
    tag = """<img Alt="a > b" title='it"s' placeholder=x/y hidden =z>"""
    (token,) = tokens(tag)
    found = {item.name: item.value for item in attributes(token)}
    assert found == {"alt": "a > b", "title": 'it"s', "placeholder": "x/y", "hidden": "z"}
    assert all(tag[item.start : item.end] == item.value for item in attributes(token))


def test_text_of_a_script_is_no_markup() -> None:
    names = [(token.kind, token.name) for token in tokens("<script>a<b>c</SCRIPT ><b>")]
    assert names == [("start", "script"), ("text", ""), ("end", "script"), ("start", "b")]
    assert next(tokens("</ x>")) == Token("other", "</ x>")


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<ul><li translate=no>Keep<li>Take</ul>", ["Take"]),
        ("<p translate=no>Keep<p>Take", ["Take"]),
        ("<p>Take <code>x</p><p>This too", ["Take", "This too"]),
        ("<div translate=no>Keep <b translate=yes>take</b> keep</div>", ["take"]),
        ("<svg/><p>Take", ["Take"]),
        ("<p class='x notranslate'>Keep</p>", []),
        ("<pre>Keep <b>it</b></pre><textarea placeholder='Take'>Keep</textarea>", ["Take"]),
        ("a &lt;b&gt; &amp; c&nbsp;d", ["a <b> & c\xa0d"]),
        ("One<br>two", ["One\ue000two"]),
        ("<li>One<ul><li>Two</ul>", ["One", "Two"]),
    ],
)
def test_what_is_to_be_translated_is_told_as_a_browser_does(html: str, texts: list[str]) -> None:
    assert read_html_fragment(html).texts == texts


def test_attribute_without_quotes_gets_them() -> None:
    assert (
        read_html_fragment("<img alt=cat>").write(["dhá chat"]) == '<img alt="dhá chat">'.encode()
    )


@pytest.mark.parametrize(
    ("tag", "tgt_lang", "expected"),
    [
        ("<html>", "gle_Latn", '<html lang="ga">'),
        ("<HTML lang=en dir='rtl'>", "gle_Latn", "<HTML lang=\"ga\" dir='ltr'>"),
        ("<html>", "arb_Arab", '<html dir="rtl" lang="ar">'),
        ("<meta charset='latin1'>", "gle_Latn", "<meta charset='utf-8'>"),
        ("<meta charset='UTF-8'>", "gle_Latn", "<meta charset='UTF-8'>"),
    ],
)
def test_page_names_its_new_language_and_encoding(tag: str, tgt_lang: str, expected: str) -> None:
    document = read_document("a.html", tag.encode(), "eng_Latn", tgt_lang)
    assert document.write([]).decode() == expected
