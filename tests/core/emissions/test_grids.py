import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.emissions.grid_sources import codecarbon_table, notebook_table
from core.emissions.grids import find_grid, find_grids, find_table, tables
from core.emissions.own_grids import add_own_table
from core.errors import ConfigError
from core.storage.workspace import PROJECT, Workspace


@pytest.mark.parametrize(
    ("asked", "key", "year", "g_per_kwh"),
    [
        ("codecarbon:IRL", "codecarbon:IRL", 2023, 290.8),
        (" irl ", "codecarbon:IRL", 2023, 290.8),
        ("ireland", "codecarbon:IRL", 2023, 290.8),
        ("SWE", "codecarbon:SWE", 2023, 40.7),
        ("POL", "codecarbon:POL", 2023, 661.9),
        ("IND", "codecarbon:IND", 2023, 713.4),
        ("Côte d’Ivoire".replace("’", "'"), "codecarbon:CIV", 2022, 393.9),
        ("UK", "codecarbon:GBR", 2023, 237.6),
        ("Georgia", "codecarbon:GEO", 2023, 167.6),  # the country, not the state
        ("usa-ca", "codecarbon:USA-CA", 2023, 179.1),  # 394.769 lbs/MWh × 0.45359237
        ("CAN-AB", "codecarbon:CAN-AB", 2023, 627.7),
        ("CHN-SC", "codecarbon:CHN-SC", 2023, 156.4),
        ("NOR-NO4", "codecarbon:NOR-NO4", 2025, 51.7),
        ("cloud:gcp/europe-west1", "cloud:gcp/europe-west1", None, 122.0),
        ("NOTEBOOK:irl", "notebook:IRL", None, 381.1),
        ("notebook:Europe", "notebook:Europe", None, 269.9),
        ("notebook:European Union (27)", "notebook:European Union (27)", None, 259.8),
    ],
)
def test_grids_are_found_by_code_and_name(
    workspace: Workspace, asked: str, key: str, year: int | None, g_per_kwh: float
) -> None:
    grid = find_grid(workspace, asked)
    assert (grid.key, grid.year) == (key, year)
    assert grid.g_per_kwh == pytest.approx(g_per_kwh, abs=0.05)
    assert grid.source


def test_labels_name_the_year_or_say_that_there_is_none(workspace: Workspace) -> None:
    assert find_grid(workspace, "IRL").label == "Ireland 2023"
    assert find_grid(workspace, "notebook:IRL").label == "Ireland, year unknown"
    assert find_grid(workspace, "IRL").iso3 == "IRL"
    assert find_grid(workspace, "USA-CA").iso3 == ""
    assert find_grid(workspace, "notebook:Europe").iso3 == ""


def test_regions_are_those_that_codecarbon_computes() -> None:
    """The formulas for states, provinces and zones are ours; codecarbon's own are the measure."""
    script = """
import json, sys
from codecarbon.core.emissions import Emissions
from codecarbon.core.units import Energy
from codecarbon.external.geography import GeoMetadata
from codecarbon.input import DataSource

source = Emissions(DataSource())
answers = {}
for code, iso3, region in json.load(sys.stdin):
    place = GeoMetadata(country_iso_code=iso3, country_name=None, region=region)
    answers[code] = 1000 * source.get_private_infra_emissions(Energy(1.0), place)
print(json.dumps(answers))
"""
    wanted = [
        ("IRL", "IRL", None), ("USA", "USA", None), ("USA-CA", "USA", "california"),
        ("USA-DC", "USA", "district of columbia"), ("CAN-NL", "CAN", "newfoundland and labrador"),
        ("CAN-QC", "CAN", "quebec"), ("CHN-SC", "CHN", "sichuan"), ("SWE-SE3", "SWE", "SE3"),
    ]  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    )
    ours = {grid.code: grid.g_per_kwh for grid in codecarbon_table().grids}
    theirs = json.loads(result.stdout)
    assert len(theirs) == len(wanted)
    assert {code: ours[code] for code in theirs} == pytest.approx(theirs, rel=1e-4)


