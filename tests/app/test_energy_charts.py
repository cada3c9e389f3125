"""The charts of energy: long courses are thinned without losing energy or phases."""

import pytest

from app.energy_charts import MAX_BANDS, drawn_bands, energy_charts
from core.emissions.course import EnergyCourse, PhaseBand
from core.emissions.energy import Energy

TIME = "2026-11-29T06:00:00+00:00"


def long_course(num_attempts: int, num_readings: int) -> EnergyCourse:
    course = EnergyCourse()
    for attempt in range(1, num_attempts + 1):
        line = {"attempt": attempt, "time": TIME}
        methods = {"cpu": "counter", "gpu": "counter"}
        course.add({**line, "kind": "begin", "conditions": {"methods": methods}})
        for number in range(1, num_readings + 1):
            kwh = {"cpu_kwh": number * 1e-4, "ram_kwh": 0.0, "gpu_kwh": number**2 * 1e-5}
            phase = "train" if number % 20 else "evaluate"
            course.add({**line, "kind": "energy", "phase": phase, "seconds": 5.0 * number, **kwh})
    return course


@pytest.mark.parametrize("num_readings", [5, 700])
def test_the_area_below_the_power_is_the_energy(num_readings: int) -> None:
    course = long_course(3, num_readings)
    power, energy = energy_charts(course, 200)
    assert [each.name for each in energy.series] == ["CPU", "GPU"]
    assert energy.stacked and power.bands == energy.bands
    for watts, wh in zip(power.series, energy.series, strict=True):
        assert watts.x == wh.x and 2 <= len(wh.x) <= 200
        steps = zip(wh.x, wh.x[1:], watts.y[1:], strict=False)
        area_wh = sum((after - before) * (y or 0.0) / 60 for before, after, y in steps)
        assert area_wh == pytest.approx(wh.y[-1], rel=1e-6)
    assert energy.series[0].y[-1] == pytest.approx(1000 * 3 * num_readings * 1e-4)


def test_no_more_bands_are_drawn_than_can_be_seen() -> None:
    few = drawn_bands(long_course(1, 700).bands)
    assert [each.phase for each in few[:3]] == ["train", "evaluate", "train"]
    course = long_course(1, 9000)
    many = drawn_bands(course.bands)
    assert len(course.bands) > 2 * MAX_BANDS >= len(many)
    assert (many[0].start_min, many[-1].end_min) == (0, course.bands[-1].end_min)
    assert all(one.end_min == two.start_min for one, two in zip(many, many[1:], strict=False))


def test_neighbours_of_one_phase_are_one_band() -> None:
    parts = [PhaseBand("train", each, each - 1.0, float(each), Energy(1.0)) for each in (1, 2)]
    (band,) = drawn_bands(parts)
    assert (band.start_min, band.end_min, band.energy.cpu_kwh) == (0, 2, 2)
    assert drawn_bands([]) == []
