"""JSON lines: an object a line, flat or with the texts nested as Hugging Face's data sets do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from core.corpora.formats.choice import Choice, Columns, columns_of
from core.corpora.formats.files import InputFile
from core.corpora.formats.lines import lines
from core.corpora.formats.located import Located, located
from core.errors import DataError

NESTED = "translation"
NUM_SEEN = 200  # records that say which keys there are

Record = dict[str, Any]


class Repeating(Record):
    """An object that names keys twice.

    Attributes:
        repeated: These keys.
    """

    repeated: frozenset[str] = frozenset()


def json_line_records(file: InputFile, codec: str) -> Iterator[tuple[int, Record]]:
    """Gives each line's object with the number of the line; blank lines are passed over.

    Raises:
        DataError: A line is no JSON object; the sentence names it.
    """
    decode = json.JSONDecoder(object_pairs_hook=_record).decode
    for number, line in enumerate(lines(file, codec), start=1):
        try:
            record = decode(line)
        except (ValueError, RecursionError) as error:  # also endless digits and nesting
            if not line.strip():
                continue
            cause = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise DataError(
                f"{file.name!r} line {number:,} is not JSON: {cause.rstrip('.')}.",
                hint='Each line is an object such as {"source": "…", "target": "…"}.',
            ) from None
        if not isinstance(record, dict):
            raise DataError(
                f"{file.name!r} line {number:,} is no JSON object but {_kind(record)}.",
                hint='Each line is an object such as {"source": "…", "target": "…"}.',
            )
        yield number, record


def rows_of_json_lines(
    file: InputFile, codec: str, choice: Choice, src_lang: str, tgt_lang: str
) -> Iterator[Located]:
    """Gives the rows of JSON lines.

    Raises:
        DataError: The sentence names file, line and cause.
    """
    keys = keys_of(record for _, record in islice(json_line_records(file, codec), NUM_SEEN))
    columns = columns_of(file.name, keys, choice, src_lang, tgt_lang)
    yield from picked(file, json_line_records(file, codec), columns, "line")


def picked(
    file: InputFile, records: Iterable[tuple[int, Record]], columns: Columns, place: str
) -> Iterator[Located]:
    """Gives the texts of records; a missing or null one is no translation.

    Args:
        file: For messages.
        records: Objects with their numbers.
        columns: The keys, in the object or in its `translation`.
        place: What the numbers count, such as "line".

    Raises:
        DataError: A text is no text, holds half a character, or stands there twice.
    """
    source_key, target_key, document_key = columns
    for number, record in records:
        texts = record.get(NESTED)
        if not isinstance(texts, dict):
            texts = record
        source, target = texts.get(source_key), texts.get(target_key)
        document = _document(record, texts, document_key) if document_key else ""
        if type(texts) is not dict or type(record) is not dict:
            _refuse_repeated(file, (record, texts), columns, f"{place} {number:,}")
        try:
            # One call says both that all are texts and that UTF-8 can hold them.
            f"{source or ''}{target or ''}{document}".encode()
        except UnicodeEncodeError:
            raise DataError(
                f"{file.name!r} {place} {number:,} holds half a character (a lone surrogate).",
                hint="An escape such as \\ud83d needs its second half right behind it.",
            ) from None
        for key, value in ((source_key, source), (target_key, target)):
            if value is not None and not isinstance(value, str):
                raise DataError(
                    f"{file.name!r} {place} {number:,} has no text as {key!r} but {_kind(value)}.",
                    hint="Source and target are texts; null stands for a missing one.",
                )
        yield located(source, target, document, number)


def keys_of(records: Iterable[Record]) -> tuple[str, ...]:
    """Gives the keys of texts, numbers and nulls in objects, with those within `translation`."""
    found: dict[str, None] = {}
    for record in records:
        nested = record.get(NESTED)
        for part in (nested if isinstance(nested, dict) else {}, record):
            found.update(
                (key, None)
                for key, value in part.items()
                if value is None or type(value) in (str, int, float)
            )
    return tuple(found)


def sample_of(record: Record, columns: Iterable[str]) -> dict[str, str]:
    """Gives the texts of an object to show, by column."""
    nested = record.get(NESTED)
    texts = {**record, **nested} if isinstance(nested, dict) else record
    return {column: _shown(texts.get(column)) for column in columns}


def _record(pairs: list[tuple[str, Any]]) -> Record:
    """Gives an object; one of the rare ones that name a key twice says so."""
    record = dict(pairs)
    if len(record) == len(pairs):
        return record
    keys = [key for key, _ in pairs]
    repeating = Repeating(record)
    repeating.repeated = frozenset(key for key in record if keys.count(key) > 1)
    return repeating


def _refuse_repeated(
    file: InputFile, parts: Iterable[Record], columns: Columns, where: str
) -> None:
    for part in parts:
        repeated = part.repeated if isinstance(part, Repeating) else frozenset()
        for key in (*columns, NESTED):
            if key in repeated:
                raise DataError(
                    f"{file.name!r} {where} names {key!r} twice.",
                    hint="Each key may stand once in an object.",
                )


def _document(record: Record, texts: Record, key: str) -> str:
    value = record.get(key, texts.get(key))
    return "" if value is None else str(value)


def _shown(value: Any) -> str:
    return "" if value is None else str(value).encode("utf-8", "replace").decode()


def _kind(value: Any) -> str:
    names = {list: "a list", dict: "an object", str: "a text", bool: "a truth value"}
    return names.get(type(value), "null" if value is None else "a number")
