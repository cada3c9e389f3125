import csv
import io
import json

import pytest

from core.emissions.carbon import Basis
from core.emissions.export import FORMATS, to_csv, to_json, to_latex
from core.emissions.grid import Grid
from tests.core.emissions.made_energy import ON_CPU, ON_GPU, made, some_jobs

BASIS = Basis(Grid("codecarbon", "IRL", "Ireland", 2023, 290.805, "OWID"), 1.2, 0.2)


def test_csv_has_a_line_a_job_that_adds_up() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(some_jobs(), BASIS))))
    assert [row["job_id"] for row in rows] == ["run-1", "run-2", "run-3", "batch-1"]
    first = rows[0]
    devices = sum(float(first[f"{name}_kwh"]) for name in ("cpu", "ram", "gpu"))
    phases = sum(float(first[f"{name}_kwh"]) for name in ("prepare", "train", "evaluate"))
    assert devices == pytest.approx(phases) == pytest.approx(float(first["devices_kwh"]))
    assert float(first["facility_kwh"]) == pytest.approx(1.2 * devices)
    assert float(first["operational_kg"]) == pytest.approx(1.2 * devices * 0.290805)
    assert float(first["co2_kg"]) == pytest.approx(1.2 * devices * 0.290805 / 0.8)
    assert (first["gpu_method"], first["ram_method"]) == ("counter", "heuristic")
    assert (first["grid"], first["grid_year"], first["grid_source"]) == (
        "codecarbon:IRL", "2023", "OWID",
    )  # fmt: skip


def test_csv_without_a_grid_has_no_co2_and_keeps_the_pue() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv([made()], None, pue=1.5)))
    assert (row["co2_kg"], row["grid"], row["pue"]) == ("", "", "1.5")


def test_no_cell_of_csv_is_a_formula() -> None:
    text = to_csv([made(title="=cmd|' /C calc'!A0", person="@me", warnings=("+1",))], None)
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["title"] == "'=cmd|' /C calc'!A0"
    assert row["person"] == "'@me"
    assert row["warnings"] == "'+1"


def test_json_has_reports_with_sentence_phases_and_conditions() -> None:
    found = [made(conditions=(ON_CPU, ON_GPU), warnings=("Others used the GPU.",))]
    values = json.loads(to_json(found, BASIS))
    (report,) = values["reports"]
    assert report["header"]["reportId"] == "run-1"
    assert report["measures"][0]["powerConsumption"] == pytest.approx(0.5083)
    assert report["measures"][0]["measurementMethod"] == "codecarbon"
    assert report["environment"]["powerSourceCarbonIntensity"] == 290.805
    assert report["details"]["sentence"].startswith("0.61 kWh, 0.22 kg CO2eq, IRL 2023, PUE 1.2")
    assert report["details"]["phases"]["train"]["gpu_kwh"] == 0.45
    assert report["details"]["conditions"][1]["methods"]["gpu"] == "counter"
    assert report["details"]["warnings"] == ["Others used the GPU."]
    assert values["total"]["co2_kg"] == pytest.approx(BASIS.co2_kg(0.5083))


@pytest.mark.parametrize("name", FORMATS)
def test_files_to_publish_do_not_name_the_machine(name: str) -> None:
    assert "secret-host" not in FORMATS[name](some_jobs(), BASIS)
    assert FORMATS[name]([], None)


def test_latex_is_a_booktabs_table_with_everything_escaped() -> None:
    title = r"50%_\input{x} & $y$ [z]"
    text = to_latex([made(title=title), made("r2", title="b")], BASIS)
    assert r"50\%\_\textbackslash{}input\{x\} \& \$y\$ {[}z{]}" in text
    for word in (r"\toprule", r"\midrule Total", r"\bottomrule", r"\usepackage{booktabs}"):
        assert word in text
    assert r"& $0.466$ & $0.0211$ & $0.0212$ & $0.610$ & $0.222$ \\" in text
    assert "CO$_2$eq by IRL 2023, PUE 1.2, embodied share 0.2: 290.8 g/kWh, Ireland (OWID)." in text
    assert "codecarbon 3.3.2, GPU measured, CPU modelled, RAM estimated." in text


def test_latex_without_a_grid_has_no_column_of_co2() -> None:
    text = to_latex([made()], None, pue=1.2)
    assert "kg CO" not in text
    assert "no grid chosen" in text
    assert "Total" not in text  # of one row
    assert r"\begin{tabular}{lrrrrr}" in text
