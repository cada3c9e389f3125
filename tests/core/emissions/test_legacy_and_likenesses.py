"""The notebook's formula, comparisons with daily life, the front of quality and cost, amounts."""

from pathlib import Path

import pytest

from core.emissions.amounts import co2_words, kg_words, kwh_words, seconds_words
from core.emissions.equivalences import CAR_KG_PER_KM, KETTLE_KWH, PHONE_KWH, equivalences
from core.emissions.front import Point, pareto_front
from core.emissions.legacy import last_gpu_powers_w, legacy_estimate, legacy_kg, legacy_kwh
from core.storage.files import append_json_line
from tests.core.emissions.made_energy import made


def test_the_published_figures_come_out() -> None:
    """The notebook's run: 0.17 kWh on Europe's grid."""
    assert round(legacy_kg(0.17, 269.9), 2) == 0.05


def test_all_gpus_are_summed_where_the_notebook_kept_the_last() -> None:
    assert legacy_kwh([300.0, 100.0], 3600) == pytest.approx(0.4)
    assert legacy_kwh([300.0, 100.0], 3600) != pytest.approx(legacy_kwh([100.0], 3600))
    assert legacy_kwh([], 3600) == 0


def test_the_estimate_of_a_run_takes_the_last_power_of_each_gpu(tmp_path: Path) -> None:
    file = tmp_path / "host.jsonl"
    busy = [{"index": 0, "power_w": 400.0}, {"index": 1, "power_w": 380.0}]
    append_json_line(file, {"time": "…", "cpu_percent": 90, "memory_bytes": 1, "gpus": busy})
    idle = [{"index": 0, "percent": 0, "power_w": 49.0}, {"index": 1, "percent": 0}]
    append_json_line(file, {"time": "…", "cpu_percent": 1, "memory_bytes": 1, "gpus": idle})
    with file.open("a") as cut:
        cut.write('{"gpus": [{"index": 0, "power')
    found = legacy_estimate(made(), tmp_path, g_per_kwh=269.9)
    assert found is not None
    assert found.gpu_powers_w == (49.0, 380.0)
    assert found.kwh == pytest.approx(429 * 3690 / 3.6e6)
    assert found.co2_kg == pytest.approx(found.kwh * 0.2699)
    without_grid = legacy_estimate(made(), tmp_path)
    assert without_grid is not None
    assert without_grid.co2_kg is None


def test_without_a_gpu_or_a_folder_there_is_no_estimate(tmp_path: Path) -> None:
    assert legacy_estimate(made(), tmp_path / "gone") is None
    append_json_line(tmp_path / "host.jsonl", {"cpu_percent": 1, "gpus": []})
    append_json_line(tmp_path / "host.jsonl", {"other": "kind"})
    assert last_gpu_powers_w(tmp_path / "host.jsonl") == ()
    assert legacy_estimate(made(), tmp_path) is None


def test_equivalences_follow_from_their_sources() -> None:
    assert round(CAR_KG_PER_KM, 3) == 0.254
    assert round(KETTLE_KWH, 3) == 0.093
    assert round(PHONE_KWH, 3) == 0.012
    texts = [each.text for each in equivalences(0.61, 0.18)]
    assert texts == ["0.71 km by car", "6.6 litres of water boiled", "53 charges of a phone"]


def test_without_a_grid_no_car_is_driven() -> None:
    found = equivalences(0.0, None)
    assert [each.text for each in found] == ["0 litres of water boiled", "0 charges of a phone"]
    assert equivalences(1e-6, 1e-6)[0].text == "less than 0.01 km by car"
    assert all(each.source for each in equivalences(1, 1))
    assert not any("offset" in each.text + each.source for each in equivalences(1, 1))


def test_the_front_holds_what_nothing_beats() -> None:
    cheap, good, beaten = Point("cheap", 1, 20), Point("good", 5, 40), Point("beaten", 6, 39)
    equal, dear = Point("equal", 5, 40), Point("dear", 5, 30)
    unknown = Point("unknown", float("nan"), 99)
    front = pareto_front([beaten, good, unknown, cheap, equal, dear])
    assert front == [cheap, good, equal]
    assert pareto_front([]) == []
    assert pareto_front([Point("a", 1, 1), Point("b", 2, 1)]) == [Point("a", 1, 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (kwh_words(0.612), "0.61 kWh"),
        (kwh_words(0.612, digits=3), "0.612 kWh"),
        (kwh_words(0.6), "0.60 kWh"),
        (kwh_words(0.0996), "100 Wh"),
        (kwh_words(0.00421), "4.2 Wh"),
        (kwh_words(4.21e-6), "4.2 mWh"),
        (kwh_words(4.21e-9), "0.0042 mWh"),
        (kwh_words(9.96), "10 kWh"),
        (kwh_words(1234.4), "1,234 kWh"),
        (kwh_words(0.0), "0 kWh"),
        (co2_words(0.18), "0.18 kg CO2eq"),
        (co2_words(0.00477), "4.8 g CO2eq"),
        (co2_words(4.77e-5), "48 mg CO2eq"),
        (kg_words(0.0), "0 kg"),
        (seconds_words(42.4), "42 s"),
        (seconds_words(185), "3 min 05 s"),
        (seconds_words(7500), "2 h 05 min"),
    ],
)
def test_amounts_are_told_in_units_that_fit(text: str, expected: str) -> None:
    assert text == expected
