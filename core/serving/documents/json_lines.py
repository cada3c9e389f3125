"""JSON lines: every object gets one new key with the translation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

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
            where = f"Line {number // 2 + 1:,} of '{file.name}'"
            _add(document, line, _members(line, where), where, keys)
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
        # The other cause is a number with more digits than Python reads.
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "a number is too long"
        raise DataError(
            f"{where} cannot be read as JSON: {reason}.", hint="One JSON object a line is expected."
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
        key, position = decoder.raw_decode(line, position)
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
    document: SplicedText, line: str, members: dict[str, _Member], where: str, keys: dict[str, str]
) -> None:
    """Adds a line as pieces, the new member a slot of its own before the closing brace."""
    key = next((key for key in keys if _text_of(members, key) is not None), None)
    if key is None:
        raise DataError(
            f"{where} has none of the keys {', '.join(keys)} with a text.",
            hint='A line has to look like {"source": "Good morning."}.',
        )
    text, new_key = _text_of(members, key) or "", keys[key]
    old = members.get(new_key)
    if old is not None and new_key != key:
        document.keep(line[: old.start])
        slot = document.slot(_quoted(text), text, _quoted)
        document.keep(line[old.end :])
    else:
        end = line.rindex("}")
        document.keep(f"{line[:end].rstrip()}, {_quoted(new_key)}: ")
        slot = document.slot(_quoted(text), text, _quoted)
        document.keep(line[len(line[:end].rstrip()) :])
    document.unit([slot])


def _text_of(members: dict[str, _Member], key: str) -> str | None:
    member = members.get(key)
    return member.value if member is not None and isinstance(member.value, str) else None


def _quoted(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    # Half a surrogate pair cannot be encoded; JSON may hold it as an escape.
    return re.sub("[\ud800-\udfff]", lambda match: f"\\u{ord(match[0]):04x}", quoted)
