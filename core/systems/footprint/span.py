"""A range between two numbers: what is estimated is never told as one number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """From the least to the greatest value that an estimate allows.

    Attributes:
        low, high: Its ends; low is not above high.
    """

    low: float
    high: float

    def times(self, factor: float) -> Span:
        """Multiplies both ends by something that is not negative."""
        return Span(self.low * factor, self.high * factor)

    def plus(self, other: Span) -> Span:
        """Adds another range: the least to the least, the greatest to the greatest."""
        return Span(self.low + other.low, self.high + other.high)

    def words(self, told: Callable[[float], str]) -> str:
        """Gives it as `0.12 to 0.35 Wh`.

        Args:
            told: Gives one value as number and unit, such as `kwh_words`.
        """
        low, high = told(self.low), told(self.high)
        if low == high:
            return f"about {low}"
        number, _, unit = low.partition(" ")
        return f"{number if high.endswith(f' {unit}') else low} to {high}"