def test_tables_are_read_without_importing_codecarbon() -> None:
    script = (
        "import sys; from core.emissions.grid_sources import codecarbon_table, cloud_table; "
        "assert len(codecarbon_table().grids) > 300 and cloud_table().grids; "
        "assert 'codecarbon' not in sys.modules and 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=True)


def test_every_table_has_unique_clean_keys_and_positive_figures(workspace: Workspace) -> None:
    for table in tables(workspace):
        codes = [grid.code.casefold() for grid in table.grids]
        assert len(codes) == len(set(codes)) > 30
        for grid in table.grids:
            assert grid.code == grid.code.strip()
            assert grid.name == grid.name.strip()
            assert "\t" not in grid.key + grid.name
            assert 0 < grid.g_per_kwh < 2000


def test_china_of_the_notebook_can_be_chosen(workspace: Workspace) -> None:
    """The original's menu offered "China", its table had "China" with a tab: a KeyError."""
    assert len(notebook_table().grids) == 94
    assert find_grid(workspace, "notebook:China").g_per_kwh == pytest.approx(541.33, abs=0.01)
    assert find_grid(workspace, "notebook:China").name == "China"


def test_a_notebook_table_with_the_original_tab_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "grid.tsv"
    path.write_text("name\tiso3\tg_per_kwh\nChina\t\tCHN\t541.3\n", encoding="utf-8")
    with pytest.raises(ValueError, match="too many values"):
        notebook_table(path)
    path.write_text("name\tiso3\tg_per_kwh\nChina \tCHN\t541.3\nAsia\t\t476.9\n", encoding="utf-8")
    notebook_table.cache_clear()
    assert [grid.code for grid in notebook_table(path).grids] == ["Asia", "CHN"]
    notebook_table.cache_clear()


@pytest.mark.parametrize(
    ("asked", "sentence", "hint"),
    [
        ("Irland", "The grid table 'codecarbon' has no 'Irland'.", "codecarbon:IRL (Ireland)"),
        ("ILR", "The grid table 'codecarbon' has no 'ILR'.", "Near to it: codecarbon:IRL"),
        ("World", "The grid table 'codecarbon' has no 'World'.", "notebook:World (World)"),
        ("XYZ", "The grid table 'codecarbon' has no 'XYZ'.", "emissions grids --table codecarbon"),
        ("notebook:Irland", "The grid table 'notebook' has no 'Irland'.", "notebook:IRL"),
        ("", "No grid is named.", "emissions grids"),
        ("codecarbon:", "No grid is named.", "emissions grids"),
        ("atlantis:IRL", "There is no grid table 'atlantis'.", "codecarbon, cloud, notebook"),
        # The files have 0 g/kWh for both, which is no figure.
        ("CAF", "The grid table 'codecarbon' has no 'CAF'.", "All are listed"),
        ("notebook:LUX", "The grid table 'notebook' has no 'LUX'.", "codecarbon:LUX (Luxembourg)"),
    ],
)
def test_an_unknown_country_is_refused_with_near_ones(
    workspace: Workspace, asked: str, sentence: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        find_grid(workspace, asked)
    assert caught.value.message == sentence
    assert hint in caught.value.hint


def test_several_grids_are_found_in_order_and_once(workspace: Workspace) -> None:
    found = find_grids(workspace, ["IND", " swe", "Sweden", ""])
    assert [grid.code for grid in found] == ["IND", "SWE"]
    with pytest.raises(ConfigError, match=r"No grid is named\."):
        find_grids(workspace, ["", " "])


def test_own_tables_stand_beside_the_others(workspace: Workspace) -> None:
    data = b"code,name,year,g_per_kwh\nHRV,Croatia,2024,180.5\nLAB,Our roof,,25\n"
    add_own_table(workspace, "Lab", "our meter, 2024", data)
    assert find_grid(workspace, "lab:hrv").g_per_kwh == 180.5
    assert find_grid(workspace, "LAB:Our roof").label == "Our roof, year unknown"
    assert find_table(workspace, "lab").source == "our meter, 2024"
    # A later table of the name takes its place.
    add_own_table(workspace, "lab", "again", b"code,name,year,g_per_kwh\nX,Y,2025,1\n")
    with pytest.raises(ConfigError):
        find_grid(workspace, "lab:HRV")


def test_a_name_that_fits_several_grids_is_refused(workspace: Workspace) -> None:
    rows = b"code,name,year,g_per_kwh\nIRL-2022,Ireland,2022,400\nIRL-2023,Ireland,2023,290\n"
    add_own_table(workspace, "lab", "us", rows)
    assert find_grid(workspace, "lab:irl-2023").g_per_kwh == 290
    with pytest.raises(ConfigError, match="'Ireland' may be 2 grids") as refused:
        find_grid(workspace, "lab:Ireland")
    assert "lab:IRL-2022 (2022), lab:IRL-2023 (2023)" in refused.value.hint
