"""HTML cut into tags, comments and text that join to the input, in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# Their content is text up to the end tag, whatever it looks like (HTML standard, 13.1.2).
_RAW_TEXT = frozenset(
    ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "plaintext"],
)
# Every loop is possessive: no input makes the search go back over what it has read.
_ATTRIBUTE = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|(?!["'])[^\s>]*+))?+"""
_TOKEN = re.compile(
    rf"""(?P<text>(?:[^<]|<(?![a-zA-Z/!?]))++)
    |(?P<other><!--(?:-?>|.*?(?:--!?>|\Z))|<(?:[!?]|/(?![a-zA-Z]))[^>]*+(?:>|\Z))
    |<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:[\s/]++|{_ATTRIBUTE})*+)>
    """,
    re.VERBOSE | re.DOTALL,
)
_NAMED = re.compile(
    r"""(?P<name>[^\s/>][^\s/>=]*+)
    (?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?!["'])(?P<bare>[^\s>]*+)))?+
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """A piece of HTML.

    Attributes:
        kind: `other` is a comment, a declaration, or a tag that never ends.
        raw: As it stands in the file.
        name: Lower-case name of a tag, else empty.
    """

    kind: Literal["text", "start", "end", "other"]
    raw: str
    name: str = ""


@dataclass(frozen=True)
class Attribute:
    """An attribute of a tag.

    Attributes:
        name: In lower case.
        value: As it stands in the file, without quotes.
        start: Where the value starts in the tag, in characters; -1 without a value.
        end: Where it ends, exclusive.
        is_quoted: Whether it stands in quotes.
    """

    name: str
    value: str
    start: int
    end: int
    is_quoted: bool


def tokens(text: str) -> Iterator[Token]:
    """Gives the tokens of `text`; their raw forms join to it."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            yield Token("other", text[position:])
            return
        position = match.end()
        token = _token(match)
        yield token
        if token.kind == "start" and token.name in _RAW_TEXT:
            end = re.compile(rf"</{token.name}(?=[\s/>])|\Z", re.IGNORECASE).search(text, position)
            stop = end.start() if end else len(text)
            if stop > position:
                yield Token("text", text[position:stop])
            position = stop


def attributes(token: Token) -> Iterator[Attribute]:
    """Gives the attributes of a start tag in order."""
    for match in _NAMED.finditer(token.raw, len(token.name) + 1, len(token.raw) - 1):
        group = next((key for key in ("double", "single", "bare") if match[key] is not None), None)
        start, end = match.span(group) if group else (-1, -1)
        value = match[group] if group else ""
        yield Attribute(match["name"].lower(), value, start, end, group in ("double", "single"))


def _token(match: re.Match[str]) -> Token:
    if match["text"] is not None:
        return Token("text", match[0])
    if match["other"] is not None:
        return Token("other", match[0])
    return Token("end" if match["end"] else "start", match[0], match["name"].lower())
