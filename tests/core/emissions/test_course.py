"""The course of energy, read from files as a supervisor leaves them."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.emissions.course import EnergyCourse, EnergyCourseReader
from core.emissions.energy import Energy
from core.emissions.records import read_energy

TIME = "2026-11-29T06:00:00.000+00:00"
METHODS = {"cpu": "load model", "ram": "heuristic", "gpu": "counter"}


def begin(attempt: int) -> dict[str, Any]:
    conditions = {"methods": METHODS, "measured_by": "codecarbon 3.3.2"}
    return {"kind": "begin", "attempt": attempt, "time": TIME, "conditions": conditions}


def reading(attempt: int, phase: str, seconds: float, *joules: float) -> dict[str, Any]:
    """A line as `EnergyLog` writes it; `joules` of CPU, RAM and GPU since the attempt began."""
    kwh = dict(
        zip(("cpu_kwh", "ram_kwh", "gpu_kwh"), (each / 3.6e6 for each in joules), strict=True)
    )
    line = {"kind": "energy", "attempt": attempt, "time": TIME, "phase": phase}
    return {**line, "seconds": seconds, **kwh, "cpu_w": 0.0, "ram_w": 0.0, "gpu_w": 0.0}


def warning(text: str) -> dict[str, Any]:
    return {"kind": "warning", "attempt": 1, "time": TIME, "text": text}


FIRST = [
    begin(1),
    reading(1, "prepare", 60, 600, 300, 0),
    warning("Others used the GPU."),
    reading(1, "train", 120, 1800, 600, 6000),
    reading(1, "train", 180, 3000, 900, 12000),
    reading(1, "evaluate", 210, 3300, 1050, 13500),
]
SECOND = [
    begin(2),
    reading(2, "prepare", 30, 300, 150, 0),
    reading(2, "train", 90, 1500, 450, 6000),
]


def written(path: Path, records: list[dict[str, Any]], rest: str = "") -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in records) + rest)
    return path


def course_of(records: list[dict[str, Any]]) -> EnergyCourse:
    course = EnergyCourse()
    for record in records:
        course.add(record)
    return course


def test_power_energy_and_phases_of_one_attempt() -> None:
    course = course_of(FIRST)
    assert list(course.minutes) == [0, 1, 2, 3, 3.5]
    assert list(course.power_w["cpu"]) == pytest.approx([10, 10, 20, 20, 10])
    assert list(course.power_w["gpu"]) == pytest.approx([0, 0, 100, 100, 50])
    assert list(course.energy_wh["ram"]) == pytest.approx([0, 1 / 12, 1 / 6, 1 / 4, 7 / 24])
    assert [(each.phase, each.start_min, each.end_min) for each in course.bands] == [
        ("prepare", 0, 1),
        ("train", 1, 3),
        ("evaluate", 3, 3.5),
    ]
    train = course.bands[1].energy
    assert (train.cpu_kwh, train.gpu_kwh) == pytest.approx((2400 / 3.6e6, 12000 / 3.6e6))
    assert course.measured.warnings == ["Others used the GPU."]
    assert course.devices == ("cpu", "ram", "gpu")


def test_attempts_follow_each_other_without_their_pause_and_add_up() -> None:
    course = course_of([*FIRST, *SECOND])
    assert list(course.minutes) == [0, 1, 2, 3, 3.5, 3.5, 4, 5]
    wh = [1000 * each / 3.6e6 for each in (13500, 13500, 13500, 19500)]
    assert list(course.energy_wh["gpu"])[-4:] == pytest.approx(wh)
    assert list(course.power_w["cpu"])[-3:] == pytest.approx([10, 10, 20])
    assert [(each.phase, each.attempt) for each in course.bands][-2:] == [
        ("prepare", 2),
        ("train", 2),
    ]
    assert course.total_kwh == pytest.approx((17850 + 7950) / 3.6e6)
    assert course.attempt_kwh == pytest.approx(7950 / 3.6e6)
    bands = sum((each.energy for each in course.bands), Energy())
    assert bands.total_kwh == pytest.approx(course.measured.total.energy.total_kwh)


def test_two_attempts_never_share_a_band() -> None:
    same = [begin(2), reading(2, "evaluate", 30, 300, 150, 0)]
    course = course_of([*FIRST, *same])
    assert [each.phase for each in course.bands] == ["prepare", "train", "evaluate", "evaluate"]


def test_a_reader_reads_on_and_passes_over_what_is_broken(tmp_path: Path) -> None:
    path = written(tmp_path / "energy.jsonl", FIRST[:4], '{"kind": "energy", "seco')
    reader = EnergyCourseReader(path)
    early = reader.read()
    assert list(early.minutes) == [0, 1, 2]
    path.write_text(path.read_text().rpartition("\n")[0] + "\n")
    with path.open("a") as file:
        lost = reading(1, "train", 200, 1, 1, 1) | {"cpu_kwh": None}
        strange = reading(1, "dream", 200, 1, 1, 1)
        for line in ("no JSON", *map(json.dumps, (lost, strange, {"kind": "energy"}, *FIRST[4:]))):
            file.write(f"{line}\n")
    late = reader.read()
    assert list(late.minutes) == [0, 1, 2, 3, 3.5]
    assert list(early.minutes) == [0, 1, 2]  # what was handed out does not grow
    assert late.measured == read_energy(path)


def test_a_file_that_was_written_anew_is_not_counted_twice(tmp_path: Path) -> None:
    path = written(tmp_path / "energy.jsonl", FIRST)
    reader = EnergyCourseReader(path)
    assert reader.read().total_kwh > 0
    written(path, [FIRST[0], FIRST[3], FIRST[5]])  # thinned
    course = reader.read()
    assert course.total_kwh == pytest.approx(17850 / 3.6e6)
    assert list(course.minutes) == [0, 2, 3.5]


def test_nothing_measured_is_an_empty_course(tmp_path: Path) -> None:
    course = EnergyCourseReader(tmp_path / "energy.jsonl").read()
    assert (course.total_kwh, course.devices, course.bands) == (0, (), [])
    begun = course_of(FIRST[:1])
    assert begun.devices == ("cpu", "ram", "gpu") and not begun.minutes


def test_it_tells_its_sums_as_those_of_a_job() -> None:
    energy = course_of(FIRST).job_energy("id", "run", "a run")
    assert energy.total.energy.total_kwh == pytest.approx(17850 / 3.6e6)
    assert energy.heuristic_share == pytest.approx(1050 / 17850)
    assert energy.methods["gpu"] == ("counter",)
