"""What measuring costs a job, against codecarbon's own tracker; a GPU's power, read in two ways."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.report import Measure, Result, repeated
from core.storage.workspace import PROJECT

SECONDS = 20.0
NUM_ROUNDS = 3
LIMIT_PERCENT = 1.0  # of one core
WHO = ("nothing", "ours", "codecarbon")

GPU_SECONDS = 60.0
GPU_SAMPLE_S = 1.0
# Load that comes and goes, or sampling would be right by chance.
_GPU_LOAD = """
import time, torch
left = torch.randn(8192, 8192, device="cuda")
while True:
    end_s = time.monotonic() + 1.7
    while time.monotonic() < end_s:
        left @ left
        torch.cuda.synchronize()
    time.sleep(0.9)
"""


def run(folder: Path) -> Result:
    """Measures in turns, so that a busy moment is everybody's."""
    found: dict[str, list[dict[str, float]]] = {who: [] for who in WHO}
    for number in range(NUM_ROUNDS):
        for who in WHO:
            here = folder / f"{who}-{number}"
            here.mkdir()
            found[who].append(_child(who, here))
    idle = median(_percent(each) for each in found["nothing"])
    ours = [max(_percent(each) - idle, 0.0) for each in found["ours"]]
    theirs = [max(_percent(each) - idle, 0.0) for each in found["codecarbon"]]
    starts = [each["start_cpu_s"] for each in found["ours"]]
    extra_bytes = _peak(found["ours"]) - _peak(found["nothing"])
    gpu_measures, gpu_line = _gpus()
    return Result(
        "energy",
        [
            repeated("measuring a job's energy, of one core", ours, "%", LIMIT_PERCENT),
            repeated("codecarbon's tracker with its own timer, of one core", theirs, "%"),
            repeated("the search for the hardware, once a job: processor time", starts, "s"),
            Measure("memory of measuring, peak", extra_bytes / 1e6, "MB"),
            *gpu_measures,
        ],
        [gpu_line],
        {"processes": found},
    )


def _child(who: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.energy_child", who, str(SECONDS), str(folder)]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _percent(figures: dict[str, float]) -> float:
    return 100 * figures["cpu_s"] / figures["seconds"]


def _peak(figures: list[dict[str, float]]) -> float:
    return median(each["peak_bytes"] for each in figures)


def _gpus() -> tuple[list[Measure], str]:
    """Compares the energy counter of the first GPU with its power, read once a second."""
    import pynvml

    try:
        pynvml.nvmlInit()
        gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(gpu)
    except pynvml.NVMLError as error:
        return [], f"Counter and sampled power were not compared: no such GPU here ({error})."
    load = subprocess.Popen([sys.executable, "-c", _GPU_LOAD])
    try:
        time.sleep(10)  # until it computes
        if load.poll() is not None:
            return [], "Counter and sampled power were not compared: PyTorch uses no GPU here."
        counted_j, sampled_j, seconds = _read_both(pynvml, gpu)
    finally:
        load.kill()
        load.wait()
        pynvml.nvmlShutdown()
    difference = 100 * (sampled_j / counted_j - 1)
    return [
        Measure("GPU under a load that comes and goes: mean power by its counter",
                counted_j / seconds, "W"),
        Measure("its power read once a second, against the counter", difference, "%"),
    ], ""  # fmt: skip


def _read_both(nvml: Any, gpu: Any) -> tuple[float, float, float]:
    began_s, began_mj = time.monotonic(), nvml.nvmlDeviceGetTotalEnergyConsumption(gpu)
    powers_w = []
    while time.monotonic() - began_s < GPU_SECONDS:
        powers_w.append(nvml.nvmlDeviceGetPowerUsage(gpu) / 1000)
        time.sleep(GPU_SAMPLE_S)
    seconds = time.monotonic() - began_s
    counted_j = (nvml.nvmlDeviceGetTotalEnergyConsumption(gpu) - began_mj) / 1000
    return counted_j, sum(powers_w) / len(powers_w) * seconds, seconds
