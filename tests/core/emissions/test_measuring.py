"""The meter against loads whose processor time is known; what survives a kill; no network."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.emissions import meter
from core.emissions.energy import phase_of_state
from core.emissions.records import measured_by, read_energy, thin
from core.storage.files import JsonLinesTail, append_json_line
from core.storage.job_records import ACTIVE
from core.storage.workspace import PROJECT

POWER_W = 100.0
READING = {
    "kind": "energy", "attempt": 1, "time": "t", "phase": "train", "seconds": 99.0,
    "cpu_kwh": 9.0, "ram_kwh": 9.0, "gpu_kwh": 9.0,
}  # fmt: skip
# Long-lived and many short-lived processes: a compiler's children come and go between readings.
LOAD = """
import json, resource, subprocess, sys, time
from core.emissions.meter import Meter
from core.emissions.settings import EmissionsSettings

BURN = "import time\\nwhile time.process_time() < float({}): pass"

def used_s():
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    usages = [resource.getrusage(kind) for kind in kinds]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)

asked = []  # how often a Python was started to find out about the processor

def watch(event, found):
    if event == "subprocess.Popen" and "cpuinfo" in str(found[1]):
        asked.append(found[1])

sys.addaudithook(watch)
meter = Meter(EmissionsSettings(cpu_power_w=100.0, mode=sys.argv[1]))
num_asked = len(asked)
before, used_before_s = meter.read(), used_s()
for seconds in (0.3,) * 6 + (1.5,):
    subprocess.run([sys.executable, "-S", "-c", BURN.format(seconds)], check=True)
after, used_after_s = meter.read(), used_s()
meter.stop()
import cpuinfo
print(json.dumps({
    "told": meter.conditions.cpu_model,
    "answer": cpuinfo.get_cpu_info().get("brand_raw", ""),
    "num_asked": [num_asked, len(asked)],
    "joule": 3.6e6 * (after.energy.cpu_kwh - before.energy.cpu_kwh),
    "cpu_s": used_after_s - used_before_s,
    "seconds": after.seconds - before.seconds,
    "methods": meter.conditions.methods,
    "is_known": meter.conditions.is_cpu_power_known,
}))
"""
# Writes as a supervisor does, until it is killed.
WRITING = """
import sys, time
from pathlib import Path
from core.emissions import energy_log
from core.emissions.energy_log import EnergyLog
from core.emissions.settings import EmissionsSettings

energy_log.INTERVAL_S = 0.4
log = EnergyLog(Path(sys.argv[1]), EmissionsSettings(ram_power_w=36.0))
log.begin()
while log._meter is None:  # the search for the hardware may take seconds on a busy machine
    time.sleep(0.05)
phases = sys.argv[3:]
end_s = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end_s:
    done = 1 - (end_s - time.monotonic()) / float(sys.argv[2])
    log.note(phases[min(len(phases) - 1, int(done * len(phases)))])
    time.sleep(0.05)
log.end()
"""
# Nothing may ask for a name or connect to another machine; the last lines show that it would tell.
GUARD = """
import sys

outside = []

