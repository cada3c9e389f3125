from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from core.evaluate.report.figures import best_sets, decimals_of, direction, number, p_value
from core.evaluate.results import EvaluationResult


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.345, "12.35"),
        (-0.5, "−0.50"),
        (-0.001, "0.00"),
        (np.float32(1.5), "1.50"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_numbers_are_printed_for_people(value: object, text: str) -> None:
    assert number(value) == text


def test_signed_numbers_have_a_sign_and_zero_is_never_negative() -> None:
    assert [number(value, 1, is_signed=True) for value in (2, -2, -0.01)] == [
        "+2.0",
        "−2.0",
        "+0.0",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.500"), (1 / 1001, "0.001"), (0.0002, "0.0002"), (0.00001, "<0.0001"), (None, "–")],
)
def test_small_p_values_keep_digits_that_say_something(value: object, text: str) -> None:
    assert p_value(value) == text


def test_scores_below_1_have_more_decimals_unless_they_are_percent(
    result: EvaluationResult,
) -> None:
    bleu, _, comet = result.metrics
    assert decimals_of(result, bleu) == 2
    assert decimals_of(result, comet) == 4
    tiny = replace(result, scores=tuple(replace(each, value=0.3) for each in result.scores))
    assert decimals_of(tiny, bleu) == 2


def test_the_best_depends_on_the_metric_and_on_what_is_printed(result: EvaluationResult) -> None:
    bleu, ter, _ = result.metrics
    assert best_sets(result, ter, 2) == {"fine"}
    assert best_sets(result, bleu, 2) == {"fine"}
    assert best_sets(result, bleu, 1) == {"fine", "llm"}
    nothing = tuple(replace(each, value=math.nan) for each in result.scores)
    assert best_sets(replace(result, scores=nothing), bleu, 1) == frozenset()


def test_directions_are_named_and_unknown_codes_kept(result: EvaluationResult) -> None:
    assert direction(result) == "English to Irish"
    assert direction(replace(result, src_lang="tlh_Piqd")) == "tlh_Piqd to Irish"
