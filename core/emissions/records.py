"""The lines of a job's `energy.jsonl`, and what they add up to.

Readings are cumulative within an attempt, so that a lost line loses nothing: the difference of two
lines belongs to the later one's phase. Attempts of a resumed job add up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.emissions.energy import PHASES, Conditions, Energy, Phase, Power, sum_of
from core.storage.files import JsonLinesTail, write_text

FILE_NAME = "energy.jsonl"


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
        """Takes one line in; a line that lacks something is passed over."""
        try:
            self._add(record)
        except (KeyError, TypeError, ValueError):
            return
        self.ended_at = str(record["time"])
        self.started_at = self.started_at or self.ended_at

    def _add(self, record: dict[str, Any]) -> None:
        kind = record["kind"]
        if kind == "begin":
            self.conditions.append(Conditions.of_json(record["conditions"]))
            self._begin_attempt(int(record["attempt"]))
        elif kind == "warning":
            if record["text"] not in self.warnings:
                self.warnings.append(str(record["text"]))
        elif kind == "energy":
            if int(record["attempt"]) > self.num_attempts:  # its first line was lost
                self._begin_attempt(int(record["attempt"]))
            self._add_reading(str(record["phase"]), reading_of(record))

    def _begin_attempt(self, number: int) -> None:
        self.num_attempts = max(self.num_attempts + 1, number)
        self._last = Phase()

    def _add_reading(self, phase: str, reading: Phase) -> None:
        if phase not in PHASES:
            raise ValueError(f"{phase!r} is no phase")
        taken = reading.since(self._last)
        if taken.seconds < 0:
            raise ValueError("a reading that is older than the one before")
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
        KeyError, TypeError, ValueError: It holds none.
    """
    values = [float(record[f"{device}_kwh"]) for device in ("cpu", "ram", "gpu")]
    return Phase(float(record["seconds"]), Energy(*values))


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