def watch(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "unix"
        if host not in ("127.0.0.1", "::1", "unix"):
            outside.append((event, str(address)))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        outside.append((event, str(arguments[0])))

sys.addaudithook(watch)
"""
GUARDED = (
    GUARD
    + WRITING
    + """
import socket
assert not outside, outside
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
probe.connect(("192.0.2.1", 9))
assert outside
"""
)

FOREIGN_CONFIGURATION = """
[codecarbon]
pue=3
force_cpu_power=9999
force_ram_power=9999
tracking_mode=machine
output_dir=/nowhere
emissions_endpoint=http://192.0.2.1
gpu_ids=7
"""


def started(code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    output, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    return output


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Lets all measure at the same time: starting the library is what takes long."""
    folder = tmp_path_factory.mktemp("energy")
    load = started(LOAD, "process")
    whole = started(WRITING, str(folder / "whole.jsonl"), "5", "prepare", "train", "evaluate")
    guarded = started(GUARDED, str(folder / "guarded.jsonl"), "4", "train")
    missing = started(WRITING, str(folder / "none" / "energy.jsonl"), "4", "train")
    (folder / ".codecarbon.config").write_text(FOREIGN_CONFIGURATION)
    configured = started(
        WRITING, str(folder / "configured.jsonl"), "4", "train",
        HOME=str(folder), CODECARBON_PUE="4",
    )  # fmt: skip
    killed = started(WRITING, str(folder / "killed.jsonl"), "600", "train")
    deadline = time.monotonic() + 60
    while len(JsonLinesTail(folder / "killed.jsonl").read()) < 4:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed_s = time.time()
    killed.communicate()
    return {
        "load": json.loads(ended(load)),
        "whole": (ended(whole), folder / "whole.jsonl")[1],
        "guarded": (ended(guarded), folder / "guarded.jsonl")[1],
        "missing": (ended(missing), folder / "none")[1],
        "configured": (ended(configured), folder / "configured.jsonl")[1],
        "killed": (folder / "killed.jsonl", killed_s),
    }


def test_energy_is_processor_time_times_nominal_power(files: dict[str, Any]) -> None:
    load = files["load"]
    assert load["cpu_s"] > 3.3 and load["methods"]["cpu"] == "load model" and load["is_known"]
    expected_joule = POWER_W * load["cpu_s"] / psutil.cpu_count()
    assert load["joule"] == pytest.approx(expected_joule, rel=0.05)


def test_the_processor_has_the_name_that_a_second_of_asking_would_give(
    files: dict[str, Any],
) -> None:
    load = files["load"]
    assert load["told"] == load["answer"] != ""
    if "model name" not in Path("/proc/cpuinfo").read_text(errors="replace"):
        pytest.skip("this kernel does not tell the processor's name")
    assert load["num_asked"] == [0, 1]


def test_phases_are_the_total_and_every_second_is_in_one(files: dict[str, Any]) -> None:
    records = JsonLinesTail(files["whole"]).read()
    assert [each["kind"] for each in records].count("begin") == 1 == records[-1]["attempt"]
    measured = read_energy(files["whole"])
    assert list(measured.phases) == ["prepare", "train", "evaluate"]
    last = records[-1]
    for name in ("cpu_kwh", "ram_kwh", "gpu_kwh"):
        parts = sum(getattr(phase.energy, name) for phase in measured.phases.values())
        assert parts == pytest.approx(last[name], rel=1e-9), name
    assert measured.total.seconds == pytest.approx(last["seconds"], abs=0.01)
    # A constant power: kWh are watts times hours, in each phase.
    for phase in measured.phases.values():
        assert phase.power.ram_w == pytest.approx(36.0, rel=0.05)
    (conditions,) = measured.conditions
    assert conditions.methods["ram"] == "constant" and conditions.measured_by >= "codecarbon 3"


def test_a_kill_loses_one_interval_at_most_and_the_next_attempt_adds(
    files: dict[str, Any], tmp_path: Path
) -> None:
    path, killed_s = files["killed"]
    assert path.read_bytes().endswith(b"\n")
    records = JsonLinesTail(path).read()
    assert killed_s - path.stat().st_mtime < 1.5  # the interval is 0.4 s here
    first = measured_by(records)
    second = [{**each, "attempt": 2} for each in records]
    both = measured_by([*records, *second])
    assert both.num_attempts == 2 and len(both.conditions) == 2
    assert both.total.energy.total_kwh == pytest.approx(2 * first.total.energy.total_kwh)
    headless = [each for each in second if each["kind"] != "begin"]  # on a full disk
    assert measured_by([*records, *headless]).total == both.total
    copy = tmp_path / "energy.jsonl"
    copy.write_bytes(path.read_bytes() + b'{"kind": "energy", "seco')  # a line cut by the kill
    assert read_energy(copy).total == first.total


def test_nothing_leaves_the_machine(files: dict[str, Any]) -> None:
    assert read_energy(files["guarded"]).total.energy.total_kwh > 0


def test_a_thinned_file_tells_the_same_sums(tmp_path: Path) -> None:
    path = tmp_path / "energy.jsonl"
    append_json_line(path, {"kind": "begin", "attempt": 1, "time": "t", "conditions": {}})
    for second in range(1, 41):
        reading = {"cpu_kwh": 0.1 * second, "ram_kwh": 0.01 * second, "gpu_kwh": 0.0}
        phase = "prepare" if second < 7 else "serve"
        line = {"kind": "energy", "attempt": 1, "time": f"{second:02}", "phase": phase}
        append_json_line(path, {**line, "seconds": float(second), **reading})
    before, size = read_energy(path), path.stat().st_size
    thin(path)
    after = read_energy(path)
    assert path.stat().st_size < 0.6 * size
    assert (after.started_at, after.ended_at) == (before.started_at, before.ended_at)
    for name, phase in before.phases.items():
        assert after.phases[name].seconds == pytest.approx(phase.seconds)
        assert after.phases[name].energy.cpu_kwh == pytest.approx(phase.energy.cpu_kwh)


def test_every_state_of_work_belongs_to_a_phase() -> None:
    assert [state for state in ACTIVE if not phase_of_state(state)] == ["stopping"]


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "energy"},
        {"kind": "energy", "phase": "train", "seconds": "soon", "time": "t"},
        {**READING, "phase": "no phase"},
        {"kind": "begin", "time": "t"},
        {"kind": "begin", "attempt": 1, "time": "t", "conditions": None},
        {"kind": "begin", "attempt": 1, "time": "t", "conditions": {"methods": 7}},
        {"kind": "begin", "attempt": 1e999, "time": "t", "conditions": {}},
        {"kind": "warning", "text": "no time"},
        {**READING, "time": "t" * 99},
        {**READING, "seconds": 10**400},
        {**READING, "cpu_kwh": float("nan")},
        {**READING, "cpu_kwh": -1.0},
        {**READING, "seconds": -1.0},
        {"kind": "something of a later version", "time": "t"},
    ],
)  # fmt: skip
def test_a_line_that_says_nothing_is_passed_over(files: dict[str, Any], line: Any) -> None:
    records = JsonLinesTail(files["whole"]).read()
    assert measured_by([*records[:3], line, *records[3:]]) == measured_by(records)


