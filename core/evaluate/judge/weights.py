"""What an error costs: the presets of MQM scoring that a judge's errors are counted by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.evaluate.judge.spans import JudgedError


@dataclass(frozen=True)
class Weights:
    """The cost of an error.

    Attributes:
        minor, major, critical: By severity.
        minor_punctuation: Of a minor error of punctuation.
        non_translation: Of a text that is no translation at all, whatever the severity.
    """

    minor: float
    major: float
    critical: float
    minor_punctuation: float
    non_translation: float

    def of(self, error: JudgedError) -> float:
        """Gives what one error costs."""
        category = error.category.casefold()
        if category.startswith("non-translation"):
            return self.non_translation
        if error.severity == "minor" and "punctuation" in category:
            return self.minor_punctuation
        return float(getattr(self, error.severity))


# Minor and major as in Freitag et al. 2021 ("Experts, Errors, and Context"), for which there was
# no "critical": 25 is what its unusable translations cost. WMT 2023 counted critical as major.
WEIGHTS = {
    "mqm-core": Weights(1, 5, 25, minor_punctuation=1, non_translation=25),
    "wmt21": Weights(1, 5, 25, minor_punctuation=0.1, non_translation=25),
    "wmt23": Weights(1, 5, 5, minor_punctuation=0.1, non_translation=25),
}


def mqm_score(errors: Sequence[JudgedError], preset: str, *, max_errors: int = 0) -> float:
    """Gives the score of a segment: minus the sum of the weights, so that higher is better.

    Args:
        errors: Those that were found.
        preset: A name in WEIGHTS.
        max_errors: Only so many count, the gravest; 0 = all.

    Returns:
        A number up to 0, which is a segment without errors.
    """
    costs = sorted(map(WEIGHTS[preset].of, errors), reverse=True)
    return 0.0 - sum(costs[: max_errors or None])
