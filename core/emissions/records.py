"""The lines of a job's `energy.jsonl`, and what they add up to.

Readings are cumulative within an attempt, so that a lost line loses nothing: the difference of two
lines belongs to the later one's phase. Attempts of a resumed job add up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.emissions.energy import PHASES, Conditions, Energy, Phase, Power, sum_of
from core.storage.files import JsonLinesTail, write_text

FILE_NAME = "energy.jsonl"
_MAX_ATTEMPTS = 1_000_000
_MAX_TIME = 32  # characters, as the database holds them


@dataclass
class Measured:
    """What a job took until now.

    Attributes:
        phases: By name.
        conditions: Of each attempt.
        warnings: Sentences, each once.
        started_at, ended_at: UTC ISO-8601 of the first and the last line; "" before the first.
        num_attempts: Attempts that began to be measured.
        power: Mean power between the last two readings.
    """

    phases: dict[str, Phase] = field(default_factory=dict)
    conditions: list[Conditions] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    started_at: str = ""
    ended_at: str = ""
    num_attempts: int = 0
    power: Power = field(default_factory=Power)
    _last: Phase = field(default_factory=Phase)

    @property
    def total(self) -> Phase:
        """The sum of the phases."""
        return sum_of(self.phases.values())

    def add(self, record: dict[str, Any]) -> None:
        """Takes one line in; one that lacks something, or says what cannot be, is passed over."""
        try:
            time = _short(record["time"])
            self._add(record)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
            return
        self.ended_at = time
        self.started_at = self.started_at or time

    def _add(self, record: dict[str, Any]) -> None:
        kind = record["kind"]
        if kind == "begin":
            number, conditions = _attempt(record), Conditions.of_json(record["conditions"])
            self.conditions.append(conditions)
            self._begin_attempt(number)
        elif kind == "warning":
            if record["text"] not in self.warnings:
                self.warnings.append(str(record["text"]))
        elif kind == "energy":
            number, phase, reading = _attempt(record), record["phase"], reading_of(record)
            if phase not in PHASES:
                raise ValueError(f"{phase!r} is no phase")
            if number > self.num_attempts:  # its first line was lost
                self._begin_attempt(number)
            self._add_reading(phase, reading)

    def _begin_attempt(self, number: int) -> None:
        self.num_attempts = max(self.num_attempts + 1, number)
        self._last = Phase()

    def _add_reading(self, phase: str, reading: Phase) -> None:
        taken = reading.since(self._last)
        if min(taken.seconds, *vars(taken.energy).values()) < 0:
            raise ValueError("a reading that is less than the one before")
        self.phases[phase] = self.phases.get(phase, Phase()) + taken
        self._last = reading
        if taken.seconds:
            self.power = taken.power


def read_energy(path: Path) -> Measured:
    """Gives what the file says; a missing one says that nothing was measured."""
    return measured_by(JsonLinesTail(path).records())


def measured_by(records: Iterable[dict[str, Any]]) -> Measured:
    """Adds records up."""
    measured = Measured()
    for record in records:
        measured.add(record)
    return measured


def reading_of(record: dict[str, Any]) -> Phase:
    """Gives the cumulative reading in an energy line.

    Raises:
        KeyError, OverflowError, TypeError, ValueError: It holds none.
    """
    names = ("seconds", "cpu_kwh", "ram_kwh", "gpu_kwh")
    seconds, *kwh = (float(record[name]) for name in names)
    if not all(math.isfinite(value) for value in (seconds, *kwh)):
        raise ValueError("no number")
    return Phase(seconds, Energy(*kwh))


def _attempt(record: dict[str, Any]) -> int:
    number = int(record["attempt"])
    if not 1 <= number <= _MAX_ATTEMPTS:
        raise ValueError(f"there is no attempt {number}")
    return number


def _short(time: Any) -> str:
    if not isinstance(time, str) or not 0 < len(time) <= _MAX_TIME:
        raise ValueError("no time")
    return time


def thin(path: Path) -> None:
    """Makes a long file shorter: of a phase's readings in one attempt every second one goes.

    What the job took stays the same, for readings are cumulative; only the course is coarser.
    """
    records = JsonLinesTail(path).read()
    kept = []
    for number, record in enumerate(records):
        after = records[number + 1] if number + 1 < len(records) else {}
        is_inner = all(record.get(name) == after.get(name) for name in ("kind", "attempt", "phase"))
        if record.get("kind") != "energy" or not is_inner or number % 2:
            kept.append(json.dumps(record, ensure_ascii=False) + "\n")
    write_text(path, "".join(kept))
