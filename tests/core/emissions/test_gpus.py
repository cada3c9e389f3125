"""Energy of GPUs, against a stand-in of NVIDIA's library whose power is known."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.emissions.records import read_energy
from core.storage.files import JsonLinesTail
from core.storage.workspace import PROJECT
from tests.servers.nvml_gpus import Gpu, Gpus, compile_stand_in
from tests.shared_folders import built_once

FIRST, SECOND = (
    "GPU-1c0ffee1-0000-4000-8000-00000001",
    "GPU-2badcafe-0000-4000-8000-00000002",
)
SEES = """
import json
from core.emissions.gpu_sharing import sharing_warning
from core.gpu import gpu_processes, gpu_samples, gpus
print(json.dumps({"gpus": gpus(), "samples": gpu_samples(), "processes": gpu_processes(),
                  "warning": sharing_warning(), "of_one": sharing_warning(1)}))
"""
# Says when it has begun, so that the machine may change; reads every second, as it goes.
MEASURES = """
import json, sys, time
from core.emissions.meter import Meter
from core.emissions.settings import EmissionsSettings
num_gpus = json.loads(sys.argv[1])
meter = Meter(EmissionsSettings(cpu_power_w=1.0, ram_power_w=1.0), num_gpus=num_gpus)
before = meter.read()
print("begun", flush=True)
for _ in range(3):
    time.sleep(2)
    after = meter.read()
meter.stop()
print(json.dumps({
    "joule": 3.6e6 * (after.energy.gpu_kwh - before.energy.gpu_kwh),
    "seconds": after.seconds - before.seconds,
    "method": meter.conditions.methods.get("gpu"),
    "gpus": meter.conditions.gpus,
    "is_counted": meter.is_gpu_counted,
}))
"""
LOGS = """
import sys, time
from pathlib import Path
from core.emissions import energy_log
from core.emissions.settings import EmissionsSettings
energy_log.PATIENCE_S, energy_log.INTERVAL_S = 0.0, 0.5
log = energy_log.EnergyLog(Path(sys.argv[1]), EmissionsSettings(), num_gpus=1)
log.begin()
while log._meter is None:
    log.note("train")
    time.sleep(0.1)
end_s = time.monotonic() + 4
while time.monotonic() < end_s:
    log.note("train")
    time.sleep(0.1)
