from __future__ import annotations

import pytest

from core.serving.documents.reading import read_document, read_html_fragment

PAGE = (
    '<!doctype html>\n<html lang="en"><head><title>Hi &amp; you</title><style>p{a}</style></head>'
    '<body><p class=x>Hello <b>big</b> world</p><img alt="A cat" src="cat.png"><code>f(x)</code>'
    '<div translate="no">Keep <div>it</div> too</div><!-- note -->'
    '<script>let a="<p>hi</p>"</script></body>'
)


def test_page_is_translated_with_its_markup_kept() -> None:
    document = read_document("a.html", PAGE.encode(), "eng_Latn", "gle_Latn")
    assert document.texts == ["Hi & you", "Hello \ue000big\ue001 world", "A cat"]
    assert document.write(["A & B", "Dia \ue000mór\ue001 duit", 'Cat "x"']).decode() == (
        PAGE.replace('lang="en"', 'lang="ga"')
        .replace("Hi &amp; you", "A &amp; B")
        .replace("Hello <b>big</b> world", "Dia <b>mór</b> duit")
        .replace("A cat", "Cat &quot;x&quot;")
    )


@pytest.mark.parametrize("translation", ["a b", "a\ue001b\ue000c", "\ue000\ue000a b\ue001"])
def test_broken_marks_keep_text_and_tags(translation: str) -> None:
    written = read_html_fragment("x <b>y</b> z").write([translation]).decode()
    assert written.startswith("a")
    assert "b" in written.partition("<b>")[0]
    assert (written.count("<b>"), written.count("</b>")) == (1, 1)


def test_translation_cannot_add_markup() -> None:
    written = read_html_fragment('<p title="t">x</p>').write(['"><script>', "<script>"])
    assert written == b'<p title="&quot;&gt;&lt;script&gt;">&lt;script&gt;</p>'


def test_private_use_characters_of_the_page_are_no_marks() -> None:
    document = read_html_fragment("\ue000x <b>y</b>")
    assert document.texts == ["\ue000x \ue001y"]
    assert document.write(["\ue000a \ue001b"]) == "\ue000a <b>b</b>".encode()


@pytest.mark.parametrize(
    "html",
    [piece * 50_000 for piece in ("<!--", "<a ", "<b>", "<div>", "<", "&", "<a b='", "<script>")]
    + [piece * 50_000 for piece in ("<![CDATA[", "<?", "</", "<a title=", "<pre>", "<title>")],
)
def test_hostile_markup_comes_back_as_it_is(html: str) -> None:
    document = read_html_fragment(html + "x")
    assert document.write(document.texts) == (html + "x").encode()
