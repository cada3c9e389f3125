"""Writes `energy.jsonl` while a job runs: in its supervisor, once, for the whole process tree."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from core.emissions.energy import Phase
from core.emissions.gpu_sharing import sharing_warning
from core.emissions.meter import Meter, Start
from core.emissions.records import FILE_NAME as FILE_NAME
from core.emissions.records import Measured, thin
from core.emissions.records import read_energy as read_energy
from core.emissions.settings import EmissionsSettings
from core.storage.files import append_json_line, utc_now

# A look costs up to 50 ms where the kernel has taken back memory that was idle: 0.6 % of a core.
INTERVAL_S = 8.0
# The search for the hardware takes over a second of processor time: not for what ends at once. What
# processor and memory take meanwhile is counted all the same.
PATIENCE_S = 3.0
SHARING_INTERVAL_S = 60.0
COUNTER_LOST = (
    "The energy counter of a GPU could not be read for a while; its power was sampled instead."
)
MAX_BYTES = 5_000_000  # of the file of what may run for months; a week of readings

log = logging.getLogger(__name__)


class EnergyLog:
    """Measures from `begin` to `end` and writes a line at least every ten seconds.

    Everything but the search for the hardware happens in the caller's thread. What cannot be
    measured or written never ends the job: it is told in the log.

    Attributes:
        measured: What the job took until now, earlier attempts included.
    """

    def __init__(
        self,
        path: Path,
        settings: EmissionsSettings,
        *,
        num_gpus: int | None = None,
        keeps_all: bool = True,
    ) -> None:
        """Reads what earlier attempts took.

        Args:
            path: The job's `energy.jsonl`.
            settings: How it is measured.
            num_gpus: How many of the visible GPUs, from the first, are the job's; None = all.
            keeps_all: Otherwise the file is thinned when it gets long, as that of a service.
        """
        self._path = path
        self._keeps_all = keeps_all
        self._num_gpus = num_gpus
        self._settings = settings
        self.measured: Measured = read_energy(path)
        self._attempt = self.measured.num_attempts + 1
        self._meter: Meter | None = None
        self._phase = ""
        self._last = Phase()
        self._due_s = 0.0
        self._sharing_due_s = 0.0
        self._is_failing = False

    def begin(self) -> None:
        """Looks for the hardware in a thread of its own: the job need not wait two seconds."""
        threading.Thread(target=self._start, args=(Start.now(),), daemon=True).start()

    def note(self, phase: str) -> None:
        """Takes note that the job is in a phase now; call it several times a second.

        Args:
            phase: One of PHASES; "" for the one before.
        """
        meter = self._meter
        now_s = time.monotonic()
        if meter is None:
            self._phase = phase or self._phase
            return
        if not self._last.seconds and not self._due_s:
            self._write_begin(meter)
            self._due_s = now_s + INTERVAL_S
        is_other = bool(phase) and phase != self._phase
        if is_other or now_s >= self._due_s:
            self._write_reading(meter)
        if now_s >= self._sharing_due_s and self.measured.conditions:
            self._sharing_due_s = now_s + SHARING_INTERVAL_S
            self._warn_of_gpus(meter)
        self._phase = phase or self._phase

    def end(self) -> None:
        """Writes the last reading; a job that ended before anything was ready leaves none."""
        if self._meter is None:
            return
        self.note("")
        self._write_reading(self._meter)
        self._meter.stop()
        self._meter = None

    def _start(self, since: Start) -> None:
        time.sleep(PATIENCE_S)
        try:
            self._meter = Meter(self._settings, since, num_gpus=self._num_gpus)
        except Exception:  # noqa: BLE001 (a job must not fail because it cannot be measured)
            log.exception("energy is not measured")

    def _write_begin(self, meter: Meter) -> None:
        self._write({"kind": "begin", "conditions": meter.conditions.to_json()})

    def _write_reading(self, meter: Meter) -> None:
        try:
            reading = meter.read()
        except Exception as error:  # noqa: BLE001 (a driver that hiccups)
            if not self._is_failing:  # it is told once until it goes on
                log.warning("the energy could not be read: %s", error)
            self._is_failing = True
            self._due_s = time.monotonic() + INTERVAL_S
            return
        self._is_failing = False
        now = Phase(reading.seconds, reading.energy)
        taken = now.since(self._last)
        if taken.seconds <= 0:
            return
        self._last = now
        self._due_s = time.monotonic() + INTERVAL_S
        self._write(
            {
                "kind": "energy",
                "phase": self._phase or "prepare",
                "seconds": round(now.seconds, 3),
                **{name: float(f"{kwh:.9g}") for name, kwh in vars(now.energy).items()},
                **{name: round(watts, 2) for name, watts in vars(taken.power).items()},
            }
        )

    def _warn_of_gpus(self, meter: Meter) -> None:
        conditions = self.measured.conditions[-1]
        if not conditions.gpus:
            return
        if conditions.methods.get("gpu") == "counter" and not meter.is_gpu_counted:
            self._warn(COUNTER_LOST)
        try:
            self._warn(sharing_warning(self._num_gpus))
        except Exception as error:  # noqa: BLE001 (as above)
            log.warning("the GPUs' processes could not be listed: %s", error)

    def _warn(self, text: str) -> None:
        if text and text not in self.measured.warnings:
            self._write({"kind": "warning", "text": text})

    def _write(self, values: dict[str, object]) -> None:
        record = {"kind": values["kind"], "attempt": self._attempt, "time": utc_now(), **values}
        self.measured.add(record)
        try:
            append_json_line(self._path, record)
            if not self._keeps_all and self._path.stat().st_size > MAX_BYTES:
                thin(self._path)
        except OSError as error:  # a full disk must not end the supervisor
            log.warning("%s could not be written: %s", self._path.name, error)
