"""What an estimate is made of: terms with their formula, moments of a run, and the largest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Term:
    """One part of what a process holds at a moment.

    Attributes:
        name: What it is, such as "weights".
        formula: How the bytes are counted, in words and numbers.
        num_bytes: Bytes, 0 or more.
    """

    name: str
    formula: str
    num_bytes: int


@dataclass(frozen=True)
class Moment:
    """A part of a run in which much is held at once.

    Attributes:
        name: Such as "training" or "saving".
        terms: What is held then.
    """

    name: str
    terms: tuple[Term, ...]

    @property
    def num_bytes(self) -> int:
        """All terms together."""
        return sum(term.num_bytes for term in self.terms)


@dataclass(frozen=True)
class Need:
    """What a run needs of one kind of memory.

    Attributes:
        place: "GPU" (of each card) or "host memory" (all processes together).
        moments: Its moments, in order.
        factor: What a dry run found: measured bytes by estimated ones; 1 = not calibrated.
    """

    place: str
    moments: tuple[Moment, ...]
    factor: float = 1.0

    @property
    def peak(self) -> Moment:
        """The moment that needs most; the first of equals."""
        return max(self.moments, key=lambda moment: moment.num_bytes)

    @property
    def num_bytes(self) -> int:
        """Bytes at the peak, calibrated where a dry run was made."""
        return int(self.peak.num_bytes * self.factor)

    def to_dict(self) -> dict[str, Any]:
        """Gives values that JSON can hold."""
        return {**asdict(self), "peak": self.peak.name, "num_bytes": self.num_bytes}


def moment(name: str, terms: Iterable[Term]) -> Moment:
    """Gives a moment without the terms that are nothing."""
    return Moment(name, tuple(term for term in terms if term.num_bytes > 0))


def times(count: int, term: Term, what: str = "processes") -> Term:
    """Gives a term for several processes that each hold it."""
    if count == 1:
        return term
    formula = f"{count} {what} × ({term.formula})"
    return Term(term.name, formula, count * term.num_bytes)
