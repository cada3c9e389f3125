from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluate.report.charts import difference_plot, score_plot, ticks_between
from core.evaluate.results import EvaluationResult


def test_places_keep_the_order_and_the_distances_of_the_values(result: EvaluationResult) -> None:
    plot = score_plot(result, result.metrics[0])
    assert plot is not None
    base, fine, llm = plot.marks
    assert base.low_x is not None
    assert base.high_x is not None
    assert 0 < base.low_x < base.x < base.high_x < llm.x < fine.x < 100
    scale = (base.high_x - base.low_x) / (2 * 1.3333333333333333)
    assert (fine.x - base.x) / scale == pytest.approx(36.04 - 28.412345678901234, rel=1e-3)
    assert plot.line_x == base.x


def test_the_baseline_is_the_filled_point(result: EvaluationResult) -> None:
    plot = score_plot(result, result.metrics[0])
    assert plot is not None
    assert [mark.is_full for mark in plot.marks] == [True, False, False]


def test_texts_say_value_interval_and_p(result: EvaluationResult) -> None:
    plot = score_plot(result, result.metrics[1])
    assert plot is not None
    assert plot.marks[0].text == "61.70 [59.80, 63.60]"
    plot = difference_plot(result, result.metrics[1])
    assert plot is not None
    assert plot.marks[0].text == "−10.50 [−11.35, −9.65], p = 0.002"


def test_differences_are_plotted_around_zero(result: EvaluationResult) -> None:
    plot = difference_plot(result, result.metrics[1])
    assert plot is not None
    fine, llm = plot.marks
    assert plot.line_x is not None
    assert fine.x < plot.line_x < llm.x
    assert (plot.line_x, "0") in plot.ticks


def test_one_value_without_interval_is_in_the_middle(result: EvaluationResult) -> None:
    score = replace(result.scores[0], mean=None, half_width=None, low=None, high=None)
    plot = score_plot(replace(result, scores=(score,)), result.metrics[0])
    assert plot is not None
    (mark,) = plot.marks
    assert (mark.x, mark.low_x, mark.high_x, mark.text) == (50.0, None, None, "28.41")


def test_values_that_are_not_finite_are_left_out(result: EvaluationResult) -> None:
    scores = (replace(result.scores[0], value=math.nan), *result.scores[1:])
    plot = score_plot(replace(result, scores=scores), result.metrics[0])
    assert plot is not None
    assert [mark.name for mark in plot.marks] == ["Fine-tuned", "LLM"]
    assert plot.line_x is None
    assert score_plot(replace(result, scores=scores[:1]), result.metrics[0]) is None


def test_without_differences_there_is_no_plot_of_them(result: EvaluationResult) -> None:
    assert difference_plot(replace(result, differences=()), result.metrics[0]) is None


@given(st.floats(-1e6, 1e6), st.floats(1e-4, 1e6))
def test_two_to_five_round_ticks_lie_within(low: float, width: float) -> None:
    high = low + width
    ticks = ticks_between(low, high)
    assert 2 <= len(ticks) <= 5
    assert all(low - 1e-6 * width <= tick <= high + 1e-6 * width for tick in ticks)
    step = ticks[1] - ticks[0]
    assert [b - a for a, b in pairwise(ticks)] == pytest.approx([step] * (len(ticks) - 1), rel=1e-4)
    digit = step / 10 ** math.floor(math.log10(step * 1.0001))
    assert digit == pytest.approx(round(digit), rel=1e-4)
    assert round(digit) in (1, 2, 5, 10)
