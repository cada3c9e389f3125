"""The history of everything that was asked, as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from core.storage.answer_records import AnswerRecord
from core.storage.workspace import Workspace
from core.systems.arena.duels import why_not

CSV_COLUMNS = (
    "asked_at", "purpose", "system_name", "system_id", "src_lang", "tgt_lang", "source",
    "reference", "text", "raw", "state", "finish_reason", "failure", "first_token_s", "total_s",
    "prompt_tokens", "completion_tokens", "cost_usd", "ask_id", "position",
)  # fmt: skip
# OWASP, "CSV Injection"; the wide forms are typed on East Asian keyboards.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


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
    yield _csv_line(CSV_COLUMNS)
    for record in records:
        values = {**vars(record), **record.figures}
        yield _csv_line([safe_cell(values.get(name)) for name in CSV_COLUMNS])


def safe_cell(value: Any) -> Any:
    """Gives a cell that no spreadsheet takes for a formula: an apostrophe goes before it."""
    is_formula = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if is_formula else value


def _csv_line(cells: Iterable[Any]) -> str:
    output = io.StringIO()
    csv.writer(output).writerow(cells)
    return output.getvalue()
