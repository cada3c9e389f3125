from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluate.report.csv_table import (
    DIFFERENCE_COLUMNS,
    SCORE_COLUMNS,
    csv_lines,
    differences_csv,
    scores_csv,
)
from core.evaluate.results import EvaluationResult


def _read(lines: object) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(lines), newline="")))  # type: ignore[call-overload]


def test_scores_are_read_back_bit_for_bit(result: EvaluationResult) -> None:
    rows = {(row["set_id"], row["metric"]): row for row in _read(scores_csv(result))}
    assert len(rows) == len(result.systems) * len(result.metrics)
    for score in result.scores:
        row = rows[score.set_id, score.metric]
        written = [float(row[name]) for name in ("value", "low", "high", "mean", "half_width")]
        assert written == [score.value, score.low, score.high, score.mean, score.half_width]
        assert int(row["n"]) == score.num_segments


def test_differences_and_ranks_stand_beside_their_scores(result: EvaluationResult) -> None:
    rows = {(row["set_id"], row["metric"]): row for row in _read(scores_csv(result))}
    difference = result.difference("llm", "ter")
    assert difference is not None
    row = rows["llm", "ter"]
    assert float(row["delta"]) == difference.delta
    assert float(row["delta_low"]) == difference.low
    assert float(row["delta_high"]) == difference.high
    assert float(row["p"]) == difference.p_value
    assert float(row["p_corrected"]) == difference.p_corrected
    assert (row["significant"], row["better"]) == ("True", "False")
    assert (row["cluster"], row["best_rank"], row["worst_rank"]) == ("1", "1", "2")
    assert rows["base", "ter"]["delta"] == ""


def test_a_line_says_what_is_needed_to_repeat_it(result: EvaluationResult) -> None:
    several = replace(result, references=("reference", "second"))
    for lines, columns in (
        (scores_csv(several), SCORE_COLUMNS),
        (differences_csv(several), DIFFERENCE_COLUMNS),
    ):
        row = _read(lines)[0]
        assert tuple(row) == columns
        assert row["signature"] == result.metrics[0].signature
        assert row["references"] == "reference | second"
        assert (row["test"], row["samples"], row["seed"]) == ("bs", "1000", "12345")
        assert row["baseline"] == "NLLB-200 600M"
        assert row["test_set_hash"] == result.test_set_hash
        assert (row["leak"], row["leak_badge"]) == (result.leak, result.leak_badge)


def test_differences_have_no_line_of_the_baseline(result: EvaluationResult) -> None:
    rows = _read(differences_csv(result))
    assert {row["set_id"] for row in rows} == {"fine", "llm"}
    assert len(rows) == len(result.differences)


def test_an_excluded_system_has_its_reason_and_no_values(result: EvaluationResult) -> None:
    rows = [row for row in _read(scores_csv(result)) if row["set_id"] == "short"]
    assert len(rows) == len(result.metrics)
    assert {row["excluded"] for row in rows} == {"12 of its 500 segments failed."}
    assert {row["value"] for row in rows} == {""}


def test_without_differences_only_the_header_is_written(result: EvaluationResult) -> None:
    lines = list(differences_csv(replace(result, differences=())))
    assert [line.strip() for line in lines] == [",".join(DIFFERENCE_COLUMNS)]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\tx", "\nx", "＝1"])
def test_no_cell_is_a_formula(result: EvaluationResult, text: str) -> None:
    systems = (replace(result.systems[0], name=text), *result.systems[1:])
    rows = _read(scores_csv(replace(result, systems=systems)))
    assert rows[0]["system"] == rows[-1]["baseline"] == f"'{text}"
    assert next(csv_lines([[text]])) != text


def test_negative_numbers_are_not_taken_for_formulas() -> None:
    assert list(csv_lines([[-1.5, -2]])) == ["-1.5,-2\r\n"]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_any_number_is_read_back_bit_for_bit(values: list[float]) -> None:
    (line,) = csv_lines([values])
    assert [float(cell).hex() for cell in next(csv.reader([line]))] == [v.hex() for v in values]


def test_unknown_numbers_are_empty() -> None:
    assert list(csv_lines([[math.nan, None, math.inf, 0.0]])) == [",,,0.0\r\n"]