log.end()
"""
Machine = Callable[..., Gpus]


@dataclass(frozen=True)
class Case:
    """One way to measure two GPUs of 100 W and 250 W."""

    visible: str | None = None
    num_gpus: int | None = None
    has_counters: tuple[bool, bool] = (True, True)
    is_reset: bool = False


CASES = {
    "all": Case(),
    "by index": Case(visible="1"),
    "by UUID": Case(visible=SECOND[:12]),
    "none visible": Case(visible=""),
    "first of the job's": Case(num_gpus=1),
    "first of the visible": Case(visible="1,0", num_gpus=1),
    "no GPU of the job's": Case(num_gpus=0),
    "one without counter": Case(has_counters=(True, False)),
    "driver loaded anew": Case(visible="0", is_reset=True),
}


@pytest.fixture(scope="module")
def machine(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    library = built_once(shared_folder / "nvml", compile_stand_in)

    def made(*gpus: Gpu) -> Gpus:
        return Gpus(library, tmp_path_factory.mktemp("gpus") / "gpus.txt", *gpus)

    return made


@pytest.fixture(scope="module")
def measured(machine: Machine) -> Iterator[dict[str, dict[str, Any]]]:
    """What was measured in each case; all at once, for they only wait."""

    def measure(case: Case) -> dict[str, Any]:
        first, second = case.has_counters
        here = machine(Gpu(FIRST, 100.0, first), Gpu(SECOND, 250.0, second))
        command = [sys.executable, "-c", MEASURES, json.dumps(case.num_gpus)]
        with subprocess.Popen(
            command, cwd=PROJECT, env=here.environment(case.visible), stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            if case.is_reset:
                here.change(0, counted_j=0.0)
            return dict(json.loads(process.stdout.read()))

    with ThreadPoolExecutor(len(CASES)) as pool:
        yield dict(zip(CASES, pool.map(measure, CASES.values()), strict=True))


def seen(here: Gpus, visible: str | None = None) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", SEES],
        cwd=PROJECT, env=here.environment(visible), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout))


def test_gpus_are_told_with_memory_use_and_power(machine: Machine) -> None:
    found = seen(machine(Gpu(FIRST, 100.0), Gpu(SECOND, 250.0)))
    assert found["gpus"] == [
        {"name": f"Stand-in GPU {index}", "memory_bytes": 24 << 30} for index in range(2)
    ]
    assert found["samples"] == [
        {"index": index, "percent": 42, "memory_bytes": 3 << 30, "power_w": power}
        for index, power in enumerate((100.0, 250.0))
    ]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        ("1", [1]),
        ("1,0", [1, 0]),
        (SECOND, [1]),
        (f"{FIRST[:8]},{SECOND[:8]}", [0, 1]),
        ("0,-1,1", [0]),
        ("0,7,1", [0]),  # CUDA hides what comes after a name that fits none
        ("GPU-", []),  # fits both
        ("", []),
    ],
)
def test_visible_gpus_are_those_that_cuda_would_use(
    visible: str, expected: list[int], machine: Machine
) -> None:
    found = seen(machine(Gpu(FIRST, 100.0), Gpu(SECOND, 250.0)), visible)
    assert [each["name"] for each in found["gpus"]] == [f"Stand-in GPU {i}" for i in expected]
    assert [each["index"] for each in found["samples"]] == expected
    assert [each["index"] for each in found["processes"]] == expected


@pytest.mark.parametrize(
    ("case", "watts"),
    [
        ("all", 350.0),
        ("by index", 250.0),
        ("by UUID", 250.0),
        ("first of the job's", 100.0),
        ("first of the visible", 250.0),
        ("one without counter", 350.0),
        ("driver loaded anew", 100.0),
    ],
)
def test_energy_is_power_times_time_of_the_jobs_gpus(
    case: str, watts: float, measured: dict[str, dict[str, Any]]
) -> None:
    found = measured[case]
    assert found["joule"] == pytest.approx(watts * found["seconds"], rel=0.05)


@pytest.mark.parametrize("case", ["none visible", "no GPU of the job's"])
def test_other_gpus_are_not_counted(case: str, measured: dict[str, dict[str, Any]]) -> None:
    found = measured[case]
    assert (found["joule"], found["method"], found["gpus"]) == (0.0, None, [])


def test_a_counter_and_sampled_power_are_told_apart(measured: dict[str, dict[str, Any]]) -> None:
    assert measured["all"]["method"] == "counter"
    assert measured["all"]["gpus"] == ["Stand-in GPU 0", "Stand-in GPU 1"]
    assert measured["by UUID"]["gpus"] == ["Stand-in GPU 1"]
    assert measured["one without counter"]["method"] == "sampled"
    assert not measured["one without counter"]["is_counted"]
    # The power was used for one reading only, then the new counter.
    assert measured["driver loaded anew"]["is_counted"]


def test_only_others_on_a_gpu_are_warned_about(machine: Machine) -> None:
    gone = 2**22 - 1  # what no process here is called: our own, seen from outside a container
    here = machine(Gpu(FIRST, 100.0, pids=(gone,)), Gpu(SECOND, 250.0, pids=(os.getpid(), 1)))
    found = seen(here)  # this test is its parent, so no descendant
    assert found["warning"] == (
        "Shared: GPU 1 with 2 other processes; the whole energy of a shared GPU is counted for "
        "this job."
    )
    assert found["of_one"] == ""
    here.change(1, pids=())
    assert seen(here)["warning"] == ""


def test_the_log_holds_energy_and_warning_of_a_shared_gpu(machine: Machine, tmp_path: Path) -> None:
    here = machine(Gpu(FIRST, 100.0, pids=(os.getpid(),)), Gpu(SECOND, 250.0))
    path = tmp_path / "energy.jsonl"
    subprocess.run([sys.executable, "-c", LOGS, str(path)], cwd=PROJECT, env=here.environment(),
                   check=True)  # fmt: skip
    found = read_energy(path)
    assert [warning.partition(";")[0] for warning in found.warnings] == [
        "Shared: GPU 0 with 1 other process"
    ]
    readings = [each for each in JsonLinesTail(path).read() if each["kind"] == "energy"]
    # A counter is read a moment before the clock: over all readings that is little.
    kwh, seconds = (readings[-1][name] - readings[0][name] for name in ("gpu_kwh", "seconds"))
    assert 3.6e6 * kwh == pytest.approx(100.0 * seconds, rel=0.1)
    assert found.conditions[-1].methods["gpu"] == "counter"
