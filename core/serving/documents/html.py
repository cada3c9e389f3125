"""HTML pages and fragments: text by block, inline tags as marks; all markup stays by bytes."""

from __future__ import annotations

from html import escape, unescape

from core.languages import html_tag
from core.serving.documents.decoding import DecodedText, decoded
from core.serving.documents.document import Document, Upload
from core.serving.documents.html_tokens import Token, attributes, tokens
from core.serving.documents.splicing import Slot, SplicedText

_INLINE = frozenset(
    """a abbr acronym b bdi bdo big br cite code data del dfn em font i img ins kbd label mark q s
    samp small span strike strong sub sup time tt u var wbr""".split()  # noqa: SIM905
)
_VOID = frozenset(
    """area base br col embed hr img input link meta param source track wbr""".split()  # noqa: SIM905
)
_OPAQUE = frozenset(
    """script style code pre textarea kbd samp svg math template noscript xmp iframe noembed
    noframes plaintext""".split()  # noqa: SIM905
)
_ATTRIBUTES = frozenset(("alt", "title", "placeholder"))


def read_html(file: Upload) -> Document:
    """Reads an HTML page; a `lang` on its `<html>` becomes the target language's tag.

    Untouched are scripts, styles, code, `textarea`, comments and all within `translate="no"`.
    Translated are also the attributes `alt`, `title` and `placeholder` that stand in quotes.

    Raises:
        DataError: The file is no text in UTF-8 or UTF-16, or has too many pieces of text.
        ConfigError: The target language is no FLORES-200 code.
    """
    text = decoded(file)
    document = SplicedText(file.name, text)
    _Reader(document, html_tag(file.tgt_lang)).read(text.text)
    return document


def read_html_fragment(text: str) -> Document:
    """Reads a piece of HTML, which need not be a whole page; see `read_html`.

    Raises:
        DataError: It has too many pieces of text.
    """
    document = SplicedText("The HTML", DecodedText(text))
    _Reader(document, "").read(text)
    return document


class _Reader:
    """Adds the tokens of a page to a document, one after the other; nesting takes no stack."""

    def __init__(self, document: SplicedText, lang: str) -> None:
        self._document = document
        self._lang = lang
        self._slots: list[Slot] = []
        self._opaque_tag = ""  # of the element that is not translated, if inside one
        self._opaque_depth = 0

    def read(self, text: str) -> None:
        for token in tokens(text):
            if self._opaque_depth:
                self._pass_over(token)
            elif token.kind == "text":
                slot = self._document.slot(token.raw, unescape(token.raw), _escaped)
                self._slots.append(slot)
            else:
                self._add_markup(token)
        self._end_block()

    def _add_markup(self, token: Token) -> None:
        if token.name and token.name not in _INLINE:
            self._end_block()
        if token.kind != "start":
            self._document.keep(token.raw)
            return
        values = {item.name: item.value.lower() for item in attributes(token)}
        is_opaque = token.name in _OPAQUE or values.get("translate") == "no"
        if is_opaque and token.name not in _VOID:
            self._opaque_tag, self._opaque_depth = token.name, 1
        self._add_tag(token, is_opaque=is_opaque)

    def _add_tag(self, token: Token, *, is_opaque: bool) -> None:
        done = 0
        for item in attributes(token):
            is_lang = token.name == "html" and item.name == "lang" and bool(self._lang)
            is_text = item.name in _ATTRIBUTES and item.is_quoted and not is_opaque
            if item.start < 0 or not (is_lang or is_text):
                continue
            self._document.keep(token.raw[done : item.start])
            if is_lang:
                self._document.keep(self._lang)
            else:
                self._document.unit([self._document.slot(item.value, unescape(item.value), escape)])
            done = item.end
        self._document.keep(token.raw[done:])

    def _pass_over(self, token: Token) -> None:
        self._document.keep(token.raw)
        # Only tags of the same name count: others need not be closed in HTML.
        if token.name == self._opaque_tag:
            self._opaque_depth += {"start": 1, "end": -1}.get(token.kind, 0)

    def _end_block(self) -> None:
        if self._slots:
            self._document.unit(self._slots, is_flowing=True)
            self._slots = []


def _escaped(text: str) -> str:
    return escape(text, quote=False).replace("\xa0", "&nbsp;")
