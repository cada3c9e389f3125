"""Limits on how often something may be tried: allowances that fill up again evenly."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic

MAX_ADDRESSES = 10_000


@dataclass
class Allowance:
    """A minute's allowance that fills up again evenly.

    Attributes:
        level: What is left.
        filled_at: When `level` was right, on the monotonic clock.
    """

    level: float
    filled_at: float = field(default_factory=lambda: monotonic())

    def take(self, amount: float, per_minute: float) -> float:
        """Takes `amount` and gives 0, or takes nothing and gives the seconds until there is enough.

        An amount above the whole allowance passes when the allowance is full: it would never fit.
        """
        now = monotonic()
        self.level = min(per_minute, self.level + (now - self.filled_at) * per_minute / 60)
        self.filled_at = now
        missing = min(amount, per_minute) - self.level
        if missing > 0:
            return missing * 60 / per_minute
        self.level -= amount
        return 0.0


class Attempts:
    """Counts tries of each address and of all together."""

    def __init__(self, *, per_minute: int = 10, all_per_minute: int = 60) -> None:
        self._per_minute = per_minute
        self._all_per_minute = all_per_minute
        self._all = Allowance(all_per_minute)
        self._addresses: OrderedDict[str, Allowance] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> int:
        """Counts a try and gives 0, or gives after how many seconds the next one is allowed.

        Args:
            address: Where it comes from. Addresses can be many, so all together have a limit, too.
        """
        with self._lock:
            own = self._addresses.setdefault(address, Allowance(self._per_minute))
            self._addresses.move_to_end(address)
            while len(self._addresses) > MAX_ADDRESSES:
                self._addresses.popitem(last=False)
            wait_s = own.take(1, self._per_minute) or self._all.take(1, self._all_per_minute)
        return math.ceil(wait_s)
