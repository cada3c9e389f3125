"""What a run will have taken at its end, told from the epochs that are done.

The idea is Carbontracker's (Anthony, Kanding and Selvan 2020, arXiv 2007.03051): epochs of one
training resemble each other, so that the first tells of the rest. We look at rounds: what lies
between two evaluations, together with the evaluation and its checkpoint. That is an epoch unless
the settings say otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from core.emissions.course import EnergyCourse, PhaseBand


@dataclass(frozen=True)
class Forecast:
    """What a run will have taken at its end, all its attempts together.

    Attributes:
        kwh: If the remaining rounds take what the middle one of those done took.
        low_kwh, high_kwh: If all of them are like the cheapest or the dearest one so far.
        num_rounds: Finished rounds that it is told from; 0: from the steps of an unfinished one.
    """

    kwh: float
    low_kwh: float
    high_kwh: float
    num_rounds: int


@dataclass(frozen=True)
class Steps:
    """How far a run is, in optimizer steps.

    Attributes:
        done: Steps that are done.
        total: All of them.
        an_epoch: Steps of an epoch.
        a_round: Steps between two evaluations.
    """

    done: int
    total: int
    an_epoch: int
    a_round: int

    @property
    def are_enough(self) -> bool:
        """Whether an epoch is complete; of a run of one epoch or less: a tenth of its steps."""
        is_long = self.an_epoch < self.total
        return self.done >= (self.an_epoch if is_long else max(1, math.ceil(self.total / 10)))

    @property
    def left(self) -> int:
        """Steps that are still to do."""
        return max(0, self.total - self.done)

    def pending(self, num_complete: int) -> int:
        """Gives the steps done after the rounds that are complete, evaluation included."""
        rest = self.done % self.a_round
        return rest if rest or num_complete >= self.done // self.a_round else self.a_round


def forecast(course: EnergyCourse, steps: Steps) -> Forecast | None:
    """Tells what a run will have taken at its end; None before its first epoch is complete.

    The end of a run translates the test split once more; it is taken to need what this needed
    before training.
    """
    rounds = _rounds(course.bands)
    if not steps.are_enough or not rounds:
        return None
    *complete, open_round = rounds
    pending = steps.pending(len(complete))
    # A killed attempt's steps are done twice: such a round tells nothing of others.
    usable = [each for each in complete if len(each.attempts) == 1] or complete
    if usable:
        rates = [each.total_kwh / steps.a_round for each in usable]
        closing_rate = median(each.closing_kwh for each in usable) / steps.a_round
    elif pending:
        rates, closing_rate = [open_round.train_kwh / pending], 0.0
    else:
        return None
    # What belongs to steps that are done, and what the end takes, as far as it is not yet taken.
    owed = closing_rate * pending + _opening_kwh(course.bands) - open_round.closing_kwh
    sure = course.total_kwh + max(0.0, owed)
    low, middle, high = (
        sure + steps.left * rate for rate in (min(rates), median(rates), max(rates))
    )
    return Forecast(middle, low, high, len(usable))


@dataclass
class _Round:
    """Training up to an evaluation, and that evaluation with its checkpoint; in kWh."""

    train_kwh: float = 0.0
    closing_kwh: float = 0.0
    is_evaluated: bool = False
    attempts: set[int] = field(default_factory=set)

    def add(self, band: PhaseBand) -> None:
        if band.phase == "train":
            self.train_kwh += band.energy.total_kwh
        else:
            self.closing_kwh += band.energy.total_kwh
        self.is_evaluated |= band.phase == "evaluate"
        self.attempts.add(band.attempt)

    @property
    def total_kwh(self) -> float:
        return self.train_kwh + self.closing_kwh


def _rounds(bands: Iterable[PhaseBand]) -> list[_Round]:
    """Gives the rounds in their order; the last one is not finished."""
    rounds: list[_Round] = []
    for band in bands:
        if band.phase == "train" and (not rounds or rounds[-1].is_evaluated):
            rounds.append(_Round())
        if rounds and band.phase in ("train", "evaluate", "save"):
            rounds[-1].add(band)
    return rounds


def _opening_kwh(bands: Iterable[PhaseBand]) -> float:
    """Gives what translating took before the first step: the test split, and some of dev."""
    opening_kwh = 0.0
    for band in bands:
        if band.phase == "train":
            break
        if band.phase == "evaluate":  # the last one counts: an earlier one was broken off
            opening_kwh = band.energy.total_kwh
    return opening_kwh
