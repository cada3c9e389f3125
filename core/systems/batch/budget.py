"""What a batch may cost: calls under way are counted with what they will probably cost."""

from __future__ import annotations

from core.errors import ConfigError

ROUNDING_USD = 1e-9  # sums of prices are not exact


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
                f"The budget of {self._limit_usd:g} USD is used up: {self.spent_usd:.4f} USD are "
                "spent, and the next call would exceed it.",
                hint="What is translated is kept. Raise the budget and resume.",
            )
        self._reserved_usd += probable_usd

    def settle(self, probable_usd: float, cost_usd: float) -> None:
        """Puts what a call cost in the place of what was set aside for it."""
        self._reserved_usd -= probable_usd
        self.spent_usd += cost_usd
