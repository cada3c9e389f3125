"""JSON lines: every object gets one new key with the translation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]

from core.errors import DataError
from core.languages import html_tag
from core.serving.documents.decoding import decoded
from core.serving.documents.document import Document, Upload
from core.serving.documents.splicing import SplicedText

_PLAIN_KEYS = ("source", "text", "q")
_TRANSLATION = "translation"
_SPACE = re.compile(r"[ \t\r\n]*+")


@dataclass(frozen=True)
class _Member:
    value: object
    start: int  # of the value in the line
    end: int


def read_json_lines(file: Upload) -> Document:
    """Reads one JSON object a line; all of a line stays, also the spelling of its numbers.

    Translated is the value of the first of these keys that holds a text: the source language's
    FLORES-200 code or HTML tag, `source`, `text`, `q`. The translation goes under the target
    language's code or tag if the key was a language, else under `translation`; a key of that name
    gets the new value.

    Raises:
        DataError: A line is no JSON object or has none of the keys; names the line.
        ConfigError: A language is no FLORES-200 code.
    """
    text = decoded(file)
    document = SplicedText(file.name, text)
    keys = {
        file.src_lang: file.tgt_lang,
        html_tag(file.src_lang): html_tag(file.tgt_lang),
        **dict.fromkeys(_PLAIN_KEYS, _TRANSLATION),
    }
    for number, line in enumerate(re.split("(\r\n|[\r\n])", text.text)):
        if number % 2 or not line.strip():
            document.keep(line)
        else:
            _add(document, line, _members(line, f"Line {number // 2 + 1:,} of '{file.name}'"), keys)
    return document


def _members(line: str, where: str) -> dict[str, _Member]:
    """Gives the members of the object by key, the last one of each as JSON readers have it."""
    try:
        record = json.loads(line)
        if isinstance(record, dict):
            return _scanned(line)
    except RecursionError:
        raise DataError(f"{where} is nested too deeply.") from None
    except ValueError as error:
        raise DataError(
            f"{where} cannot be read as JSON: {error}.", hint="One JSON object a line is expected."
        ) from None
    raise DataError(
        f"{where} is no JSON object but a {type(record).__name__}.",
        hint='A line has to look like {"source": "Good morning."}.',
    )


def _scanned(line: str) -> dict[str, _Member]:
    decoder = json.JSONDecoder()
    members: dict[str, _Member] = {}
    position = _after_space(line, line.index("{") + 1)
    while line[position] != "}":
        key, position = scanstring(line, position + 1, True)
        start = _after_space(line, _after_space(line, position) + 1)
        value, end = decoder.raw_decode(line, start)
        members[key] = _Member(value, start, end)
        position = _after_space(line, end)
        if line[position] == ",":
            position = _after_space(line, position + 1)
    return members


def _after_space(line: str, position: int) -> int:
    match = _SPACE.match(line, position)
    return match.end() if match else position


def _add(
    document: SplicedText, line: str, members: dict[str, _Member], keys: dict[str, str]
) -> None:
    for key, new_key in keys.items():
        member = members.get(key)
        if member is not None and isinstance(member.value, str):
            break
    else:
        ...
