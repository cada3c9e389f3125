from __future__ import annotations

from typing import Any

import pytest

from core.storage.cells import csv_line, quoted_line, safe_cell


@pytest.mark.parametrize(
    "text", ["=1+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1", "＝1", "＠A1"]
)
def test_no_spreadsheet_takes_a_text_for_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "a=b", "1-2", " =1", "'=1", "नमस्ते", -1.5, 0, None, True])
def test_other_cells_stay_as_they_are(value: Any) -> None:
    assert safe_cell(value) == value


def test_a_line_of_csv_is_quoted_and_safe() -> None:
    assert csv_line(["=1", 'a "b", c', None, -1.5]) == '\'=1,"a ""b"", c",,-1.5\r\n'


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("text", ["a\r=1+1", "a\n=1+1", "\r", "a\r\nb"])
def test_a_cell_never_begins_a_row_of_its_own(text: str, line_end: str) -> None:
    line = quoted_line([text, "b"], line_end)
    assert line == f'"{text}",b{line_end}'
