"""How a report prints the numbers of an evaluation, and which of them it sets in bold."""

from __future__ import annotations

import math
from numbers import Real
from typing import TypeGuard

from core.errors import ConfigError
from core.evaluate.results import EvaluationResult, MetricResult
from core.languages import language_name

NOTHING = "–"
MINUS = "−"
TESTS = {"bs": "paired bootstrap", "ar": "approximate randomisation"}


def number(value: object, decimals: int = 2, *, is_signed: bool = False) -> str:
    """Gives a number with a true minus sign, and never minus zero.

    Args:
        value: None, NaN and infinity are shown as a dash.
        decimals: Digits after the point.
        is_signed: Whether a plus stands before what is not negative.
    """
    if not is_finite(value):
        return NOTHING
    sign = "+" if is_signed else ""
    return format(value, f"{sign}z.{decimals}f").replace("-", MINUS)


def p_value(value: object) -> str:
    """Gives a p-value with three decimals, or four where three would say little."""
    if not is_finite(value):
        return NOTHING
    if value < 0.0001:
        return "<0.0001"
    return f"{value:.4f}" if value < 0.00095 else f"{value:.3f}"


def is_finite(value: object) -> TypeGuard[float]:
    """Whether it is a number, and neither NaN nor infinite."""
    return isinstance(value, Real) and math.isfinite(value)


def decimals_of(result: EvaluationResult, metric: MetricResult, *, usual: int = 2) -> int:
    """Gives how many decimals tell systems apart: two more for metrics between -1 and 1.

    Args:
        result: Whose scores count.
        metric: BLEU, chrF and TER always get the usual number.
        usual: For values between 0 and 100.
    """
    values = [score.value for score in result.scores if score.metric == metric.key]
    is_small = all(abs(value) <= 1 for value in values if is_finite(value))
    return usual + 2 if is_small and metric.kind != "lexical" else usual


def best_sets(result: EvaluationResult, metric: MetricResult, decimals: int) -> frozenset[str]:
    """Gives the ids of the translation sets that print the best value: equal prints are all best.

    Args:
        result: The scored systems.
        metric: By which.
        decimals: With which the values are printed.
    """
    found = {
        system.set_id: round(score.value, decimals)
        for system in result.scored
        if (score := result.score(system.set_id, metric.key)) and is_finite(score.value)
    }
    if not found:
        return frozenset()
    best = min(found.values()) if metric.is_lower_better else max(found.values())
    return frozenset(set_id for set_id, value in found.items() if value == best)


def system_name(result: EvaluationResult, set_id: str) -> str:
    """Gives the name of a system of the comparison; an id that it lacks stays as it is."""
    return next((each.name for each in result.systems if each.set_id == set_id), set_id)


def direction(result: EvaluationResult) -> str:
    """Gives the languages by name, such as `English to Irish`."""
    return f"{_language(result.src_lang)} to {_language(result.tgt_lang)}"


def test_words(result: EvaluationResult) -> str:
    """Gives the test with what is needed to repeat it."""
    name = TESTS.get(result.test, result.test)
    return f"{name}, {result.num_samples:,} samples, seed {result.seed}"


def segments_words(result: EvaluationResult) -> str:
    """Gives the segments that count, and those of each metric that has values of fewer of them."""
    usual = f"n = {result.num_scored:,}"
    others = []
    for metric in result.metrics:
        num = max((e.num_segments for e in result.scores if e.metric == metric.key), default=0)
        if num != result.num_scored:
            others.append(f"{metric.name}: {num:,}")
    return f"{usual} ({'; '.join(others)})" if others else usual


def interval_words(result: EvaluationResult) -> str:
    """Says what the intervals are of; of how many resamples, where that is known."""
    if not result.num_interval_samples:
        return "95 % interval"
    return f"95 % interval of {result.num_interval_samples:,} resamples"


def metric_notes(result: EvaluationResult) -> list[str]:
    """Gives what a reader has to know of single metrics, in sentences that name them."""
    found = [f"{each.name}: {sentence(each.note)}" for each in result.metrics if each.note]
    judges = [each.name for each in result.metrics if each.kind == "judge"]
    if judges:
        found.append(
            f"{', '.join(judges)}: judged by an LLM. This report does not say how that agrees with "
            "people: where there are ratings, the page Evaluate does; where there are none, it is "
            "unknown."
        )
    return found


def sentence(text: str) -> str:
    """Gives a text with a full stop at its end; an empty one stays empty."""
    text = text.strip()
    return text if not text or text[-1] in ".!?…" else f"{text}."


def _language(code: str) -> str:
    try:
        return language_name(code)
    except ConfigError:
        return code
