import math

import pytest

from core.emissions.carbon import Basis, change_settings, chosen_basis, chosen_pue
from core.emissions.grid import Grid
from core.emissions.grids import find_grids
from core.emissions.own_grids import add_own_table
from core.emissions.settings import emissions_settings
from core.emissions.what_if import what_if
from core.errors import ConfigError
from core.storage.workspace import Workspace

IRELAND = Grid("codecarbon", "IRL", "Ireland", 2023, 290.8, "OWID")


def test_co2_is_kwh_times_pue_times_grid_and_embodied_is_a_share_of_the_whole() -> None:
    basis = Basis(IRELAND, pue=1.2, embodied_share=0.25)
    assert basis.facility_kwh(0.5) == pytest.approx(0.6)
    assert basis.operational_kg(0.5) == pytest.approx(0.17448)
    assert basis.co2_kg(0.5) == pytest.approx(0.23264)
    assert basis.embodied_kg(0.5) == pytest.approx(0.05816)
    assert basis.embodied_kg(0.5) / basis.co2_kg(0.5) == pytest.approx(0.25)
    assert Basis(IRELAND).co2_kg(1) == pytest.approx(0.2908)


@pytest.mark.parametrize(
    ("basis", "label"),
    [
        (Basis(IRELAND, 1.2), "IRL 2023, PUE 1.2"),
        (Basis(IRELAND), "IRL 2023, PUE 1"),
        (Basis(IRELAND, 1.1, 0.2), "IRL 2023, PUE 1.1, embodied share 0.2"),
        (Basis(Grid("lab", "X", "Y", 2024, 1, "us")), "X (lab, 2024), PUE 1"),
        (Basis(Grid("notebook", "IRL", "I", None, 1, "")), "IRL (notebook, year unknown), PUE 1"),
    ],
)
def test_the_label_names_code_year_pue_and_a_foreign_table(basis: Basis, label: str) -> None:
    assert basis.label == label


def test_without_a_chosen_grid_there_is_no_basis(workspace: Workspace) -> None:
    assert chosen_basis(workspace) is None
    assert chosen_basis(workspace, pue=1.5) is None
    assert chosen_pue(workspace, 1.5) == 1.5


def test_what_is_given_goes_before_the_settings(workspace: Workspace) -> None:
    change_settings(workspace, grid="ireland", pue=1.3, embodied_share=0.1)
    assert emissions_settings(workspace).grid == "codecarbon:IRL"
    basis = chosen_basis(workspace)
    assert basis is not None
    assert (basis.grid.code, basis.pue, basis.embodied_share) == ("IRL", 1.3, 0.1)
    other = chosen_basis(workspace, grid="SWE", pue=1.0)
    assert other is not None
    assert (other.grid.code, other.pue) == ("SWE", 1.0)
    # Nothing given changes what is stored.
    assert emissions_settings(workspace).pue == 1.3
    change_settings(workspace, grid="")
    assert chosen_basis(workspace) is None


@pytest.mark.parametrize("pue", [0.9, 11.0, math.nan, math.inf])
def test_a_pue_out_of_bounds_is_refused(workspace: Workspace, pue: float) -> None:
    with pytest.raises(ConfigError, match="pue"):
        chosen_basis(workspace, grid="IRL", pue=pue)


def test_an_unknown_grid_is_never_stored(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="no 'Irland'"):
        change_settings(workspace, grid="Irland", pue=1.2)
    assert emissions_settings(workspace).pue == 1.0


def test_what_if_is_sorted_and_compared_with_the_base(workspace: Workspace) -> None:
    grids = find_grids(workspace, ["IRL", "IND", "SWE", "POL"])
    base = Basis(grids[0], 1.2)
    answers = what_if(0.5, grids, pue=1.2, base=base)
    assert [each.grid.code for each in answers] == ["SWE", "IRL", "POL", "IND"]
    assert answers[1].co2_kg == pytest.approx(0.5 * 1.2 * 0.290805)
    assert answers[1].ratio == pytest.approx(1)
    assert answers[3].ratio == pytest.approx(713.441 / 290.805)
    # Without a base, with the lowest.
    assert [round(each.ratio, 1) for each in what_if(0.5, grids)] == [1.0, 7.1, 16.3, 17.5]
    assert what_if(0.5, []) == []


def test_ratios_to_nothing_are_told_as_such() -> None:
    clean = Grid("lab", "A", "A", None, 0.0, "")
    answers = what_if(1.0, [IRELAND, clean])
    assert [each.ratio for each in answers] == [1.0, math.inf]
    assert [each.ratio for each in what_if(0.0, [IRELAND], base=Basis(clean))] == [1.0]


def test_a_grid_of_the_settings_that_is_gone_is_named(workspace: Workspace) -> None:
    add_own_table(workspace, "lab", "us", b"code,name,year,g_per_kwh\nX,Here,2023,290\n")
    change_settings(workspace, grid="lab:X")
    workspace.energy.delete_grid_table("lab")
    with pytest.raises(ConfigError, match="The grid of the settings, 'lab:X', is gone"):
        chosen_basis(workspace)
    assert chosen_basis(workspace, grid="IRL") is not None
