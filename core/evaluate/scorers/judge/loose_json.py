"""JSON as language models write it: fenced, inside prose, with wrong quotes and stray commas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MAX_CHARS = 50_000  # of an answer that is looked at
MAX_DEPTH = 12
MAX_STARTS = 60  # brackets at which no JSON begins, before the search is given up

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?")
_WORD = re.compile(r"[^\s,:{}\[\]\"“”']+")
_CLOSING = {'"': '"', "'": "'", "“": "”", "‘": "’"}
# A quote ends a text where something of JSON follows, so that quotes inside need no backslash.
_END = {
    quote: re.compile(rf"(?<!\\)(?:\\\\)*{quote}(?=\s{{0,50}}(?:[,:\]}}]|\Z))")
    for quote in _CLOSING.values()
}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_WORDS: dict[str, Any] = {
    "true": True, "false": False, "null": None, "none": None,
}  # fmt: skip


class _NoJson(ValueError):
    """At this place there is none."""


def values_in(text: str) -> Iterator[Any]:
    """Gives the objects and lists in a text, from left to right, the outermost ones."""
    text = text[:MAX_CHARS]
    at, num_wrong = 0, 0
    starts = re.compile(r"[{\[]")
    while (found := starts.search(text, at)) and num_wrong < MAX_STARTS:
        try:
            value, at = _read(text, found.start())
        except _NoJson:
            num_wrong += 1
            at = found.end()
            continue
        yield value


def _read(text: str, at: int) -> tuple[Any, int]:
    """Gives the value that begins at a place, and where it ends."""
    try:
        value, end = json.JSONDecoder(parse_constant=str).raw_decode(text, at)
    except (ValueError, RecursionError):
        return _value(text, at, 0)
    return value, end


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    at = _after_space(text, at)
    if depth > MAX_DEPTH or at >= len(text):
        raise _NoJson
    start = text[at]
    if start == "{":
        return _object(text, at + 1, depth + 1)
    if start == "[":
        return _list(text, at + 1, depth + 1)
    if start in _CLOSING:
        return _string(text, at)
    word = _WORD.match(text, at)
    if word is None:
        raise _NoJson
    return _plain(word[0]), word.end()


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    while True:
        at = _after_commas(text, at)
        if text[at : at + 1] == "}":
            return found, at + 1
        key, at = _value(text, at, depth)
        at = _after_space(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise _NoJson
        found[key], at = _value(text, at + 1, depth)
        _check_follows(text, at, "}")


def _list(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    found: list[Any] = []
    while True:
        at = _after_commas(text, at)
        if text[at : at + 1] == "]":
            return found, at + 1
        value, at = _value(text, at, depth)
        found.append(value)
        _check_follows(text, at, "]")


def _check_follows(text: str, at: int, closing: str) -> None:
    at = _after_space(text, at)
    if text[at : at + 1] not in (",", closing):
        raise _NoJson


def _string(text: str, at: int) -> tuple[str, int]:
    end = _END[_CLOSING[text[at]]].search(text, at + 1)
    if end is None:
        raise _NoJson
    return _ESCAPE.sub(_unescaped, text[at + 1 : end.end() - 1]), end.end()


def _unescaped(escape: re.Match[str]) -> str:
    code = escape[1]
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)


def _plain(word: str) -> Any:
    if _NUMBER.fullmatch(word):
        return float(word) if re.search(r"[.eE]", word) else int(word)
    return _WORDS.get(word.lower(), word)


def _after_commas(text: str, at: int) -> int:
    at = _after_space(text, at)
    while text[at : at + 1] == ",":
        at = _after_space(text, at + 1)
    return at


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
