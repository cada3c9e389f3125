"""What a batch may cost: calls under way are counted with what they will probably cost."""

from __future__ import annotations

import math

from core.errors import ConfigError

ROUNDING_USD = 1e-9  # sums of prices are not exact
DECIMALS = 4


class BudgetError(ConfigError):
    """The budget does not allow another call."""


class Budget:
    """Counts money.

    Attributes:
        spent_usd: What finished calls cost.
    """

    def __init__(self, limit_usd: float, spent_usd: float = 0.0) -> None:
        """Sets the limit; 0 = none. `spent_usd` is what earlier attempts cost."""
        self._limit_usd = limit_usd
        self._reserved_usd = 0.0
        self.spent_usd = spent_usd

    def reserve(self, probable_usd: float) -> None:
        """Sets aside what a call will probably cost; one that costs nothing is always allowed.

        Raises:
            BudgetError: With it, the budget would be exceeded.
        """
        total = self.spent_usd + self._reserved_usd + probable_usd
        if probable_usd > 0 and self._limit_usd and total > self._limit_usd + ROUNDING_USD:
            raise BudgetError(
                self._why_not(probable_usd),
                hint="What is translated is kept. Raise the budget and resume.",
            )
        self._reserved_usd += probable_usd

    def _why_not(self, probable_usd: float) -> str:
        limit = f"The budget of {usd(self._limit_usd)}"
        if not self.spent_usd and not self._reserved_usd:
            return f"{limit} is less than the first call may cost, {usd(probable_usd)}."
        spent = f"{usd(self.spent_usd)} are spent"
        if self._reserved_usd > ROUNDING_USD:
            spent += f", {usd(self._reserved_usd)} are set aside for calls under way"
        return f"{limit} is used up: {spent}, and the next call would exceed it."

    def settle(self, probable_usd: float, cost_usd: float) -> None:
        """Puts what a call cost in the place of what was set aside for it."""
        self._reserved_usd -= probable_usd
        self.spent_usd += cost_usd


def usd(amount: float) -> str:
    """Gives an amount with as many decimals as it needs, never as a power of ten."""
    first = -math.floor(math.log10(abs(amount))) if amount else 0
    text = f"{amount:.{max(DECIMALS, first + DECIMALS - 1)}f}"
    return f"{text.rstrip('0').rstrip('.')} USD"
