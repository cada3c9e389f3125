"""The formula of the original notebook, beside ours: power once × time × grid.

The notebook read the power of each GPU once, after training, and kept the last one only
(`t_pwr =+ f_pwr`); here all GPUs are summed, as was meant. It knows nothing of processors and
memory, and one reading after the work may be that of an idle GPU.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.emissions.energy import JobEnergy
from core.storage.files import last_lines

HOST_FILE = "host.jsonl"
_TAIL_BYTES = 100_000  # hundreds of samples, however many GPUs


def legacy_kwh(gpu_powers_w: Sequence[float], seconds: float) -> float:
    """Gives the notebook's energy: sum of the GPUs' watts × s ÷ 3600 × 0.001."""
    return sum(gpu_powers_w) * seconds / 3600 * 0.001


def legacy_kg(kwh: float, g_per_kwh: float) -> float:
    """Gives the notebook's CO2 in kg: kWh × g/kWh × 0.001."""
    return kwh * g_per_kwh * 0.001


@dataclass(frozen=True)
class LegacyEstimate:
    """What the notebook's formula says of a run.

    Attributes:
        gpu_powers_w: The last reading of each GPU, by index.
        seconds: Duration that they are multiplied with.
        kwh: The energy.
        co2_kg: None without a grid.
    """

    gpu_powers_w: tuple[float, ...]
    seconds: float
    kwh: float
    co2_kg: float | None


def legacy_estimate(
    energy: JobEnergy, run_folder: Path, *, g_per_kwh: float | None = None
) -> LegacyEstimate | None:
    """Gives the notebook's estimate of a run.

    The power is the last sample of each GPU in the run's `host.jsonl`, as the notebook read it once
    at the end; the duration is that of the whole run.

    Args:
        energy: Of the run.
        run_folder: Of the run; it may be gone.
        g_per_kwh: The grid's, as the notebook used one without PUE.

    Returns:
        None where no GPU's power was ever read.
    """
    powers_w = last_gpu_powers_w(run_folder / HOST_FILE)
    if not powers_w:
        return None
    seconds = energy.total.seconds
    kwh = legacy_kwh(powers_w, seconds)
    co2_kg = None if g_per_kwh is None else legacy_kg(kwh, g_per_kwh)
    return LegacyEstimate(powers_w, seconds, kwh, co2_kg)


def last_gpu_powers_w(path: Path) -> tuple[float, ...]:
    """Gives the last power of each GPU in the samples of a run, by index; () without any."""
    powers_w: dict[int, float] = {}
    for line in last_lines(path, max_bytes=_TAIL_BYTES).splitlines():
        for index, power_w in _gpu_powers(line):
            powers_w[index] = power_w
    return tuple(powers_w[index] for index in sorted(powers_w))


def _gpu_powers(line: str) -> list[tuple[int, float]]:
    try:
        gpus = json.loads(line)["gpus"]
        return [(int(gpu["index"]), float(gpu["power_w"])) for gpu in gpus if "power_w" in gpu]
    except (ValueError, TypeError, KeyError):  # a line that is cut or of another kind
        return []
