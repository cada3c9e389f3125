"""Measures itself while it measures: `python -m bench.energy_child WHO SECONDS FOLDER`.

WHO is `ours` (a job's energy log, as its supervisor keeps it), `codecarbon` (its tracker with its
own timer, as its users start it) or `nothing`. Ten processes stand below, as ranks and loaders do.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from core.emissions import energy_log
from core.emissions.energy_log import EnergyLog
from core.emissions.settings import EmissionsSettings
from core.jobs.supervisor import POLL_S

NUM_CHILDREN = 10
_SLEEPS = "import time; time.sleep(3600)"
Step = Callable[[], None]


def main() -> None:
    """Prints processor seconds of the start and of the time after, memory, and how long it was."""
    who, seconds, folder = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    children = [
        subprocess.Popen([sys.executable, "-S", "-c", _SLEEPS]) for _ in range(NUM_CHILDREN)
    ]
    try:
        before_s = _used_s()
        step, end = _begun(who, folder)
        began_s, started_s = time.monotonic(), _used_s()
        while time.monotonic() - began_s < seconds:
            step()
            time.sleep(POLL_S)
        measured_s, used_s = time.monotonic() - began_s, _used_s() - started_s
        end()
    finally:
        for child in children:
            child.kill()
    figures = {
        "start_cpu_s": started_s - before_s,
        "cpu_s": used_s,
        "seconds": measured_s,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def _begun(who: str, folder: Path) -> tuple[Step, Step]:
    if who == "ours":
        return _ours(folder)
    if who == "codecarbon":
        return _codecarbon(folder)
    return (lambda: None), (lambda: None)


def _ours(folder: Path) -> tuple[Step, Step]:
    kept = EnergyLog(folder / energy_log.FILE_NAME, EmissionsSettings())
    energy_log.PATIENCE_S = 0.0
    kept.begin()
    while kept._meter is None:
        time.sleep(POLL_S)
    return (lambda: kept.note("train")), kept.end


def _codecarbon(folder: Path) -> tuple[Step, Step]:
    from codecarbon import OfflineEmissionsTracker

    tracker = OfflineEmissionsTracker(
        country_iso_code="IRL",
        measure_power_secs=energy_log.INTERVAL_S,
        tracking_mode="process",
        output_dir=str(folder),
        log_level="error",
    )
    tracker.start()

    def end() -> None:
        tracker.stop()

    return (lambda: None), end


def _used_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
