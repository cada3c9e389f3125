"""Pearmut's log of answers and the campaign it belongs to, with the texts of each answer found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from core.annotate.formats.json_values import dict_of, list_of, parse_json, text_of
from core.errors import DataError
from core.storage.archive import is_archive, unpack
from core.storage.files import decode_utf8

Document: TypeAlias = list[dict[str, Any]]

RESET = "__RESET__"  # stands for the answer where an organiser took earlier ones back

# Pearmut counts the time between two actions up to this.
_MAX_PAUSE_S = 60
_HINT = "Give the campaign's JSON and the answers' JSON lines, together in a ZIP or one of them."


@dataclass(frozen=True)
class Answer:
    """What a user made of a document.

    Attributes:
        where: File and line, for messages.
        user: Who.
        item: The number of the document, or `welcome_N`, `random_N`.
        document: Its segments with `src` and `tgt`.
        outputs: For each segment what was made of each model's output; None where it was skipped.
        comment: On the whole.
        active_s: Seconds without pauses; None where there is no record of actions.
        ended_s: Seconds since 1970 of the last action, or None.
        is_skipped: The user passed it by.
    """

    where: str
    user: str
    item: int | str
    document: Document
    outputs: list[dict[str, Any] | None]
    comment: str
    active_s: float | None
    ended_s: float | None
    is_skipped: bool


@dataclass
class PearmutFiles:
    """What was given.

    Attributes:
        campaign: The campaign's JSON, or {}.
        records: (file and line, record) of the answers, in order.
    """

    campaign: dict[str, Any] = field(default_factory=dict)
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def info(self) -> dict[str, Any]:
        """The campaign's settings."""
        return dict_of(self.campaign.get("info", {}), "the campaign's 'info'")

    @property
    def users(self) -> list[str]:
        """Those that the campaign names."""
        users = self.info.get("users")
        named = users if isinstance(users, list) else []
        return [str(each["user_id"]) if isinstance(each, dict) and "user_id" in each else str(each)
                for each in named]  # fmt: skip


def read_files(data: bytes, file_name: str) -> PearmutFiles:
    """Gives the campaign and the answers of a file or a ZIP.

    Raises:
        DataError: There is neither, two campaigns are given, or a line is not JSON.
    """
    files = unpack(data, file_name) if is_archive(data) else {file_name: data}
    found = PearmutFiles()
    for name, content in files.items():
        text = decode_utf8(content, name, hint="Save the file as UTF-8.").removeprefix("\ufeff")
        if _is_lines(text):
            for number, line in enumerate(text.split("\n"), start=1):
                if line.strip():
                    where = f"{name!r} line {number}"
                    found.records.append((where, dict_of(parse_json(line, where), where)))
            continue
        value = parse_json(text, repr(name))
        if isinstance(value, dict) and "data" in value:
            if found.campaign:
                raise DataError(f"{file_name!r} holds two campaigns.", hint="Give one of them.")
            found.campaign = value
        else:
            found.records += _downloaded(value, name)
    if not found.campaign and not found.records:
        raise DataError(f"{file_name!r} holds no campaign and no answers of Pearmut.", hint=_HINT)
    return found


def answers(files: PearmutFiles) -> list[Answer]:
    """Gives the latest answer of each user to each document, forms left out.

    Raises:
        DataError: A record is no answer, or its texts are not known.
    """
    latest: dict[tuple[str, int | str], Answer] = {}
    for where, record in files.records:
        key = text_of(record, "user_id", where), _item_of(record, where)
        latest.pop(key, None)
        if record.get("annotation") != RESET:
            answer = _answer(files, record, *key, where)
            if answer is not None:
                latest[key] = answer
    return list(latest.values())


def campaign_documents(files: PearmutFiles) -> Iterator[Document]:
    """Gives the documents of the campaign that are judged, without tutorials, checks and forms."""
    data = files.campaign.get("data", [])
    tasks = list(data.values()) if isinstance(data, dict) else list_of(data, "the campaign's data")
    if not isinstance(data, dict) and files.info.get("assignment", "task-based") != "task-based":
        tasks = [tasks]
    for task in tasks:
        for number, value in enumerate(list_of(task, "a task of the campaign"), start=1):
            document = _document(value, f"the campaign's document {number}")
            if not _is_form(document) and not any(map(_is_check, document)):
                yield document


