"""Energy with PUE: on a run's page as on Emissions; fields that other settings start anew."""

from __future__ import annotations

import pytest

from core.emissions.carbon import change_settings
from core.finetune.settings import FineTuneSettings
from core.storage.workspace import Workspace
from tests.pages.test_emissions import metric, stored, train
from tests.pages.test_emissions_compare import labelled
from tests.pages.test_pages import opened
from tests.pages.test_run_energy import figures, measured_run


@pytest.mark.parametrize(
    ("pue", "kwh", "forecast"), [(1.0, "0.200", "0.300"), (1.2, "0.240", "0.360")]
)
def test_a_runs_page_tells_energy_with_the_pue_of_its_co2_and_the_budget_without(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch, pue: float, kwh: str, forecast: str
) -> None:
    change_settings(ready_workspace, grid="IRL", pue=pue)
    settings = FineTuneSettings.parse({"energy_budget_kwh": 0.4})
    run = measured_run(ready_workspace, "training", settings, step=10)
    found = figures(opened(ready_workspace, monkeypatch, "run", id=run.id))
    said = {label: note.replace("\\", "") for label, (_, note) in found.items()}
    with_pue = f", with PUE {pue:g}" if pue != 1 else ""
    assert found["Energy so far"][0] == f"{kwh} kWh"
    assert said["Energy so far"] == f"in 11 min 0 s{with_pue}"
    assert found["Forecast at the end"][0] == f"{forecast} kWh"
    assert said["Forecast at the end"].endswith(with_pue)
    assert (found["Budget used"][0], said["Budget used"]) == ("50%", "of 0.40 kWh, without PUE")
    taken = metric(opened(ready_workspace, monkeypatch, "emissions"), "Energy")
    assert taken == f"{kwh.removesuffix('0')} kWh"


def test_changed_settings_start_the_sliders_anew_and_other_pages_keep_them(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(workspace, "a", title="a", phases=train(1.0))
    change_settings(workspace, grid="IRL", pue=1.2)
    app = opened(workspace, monkeypatch, "emissions", part="What if")
    app = labelled(app.slider, "PUE").set_value(2.0).run()
    app = app.switch_page("../pages/runs.py").run()
    assert not app.slider
    app.query_params["part"] = "What if"
    app = app.switch_page("../pages/emissions.py").run()
    assert labelled(app.slider, "PUE").value == 2.0
    change_settings(workspace, pue=1.4)
    assert labelled(app.run().slider, "PUE").value == 1.4
