"""Appraise's batches: the texts that its tasks show, as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.annotate.formats.json_values import dict_of, list_of, parse_json, text_of
from core.storage.files import decode_utf8

# What scripts add to the name of a document that is shown for a check.
_CHECK = re.compile(r"(#(?:bad|dup|duplicate|incomplete)\d*)+$", re.IGNORECASE)


@dataclass(frozen=True)
class BatchItem:
    """One item of a task.

    Attributes:
        system: `targetID`; several systems with the same output are joined by `+`.
        item_id, item_type, document: As results name them.
        is_document: It stands for a whole document.
        source, target: The texts.
        is_tutorial: It teaches the rater.
        spans: What was marked beforehand.
        langs: Appraise's codes of source and target.
    """

    system: str
    item_id: str
    item_type: str
    document: str
    is_document: bool
    source: str
    target: str
    is_tutorial: bool
    spans: list[Any]
    langs: tuple[str, str]


def read_batches(data: bytes, name: str) -> list[BatchItem]:
    """Gives the items of all tasks of a file, in order.

    Raises:
        DataError: It is not JSON, no list of tasks, or an item lacks a text.
    """
    text = decode_utf8(data, name, hint="Save the file as UTF-8.").removeprefix("\ufeff")
    return list(_items(parse_json(text, repr(name)), name))


def document_name(document: str, system: str) -> str:
    """Gives the name of a document without what was added for a system or a check."""
    name = _CHECK.sub("", document)
    stem, hash_sign, last = name.rpartition("#")
    is_of_system = hash_sign and (system == last or system.endswith(f".{last}"))
    return stem if is_of_system and stem else name


def appraise_code(code: str) -> str:
    """Gives the code of Appraise for a FLORES-200 code: its three letters."""
    return code.partition("_")[0]


def _items(value: Any, name: str) -> Iterator[BatchItem]:
    for task_number, task_value in enumerate(list_of(value, repr(name)), start=1):
        where = f"{name!r} task {task_number}"
        task = dict_of(task_value, where)
        about = dict_of(task.get("task", {}), where)
        langs = (
            text_of(about, "sourceLanguage", where, ""),
            text_of(about, "targetLanguage", where, ""),
        )
        for number, item in enumerate(list_of(task.get("items"), where), start=1):
            yield _item(dict_of(item, f"{where} item {number}"), f"{where} item {number}", langs)


def _item(item: dict[str, Any], where: str, langs: tuple[str, str]) -> BatchItem:
    mqm = item.get("mqm", [])
    if isinstance(mqm, str):
        mqm = parse_json(mqm, f"{where} 'mqm'")
    is_tutorial = isinstance(mqm, dict)
    spans = mqm.get("payload", []) if isinstance(mqm, dict) else mqm
    return BatchItem(
        system=text_of(item, "targetID", where),
        item_id=text_of(item, "itemID", where),
        item_type=text_of(item, "itemType", where, "TGT"),
        document=text_of(item, "documentID", where, ""),
        is_document=item.get("isCompleteDocument") is True,
        source=text_of(item, "sourceText", where),
        target=text_of(item, "targetText", where),
        is_tutorial=is_tutorial,
        spans=list_of(spans or [], where),
        langs=langs,
    )
