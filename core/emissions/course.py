"""The course of a job's energy, read piece by piece from `energy.jsonl` while it is written."""

from __future__ import annotations

import copy
import threading
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.emissions.energy import DEVICES, Device, Energy, JobEnergy, Phase
from core.emissions.records import Measured
from core.storage.files import JsonLinesTail


def _columns() -> dict[Device, array[float]]:
    return {device: array("d") for device in DEVICES}  # eight bytes a number: runs take weeks


@dataclass(frozen=True)
class PhaseBand:
    """A stretch of time that a job spent in one phase.

    Attributes:
        phase: One of PHASES.
        attempt: The attempt that it belongs to, from 1.
        start_min, end_min: Minutes of work since the first record.
        energy: What was taken in it.
    """

    phase: str
    attempt: int
    start_min: float
    end_min: float
    energy: Energy


@dataclass
class EnergyCourse:
    """What a job took until now, reading by reading.

    Attempts follow each other: the pause between two is no work and is left out.

    Attributes:
        minutes: Minutes of work since the first record, one entry a reading.
        power_w: Mean power since the reading before, by device, parallel to `minutes`.
        energy_wh: Energy since the first record, by device, parallel to `minutes`; in Wh.
        bands: The phases in their order; where the phase stayed the same, readings are one band.
        measured: The sums: phases, conditions, warnings.
        earlier: What the attempts before the present one took.
    """

    minutes: array[float] = field(default_factory=lambda: array("d"))
    power_w: dict[Device, array[float]] = field(default_factory=_columns)
    energy_wh: dict[Device, array[float]] = field(default_factory=_columns)
    bands: list[PhaseBand] = field(default_factory=list)
    measured: Measured = field(default_factory=Measured)
    earlier: Phase = field(default_factory=Phase)
    _has_begun: bool = False

    @property
    def total_kwh(self) -> float:
        """What all attempts took until now."""
        return self.measured.total.energy.total_kwh

    @property
    def attempt_kwh(self) -> float:
        """What the present attempt took until now."""
        return self.total_kwh - self.earlier.energy.total_kwh

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices that there are something to tell of."""
        known = {device for each in self.measured.conditions for device in each.methods}
        total = self.measured.total.energy
        return tuple(device for device in DEVICES if device in known or total.of(device) > 0)

    def job_energy(self, job_id: str, kind: str, title: str) -> JobEnergy:
        """Gives the sums as those of a job."""
        measured = self.measured
        return JobEnergy(
            job_id=job_id,
            kind=kind,
            title=title,
            person="",
            system="",
            study="",
            phases=dict(measured.phases),
            conditions=tuple(measured.conditions),
            warnings=tuple(measured.warnings),
            started_at=measured.started_at,
            ended_at=measured.ended_at,
        )

    def add(self, record: Mapping[str, Any]) -> None:
        """Takes one line in; a line that lacks something is passed over."""
        before, num_attempts = self.measured.total, self.measured.num_attempts
        self.measured.add(dict(record))
        if self.measured.num_attempts != num_attempts:
            self.earlier = before
            self._has_begun = False
            return
        taken = self.measured.total.since(before)
        # Sums of floats: without a reading the difference is nothing, or next to nothing.
        if record.get("kind") == "energy" and taken.seconds > 1e-6:
            self._add_reading(str(record["phase"]), taken.energy, before)

    def snapshot(self) -> EnergyCourse:
        """Gives a copy that does not grow."""
        return replace(
            self,
            minutes=self.minutes[:],
            power_w={device: column[:] for device, column in self.power_w.items()},
            energy_wh={device: column[:] for device, column in self.energy_wh.items()},
            bands=list(self.bands),
            measured=copy.deepcopy(self.measured),
        )

    def _add_reading(self, phase: str, taken: Energy, before: Phase) -> None:
        if not self._has_begun:  # the first mean holds from the attempt's start
            self._has_begun = True
            self._add_point(before)
        self._add_point(self.measured.total)
        start_min, end_min = before.seconds / 60, self.minutes[-1]
        band = PhaseBand(phase, max(1, self.measured.num_attempts), start_min, end_min, taken)
        last = self.bands[-1] if self.bands else None
        if last and (last.phase, last.attempt) == (band.phase, band.attempt):
            self.bands[-1] = replace(last, end_min=end_min, energy=last.energy + taken)
        else:
            self.bands.append(band)

    def _add_point(self, total: Phase) -> None:
        power = self.measured.power
        watts: dict[Device, float] = {"cpu": power.cpu_w, "ram": power.ram_w, "gpu": power.gpu_w}
        self.minutes.append(total.seconds / 60)
        for device in DEVICES:
            self.power_w[device].append(watts[device])
            self.energy_wh[device].append(1000 * total.energy.of(device))


class EnergyCourseReader:
    """Reads the `energy.jsonl` of one job as it grows; safe from several threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._tail = JsonLinesTail(path)
        self._course = EnergyCourse()

    def read(self) -> EnergyCourse:
        """Gives the course until now, as a copy."""
        with self._lock:
            for record in self._tail.records():
                if self._is_repeated(record):
                    self._course = EnergyCourse()
                self._course.add(record)
            return self._course.snapshot()

    def _is_repeated(self, record: Mapping[str, Any]) -> bool:
        """Whether an attempt begins that is known: the file was written anew, and shorter."""
        attempt = record.get("attempt")
        is_known = isinstance(attempt, int) and attempt <= self._course.measured.num_attempts
        return record.get("kind") == "begin" and is_known
