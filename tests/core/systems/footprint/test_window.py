"""The window of a measurement: what the meter counts of it begins and ends with it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.emissions import energy_log
from core.emissions.energy import Energy, phase_of_state
from core.emissions.energy_log import EnergyLog
from core.emissions.meter import Meter, Reading
from core.emissions.records import read_energy
from core.emissions.settings import EmissionsSettings
from core.finetune.run_folder import RunFolder
from core.jobs.progress import Progress
from core.jobs.recorder import Recorder
from core.storage.files import JsonLinesTail
from core.systems.footprint import measuring
from core.systems.footprint.measuring import _begin_window, _end_window
from tests.core.emissions.made_inference import CONDITIONS

POLL_S, INTERVAL_S, WINDOW_S = 0.1, 0.45, 0.3


@contextlib.contextmanager
def supervised(folder: RunFolder) -> Iterator[None]:
    """Looks after the energy of a job as its supervisor does, only oftener: a watt for ever."""
    began_s, has_ended = time.perf_counter(), threading.Event()

    def read() -> Reading:
        seconds = time.perf_counter() - began_s
        return Reading(seconds, Energy(seconds / 3.6e6))

    log = EnergyLog(folder.energy_file, EmissionsSettings())
    meter = SimpleNamespace(read=read, conditions=CONDITIONS, is_gpu_counted=True)
    log._meter = cast(Meter, meter)

    def look() -> None:
        tail, progress = JsonLinesTail(folder.metrics_file), Progress()
        while not has_ended.is_set():
            for record in tail.read():
                progress.add(record)
            log.note(phase_of_state(progress.phase))
            time.sleep(POLL_S)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        has_ended.set()
        looking.join()


@pytest.mark.parametrize("delay_s", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
def test_the_whole_window_is_counted_wherever_it_falls_between_two_readings(
    tmp_path: Path, delay_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy_log, "INTERVAL_S", INTERVAL_S)
    folder = RunFolder(tmp_path)
    recorder = Recorder(folder, 0)
    recorder.phase("preparing")
    with supervised(folder):
        time.sleep(delay_s)
        _begin_window(recorder, folder.energy_file)
        before_s = read_energy(folder.energy_file).phases.get("translate")
        time.sleep(WINDOW_S)
        _end_window(recorder, folder.energy_file)
        found = read_energy(folder.energy_file)
    assert before_s is None  # it began while all that was counted belonged to what was before
    window = found.phases["translate"]
    # Each of the two switches is seen by the next look at the latest.
    assert WINDOW_S - 0.01 <= window.seconds <= WINDOW_S + 4 * POLL_S
    assert window.energy.cpu_kwh == pytest.approx(window.seconds / 3.6e6, rel=0.01)


def test_nobody_who_measures_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "METER_LIMIT_S", 0.1)
    folder = RunFolder(tmp_path)
    recorder: Any = Recorder(folder, 0)
    with pytest.raises(measuring.HostError, match="is not being measured"):
        _begin_window(recorder, folder.energy_file)
    assert not folder.metrics_file.exists()  # the phase was not begun
