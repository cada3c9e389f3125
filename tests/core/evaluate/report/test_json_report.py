from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from core.errors import DataError
from core.evaluate.report.json_report import SCHEMA, from_json, to_json
from core.evaluate.results import EvaluationResult


def test_a_result_comes_back_as_it_was(result: EvaluationResult) -> None:
    assert from_json(to_json(result)) == result


def test_the_values_are_those_of_the_result(result: EvaluationResult) -> None:
    values = json.loads(to_json(result))
    assert values.pop("schema") == SCHEMA
    assert values == json.loads(json.dumps(result.as_dict()))


def test_what_is_not_finite_is_null_and_comes_back_as_nan(result: EvaluationResult) -> None:
    first = replace(result.scores[0], value=math.nan, mean=math.inf, half_width=None)
    difference = replace(result.differences[0], p_value=-math.inf)
    systems = (replace(result.systems[0], provenance={"t": [math.nan]}), *result.systems[1:])
    text = to_json(replace(result, scores=(first,), differences=(difference,), systems=systems))
    values = json.loads(text, parse_constant=pytest.fail)
    assert values["scores"][0]["value"] is None
    assert values["systems"][0]["provenance"] == {"t": [None]}
    read = from_json(text)
    assert math.isnan(read.scores[0].value)
    assert math.isnan(read.differences[0].p_value)
    assert read.scores[0].mean is None


@pytest.mark.parametrize("name", ["मराठी", "العربية", 'a"b\\c\n', "<script>"])
def test_names_in_any_script_come_back(result: EvaluationResult, name: str) -> None:
    assert from_json(to_json(replace(result, name=name))).name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "schema None"),
        ('{"schema": 99}', "schema 99; this program reads 1"),
        ('{"schema": 1}', "cannot be read: name: Field required"),
        ('{"schema": 1, "scores": [3, {"value": null}], "differences": 2}', "cannot be read"),
    ],
)
def test_what_is_no_report_is_refused_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        from_json(text)
