"""What translating was measured to take, as figures, words and records."""

from __future__ import annotations

import pytest

from core.emissions.carbon import Basis, change_settings
from core.emissions.grid import Grid
from core.emissions.inference import (
    known_basis,
    measured,
    measured_model,
    newest,
    newest_of_each,
    of_record,
    origin_words,
    rate_words,
    to_record,
)
from core.emissions.settings import EmissionsSettings, store_emissions_settings
from core.storage.workspace import Workspace
from tests.core.emissions.made_inference import made_inference

IRELAND = Basis(Grid("codecarbon", "IRL", "Ireland", 2023, 290.8, "a test"), pue=1.2)


def test_rates_are_the_energy_by_what_was_translated() -> None:
    found = made_inference()
    assert found.kwh_per_1000_segments == pytest.approx(0.004)
    assert found.kwh_per_million_characters == pytest.approx(0.08)  # 0.004 kWh × 1e6 / 50,000
    assert found.heuristic_share == pytest.approx(0.25)
    assert found.translated.characters_per_segment == 50
    assert found.translated.segments_per_s == pytest.approx(1000 / 30)


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        (
            IRELAND,
            "4.8 Wh and 1.4 g CO2eq per 1,000 segments, 96 Wh and 28 g CO2eq per million "
            "characters, IRL 2023, PUE 1.2",
        ),
        (
            None,
            "8.0 Wh per 1,000 segments, 0.16 kWh per million characters, no grid chosen, PUE 2",
        ),
    ],
)
def test_it_is_said_with_pue_and_with_co2_where_a_grid_was_chosen(
    basis: Basis | None, words: str
) -> None:
    assert rate_words(made_inference(), basis, pue=2.0) == words
    assert origin_words(made_inference()) == (
        "1,000 segments of Small *a* corpus, test split in 30 s, codecarbon 3.3.2, CPU modelled, "
        "RAM estimated"
    )


def test_a_record_holds_all_of_it_and_the_two_rates(workspace: Workspace) -> None:
    found = made_inference(warnings=("Others were at work.",))
    record = to_record(found)
    assert of_record(record) == found
    assert record.details["per_1000_segments_kwh"] == pytest.approx(0.004)
    assert record.details["per_million_characters_kwh"] == pytest.approx(0.08)
    workspace.energy.add_system(record)
    workspace.energy.add_system(record)
    assert measured(workspace) == measured_model(workspace, "run-1") == [found]
    assert measured_model(workspace, "run-2") == []


def test_figures_of_one_version_are_none_of_another() -> None:
    newer = made_inference(id="m-2", version="v-2")
    older, same = made_inference(), made_inference(id="m-0")
    found = [newer, older, same]
    assert newest(found) is newer
    assert newest(found, version="v-1") is older
    assert newest(found, version="v-3") is None
    assert newest_of_each(found) == [newer, older]


def test_a_grid_that_is_gone_is_no_basis(workspace: Workspace) -> None:
    assert known_basis(workspace) is None
    change_settings(workspace, grid="Ireland")
    basis = known_basis(workspace)
    assert basis is not None and basis.grid.code == "IRL"
    store_emissions_settings(workspace, EmissionsSettings(grid="deleted:XYZ"))
    assert known_basis(workspace) is None
