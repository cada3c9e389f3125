"""The parts of a sentence that no translation may change: placeholders, tags, links, marks."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

# A pattern for one character of writing without spaces between words.
UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"

# A mark is one private-use character that stands for an inline tag of a document.
_MARK = "[\ue000-\uf8ff]"

# A link ends where writing without spaces goes on, at quotes and the stops of other scripts, and at
# all that `is_blank` says is blank: a span that held it would reach beyond the body of a sentence.
_IN_LINK = (
    r"[^\s\x00-\x1f\x7f-\x9f\u200b\u2060\ufeff<>\"'`«»‘-‟‹›…\u060c\u061b\u061f\u06d4\u0964\u0965"
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    r"\U00020000-\U0003ffff]"
)
_ATTRIBUTE = r"""\s+[A-Za-z_:][\w:.-]*+\s*=\s*(?:"[^"<]*+"|'[^'<]*+'|[^\s"'<>=`]++)"""

# Every repetition is possessive, bounded or ends at a character that it cannot hold: linear time.
_SPAN = regex.compile(
    rf"""
    (?P<markup>
        {_MARK}
      | </?[A-Za-z][\w:.-]*+ (?:{_ATTRIBUTE})*+ \s*+ /?>
      | <!--[^<>]*-->
    )
  | (?P<link> (?<![A-Za-z]) (?:(?:https?|ftps?|file)://|www\.|mailto:) {_IN_LINK}{{1,2000}} )
  | (?P<mail> (?<![A-Za-z0-9._%+-]) [A-Za-z0-9._%+-]++ @ [A-Za-z0-9-]++ (?:\.[A-Za-z0-9-]++)++ )
  | (?P<placeholder>
        \{{\{{[^{{}}\n]{{0,200}}\}}\}}                # {{{{ name }}}}
      | \{{%[^{{}}\n]{{0,200}}%\}}
      | \$\{{[^{{}}\n]{{0,200}}\}}
      | [%]?\{{(?:[A-Za-z0-9_@][^{{}}\s]{{0,100}})?\}}   # {{name}}, {{0}}, {{}}
      | \$t\([^()\n]{{1,200}}\)
      | \[\[[^\[\]\n]{{1,200}}\]\]
      | %\([^()\s]{{1,100}}\)[-+\#0]*\d*(?:\.\d+)?[A-Za-z]
      | %\d{{1,3}}\$[-+\#0]*\d*(?:\.\d+)?[A-Za-z@]
      | (?<![\d%]) % [-+\#0]{{0,4}} \d{{0,3}} (?:\.\d{{1,3}})? (?:hh|h|ll|l|q|j|z|t)?
        (?: [sdu@] (?![a-z]{{3}}) | [ioxXeEfFgGcrp] (?![A-Za-z]) )
      | %%
    )
  | (?P<social> (?<![\w@]) @[A-Za-z_]\w{{1,49}} | (?<![\w#&]) [#](?=\d*[^\W\d])\w{{2,100}} )
    """,
    regex.VERBOSE,
)


@dataclass(frozen=True)
class Span:
    """A part that must come through unchanged.

    Attributes:
        start: First character in the sentence.
        end: One behind the last character.
        text: The characters themselves.
        is_markup: True for tags and marks, False for what stands for words.
    """

    start: int
    end: int
    text: str
    is_markup: bool


def spans_in(text: str) -> list[Span]:
    """Gives the parts to protect, in order; they never overlap."""
    spans = []
    for match in _SPAN.finditer(text):
        found = match.group()
        if match.lastgroup == "link":
            found = _without_final_stops(found)
        spans.append(
            Span(match.start(), match.start() + len(found), found, match.lastgroup == "markup")
        )
    return spans


def without_spans(text: str) -> str:
    """Gives a text with a space in place of each placeholder, tag, link and mark."""
    gaps = []
    position = 0
    for span in spans_in(text):
        gaps.append(text[position : span.start])
        position = span.end
    return " ".join([*gaps, text[position:]])


def is_mark(char: str) -> bool:
    """Tells whether a character stands for an inline tag of a document."""
    return "\ue000" <= char <= "\uf8ff"


def is_blank(char: str) -> bool:
    """Tells whether a character is white space, invisible or a control: nothing to translate."""
    return char.isspace() or char in "\ufeff\u200b\u2060" or unicodedata.category(char) == "Cc"


def body_of(text: str) -> tuple[int, int]:
    """Gives start and end of what is left without blank characters at both ends."""
    start, end = 0, len(text)
    while start < end and is_blank(text[start]):
        start += 1
    while end > start and is_blank(text[end - 1]):
        end -= 1
    return start, end


def has_letters(text: str) -> bool:
    """Tells whether there is anything to translate."""
    return any(char.isalpha() for char in text)


def _without_final_stops(link: str) -> str:
    """Leaves the full stop or the bracket behind a link to its sentence."""
    while link:
        last = link[-1]
        opening = {")": "(", "]": "[", "}": "{"}.get(last)
        if opening:
            if link.count(opening) >= link.count(last):
                break
        elif last not in ".,;:!?*_":
            break
        link = link[:-1]
    return link