def _is_lines(text: str) -> bool:
    """Whether a text is one record a line, not one value over many."""
    first = text.lstrip().split("\n", 1)[0]
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "user_id" in value


def _downloaded(value: Any, name: str) -> list[tuple[str, dict[str, Any]]]:
    """Gives the answers of Pearmut's download: a list of them by campaign."""
    lists = list(value.values()) if isinstance(value, dict) else [value]
    records = [record for each in lists if isinstance(each, list) for record in each]
    return [
        (f"{name!r} answer {number}", dict_of(record, f"{name!r} answer {number}"))
        for number, record in enumerate(records, start=1)
    ]


def _item_of(record: Mapping[str, Any], where: str) -> int | str:
    item = record.get("item_i")
    if isinstance(item, int | str) and not isinstance(item, bool):
        return item
    raise DataError(f"{where} has no 'item_i', the number of what was judged.", hint=_HINT)


def _answer(
    files: PearmutFiles, record: dict[str, Any], user: str, item: int | str, where: str
) -> Answer | None:
    document = _document(
        record["item"] if "item" in record else _payload(files, user, item, where), where
    )
    if _is_form(document):
        return None
    made = record.get("annotation")
    outputs = [made] if isinstance(made, dict) else list_of(made, where)
    if len(outputs) != len(document):
        raise DataError(
            f"{where} judges {len(outputs)} segments of a document that has {len(document)}."
        )
    actions = [each for each in list_of(record.get("actions") or [], where) if _time(each)]
    times = [_time(each) for each in actions]
    gaps = [min(later - earlier, _MAX_PAUSE_S) for earlier, later in zip(times, times[1:],
                                                                        strict=False)]  # fmt: skip
    return Answer(
        where=where,
        user=user,
        item=item,
        document=document,
        outputs=[None if each is None else dict_of(each, where) for each in outputs],
        comment=text_of(record, "comment", where, ""),
        active_s=max(0.0, sum(gaps)) if len(times) > 1 else None,
        ended_s=max(times, default=None),
        is_skipped=bool(actions) and actions[-1].get("action") == "submit_skip",
    )


def _payload(files: PearmutFiles, user: str, item: int | str, where: str) -> Any:
    """Gives the document that was judged, out of the campaign."""
    pool: Any = files.campaign.get("data", [])
    number = item
    if isinstance(item, str):
        kind, _, digits = item.rpartition("_")
        pool = files.campaign.get(f"data_{kind}", [])
        number = int(digits) if digits.isascii() and digits.isdecimal() else -1
    elif isinstance(pool, dict):
        pool = pool.get(user, [])
    elif files.info.get("assignment") == "task-based":
        place = files.users.index(user) if user in files.users else len(pool)
        pool = pool[place] if place < len(pool) else []
    if not isinstance(pool, list) or not isinstance(number, int) or not 0 <= number < len(pool):
        raise DataError(
            f"{where}: the texts of item {str(item)[:40]!r} of {user[:40]!r} are not known.",
            hint="Give the campaign's JSON too, together with the answers in a ZIP.",
        )
    return pool[number]


def _document(value: Any, where: str) -> Document:
    segments = [value] if isinstance(value, dict) else list_of(value, where)
    return [dict_of(segment, where) for segment in segments]


def _is_check(segment: Mapping[str, Any]) -> bool:
    return "validation" in segment or segment.get("kind", "main") not in ("main", "calibration")


def _is_form(document: Document) -> bool:
    return bool(document) and "form" in document[0] and "tgt" not in document[0]


def _time(action: Any) -> float:
    time = action.get("time") if isinstance(action, dict) else None
    is_time = isinstance(time, int | float) and not isinstance(time, bool) and 0 < time < 1e11
    return float(time) if is_time and time is not None else 0.0
