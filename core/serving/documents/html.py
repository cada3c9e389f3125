"""HTML pages and fragments: text by block, inline tags as marks; all markup stays by bytes."""

from __future__ import annotations

import re
from collections import Counter
from html import escape, unescape

from core.languages import html_tag, is_right_to_left
from core.serving.documents.decoding import DecodedText, decoded
from core.serving.documents.document import Document, Upload
from core.serving.documents.html_tokens import Attribute, Token, attributes, tokens
from core.serving.documents.splicing import Slot, SplicedText

_INLINE = frozenset(
    """a abbr acronym b bdi bdo big br cite code data del dfn em font i img input ins kbd mark math
    nobr picture q rb rp rt ruby s samp small source span strike strong sub sup svg time tt u var
    wbr""".split()  # noqa: SIM905
)
_VOID = frozenset(
    """area base br col embed hr img input link meta param source track wbr""".split()  # noqa: SIM905
)
_OPAQUE = frozenset(
    """script style code pre textarea kbd samp svg math template noscript xmp iframe noembed
    noframes plaintext""".split()  # noqa: SIM905
)
_ATTRIBUTES = frozenset(("alt", "title", "placeholder"))
# Elements without an end tag end where one of these starts (HTML standard, 13.1.2.4).
_IMPLIED_ENDS = {
    "li": ("li",),
    "dt": ("dt", "dd"),
    "dd": ("dt", "dd"),
    "td": ("td", "th", "tr"),
    "th": ("td", "th", "tr"),
    "tr": ("tr",),
    "option": ("option", "optgroup"),
}
_CHARSET = re.compile(r"""(charset\s*=\s*["']?)([^\s"'>;/]+)""", re.IGNORECASE)


def read_html(file: Upload) -> Document:
    """Reads an HTML page; `<html>` gets the target language's tag and direction.

    Untouched are scripts, styles, code, `textarea`, comments and all within `translate="no"`.
    Translated are also the attributes `alt`, `title` and `placeholder`. An encoding that the page
    names becomes the one it is written in.

    Raises:
        DataError: The file is no text in UTF-8 or UTF-16, or has too many pieces of text.
        ConfigError: The target language is no FLORES-200 code.
    """
    text = decoded(file)
    document = SplicedText(file.name, text)
    html_tag(file.tgt_lang)  # A page without an <html> is refused for its language just as well.
    _Reader(document, file.tgt_lang).read(text.text)
    return document


def read_html_fragment(text: str) -> Document:
    """Reads a piece of HTML, which need not be a whole page; written, it is UTF-8.

    Raises:
        DataError: It has too many pieces of text.
    """
    document = SplicedText("The HTML", DecodedText(text))
    _Reader(document, "").read(text)
    return document


class _Reader:
    """Adds the tokens of a page to a document one by one, with a list of the open elements."""

    def __init__(self, document: SplicedText, tgt_lang: str) -> None:
        self._document = document
        self._tgt_lang = tgt_lang
        self._slots: list[Slot] = []
        self._open: list[tuple[str, bool]] = []  # name, whether its content is not translated
        self._num_open: Counter[str] = Counter()

    def read(self, text: str) -> None:
        for token in tokens(text):
            if token.kind == "start":
                self._start(token)
            elif token.kind == "end":
                self._end(token)
            elif token.kind == "text" and not self._is_opaque():
                slot = self._document.slot(token.raw, unescape(token.raw), _escaped)
                self._slots.append(slot)
            else:
                self._document.keep(token.raw)
        self._end_block()

    def _start(self, token: Token) -> None:
        if not _is_inline(token.name):
            self._end_block()
            self._end_implied(token.name)
        was_opaque = self._is_opaque()
        given = list(attributes(token))
        choice = _choice(given)
        if was_opaque or choice is False:
            self._document.keep(token.raw)
        elif token.name in ("html", "meta"):
            self._document.keep(_adapted(token, self._tgt_lang))
        else:
            self._add_attributes(token, given)
        # To HTML a slash at the end means nothing but in these two.
        is_closed = token.name in ("svg", "math") and token.raw.endswith("/>")
        if token.name not in _VOID and not is_closed:
            is_opaque = was_opaque if choice is None else not choice
            self._open.append((token.name, is_opaque or token.name in _OPAQUE))
            self._num_open[token.name] += 1

    def _end(self, token: Token) -> None:
        if not _is_inline(token.name):
            self._end_block()
        if self._num_open[token.name]:
            while self._pop() != token.name:
                pass
        self._document.keep(token.raw)

    def _end_implied(self, name: str) -> None:
        if self._open and self._open[-1][0] == "p":
            self._pop()
        while self._open and name in _IMPLIED_ENDS.get(self._open[-1][0], ()):
            self._pop()

    def _pop(self) -> str:
        name, _ = self._open.pop()
        self._num_open[name] -= 1
        return name

    def _is_opaque(self) -> bool:
        return bool(self._open) and self._open[-1][1]

    def _add_attributes(self, token: Token, given: list[Attribute]) -> None:
        done = 0
        for item in given:
            if item.name in _ATTRIBUTES and item.value:
                self._document.keep(token.raw[done : item.start])
                to_value = escape if item.is_quoted else _quoted
                slot = self._document.slot(item.value, unescape(item.value), to_value)
                self._document.unit([slot])
                done = item.end
        self._document.keep(token.raw[done:])

    def _end_block(self) -> None:
        if self._slots:
            self._document.unit(self._slots, is_flowing=True)
            self._slots = []


def _is_inline(name: str) -> bool:
    # An element of a page's own, such as <x-price>, is inline unless a style says otherwise.
    return name in _INLINE or "-" in name


def _choice(given: list[Attribute]) -> bool | None:
    """Tells whether the element is to be translated; None if it does not say."""
    for item in given:
        if item.name == "translate":
            return item.value.lower() != "no"
        if item.name == "class" and "notranslate" in item.value.lower().split():
            return False
    return None


def _escaped(text: str) -> str:
    return escape(text, quote=False).replace("\xa0", "&nbsp;")


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'


def _adapted(token: Token, tgt_lang: str) -> str:
    """Gives the tag `html` with the new language, and `meta` with the encoding that is written."""
    if not tgt_lang:
        return token.raw
    if token.name == "meta":
        is_utf = "utf" in token.raw.lower()
        return token.raw if is_utf else _CHARSET.sub(r"\g<1>utf-8", token.raw)
    raw = _with_attribute(token.raw, "lang", html_tag(tgt_lang), is_added=True)
    raw = _with_attribute(raw, "xml:lang", html_tag(tgt_lang), is_added=False)
    is_rtl = is_right_to_left(tgt_lang)
    return _with_attribute(raw, "dir", "rtl" if is_rtl else "ltr", is_added=is_rtl)


def _with_attribute(raw: str, name: str, value: str, *, is_added: bool) -> str:
    for item in attributes(Token("start", raw, "html")):
        if item.name == name and item.start >= 0:
            new = value if item.is_quoted else f'"{value}"'
            return raw[: item.start] + new + raw[item.end :]
    start = len("<html")
    return f'{raw[:start]} {name}="{value}"{raw[start:]}' if is_added else raw
