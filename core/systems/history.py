"""The history of everything that was asked, as files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from core.storage.answer_records import AnswerRecord
from core.storage.cells import csv_line
from core.storage.workspace import Workspace
from core.systems.arena.duels import why_not

CSV_COLUMNS = (
    "asked_at", "purpose", "system_name", "system_id", "src_lang", "tgt_lang", "source",
    "reference", "text", "raw", "state", "finish_reason", "failure", "first_token_s", "total_s",
    "prompt_tokens", "completion_tokens", "cost_usd", "ask_id", "position",
)  # fmt: skip
HIDDEN = "hidden"


def is_blind(workspace: Workspace, answer: AnswerRecord) -> bool:
    """Whether it is one of a pair that waits for a vote: its system stays hidden until then."""
    if answer.purpose != "arena" or workspace.votes.of_ask(answer.ask_id) is not None:
        return False
    pair = workspace.answers.of_ask(answer.ask_id)
    return not all(each.has_ended for each in pair) or (
        len(pair) == 2 and not why_not(workspace, pair)
    )


def blinded(workspace: Workspace, records: Iterable[AnswerRecord]) -> Iterator[AnswerRecord]:
    """Gives answers for an export, without what tells whose an unjudged one is."""
    for record in records:
        if is_blind(workspace, record):
            record = replace(record, system_id="", system_name=HIDDEN, figures={})
        yield record


def as_values(record: AnswerRecord) -> dict[str, Any]:
    """Gives an answer as plain values; the process that asked is nobody's business."""
    values = {**vars(record)}
    del values["owner"]
    return values


def json_lines(records: Iterable[AnswerRecord]) -> Iterator[str]:
    """Gives one JSON object a line, with everything that is known."""
    for record in records:
        yield json.dumps(as_values(record), ensure_ascii=False) + "\n"


def csv_lines(records: Iterable[AnswerRecord]) -> Iterator[str]:
    """Gives the columns that fit a table."""
    yield csv_line(CSV_COLUMNS)
    for record in records:
        values = {**vars(record), **record.figures}
        yield csv_line(values.get(name) for name in CSV_COLUMNS)