def test_a_number_of_thousands_of_digits_breaks_its_line_only(tmp_path: Path) -> None:
    path = tmp_path / "energy.jsonl"
    path.write_text(f'{{"seconds": {"9" * 5000}}}\n{json.dumps(READING)}\n{"[" * 100_000}\n')
    tail = JsonLinesTail(path)
    assert tail.read() == [READING] and tail.num_broken == 2


def test_processor_seconds_of_the_tree_never_fall(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([100.0, 105.0, 5.0, 110.0])  # a child that was taken between two looks
    monkeypatch.setattr(meter, "tree_cpu_s", lambda: next(seen))
    clock = meter._TreeClock()
    assert [clock.read_s() for _ in range(4)] == [100.0, 105.0, 105.0, 110.0]


def test_what_cannot_be_written_ends_nothing(files: dict[str, Any]) -> None:
    assert not files["missing"].exists()


def test_configuration_files_of_the_library_decide_nothing(files: dict[str, Any]) -> None:
    """A user's `.codecarbon.config` must not change what our figures mean."""
    measured = read_energy(files["configured"])
    assert measured.total.power.ram_w == pytest.approx(36.0, rel=0.05)
    assert measured.conditions[0].mode == "process"
    assert (measured.conditions[0].cpu_power_w or 0) < 9999
