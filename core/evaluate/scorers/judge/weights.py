"""What a judge's errors cost: its words brought to the presets of MQM scoring."""

from __future__ import annotations

from collections.abc import Sequence

from core.annotate.mqm_weights import Preset, find_preset, penalty_of, score_errors
from core.evaluate.scorers.judge.spans import JudgedError

NON_TRANSLATION = "non-translation!"  # as WMT's files write it


def mqm_score(
    errors: Sequence[JudgedError], preset_name: str, hypothesis: str, *, max_errors: int = 0
) -> float:
    """Gives the score of a segment by its errors; higher is better.

    Args:
        errors: Those that were found.
        preset_name: A name in `mqm_weights.PRESETS`.
        hypothesis: Some presets count its words.
        max_errors: Only so many count, the gravest; 0 = all.

    Returns:
        Minus the sum of the weights, 0 without errors; of `adaptmllm` 100 without errors.

    Raises:
        ConfigError: There is no such preset.
    """
    preset = find_preset(preset_name)
    costs = sorted((_penalty(preset, error) for error in errors), reverse=True)
    return score_errors(preset, costs[: max_errors or None], hypothesis)


def _penalty(preset: Preset, error: JudgedError) -> float:
    """Gives the cost of an error; where a preset knows no "critical", it is a major one."""
    category = error.category.strip()
    if category.casefold().replace(" ", "-").rstrip("!.") == NON_TRANSLATION.rstrip("!"):
        category = NON_TRANSLATION
    cost = penalty_of(preset, error.severity, category)
    if cost is None:
        cost = penalty_of(preset, "major", category)
    return cost or 0.0
