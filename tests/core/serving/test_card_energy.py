"""What the model card says of energy."""

from __future__ import annotations

import pytest

from core.emissions.carbon import change_settings
from core.emissions.inference import to_record as system_record
from core.emissions.stored import to_record
from core.serving.card import model_card
from core.serving.card_energy import energy_lines
from core.storage.workspace import Workspace
from tests.core.emissions.made_energy import made
from tests.core.emissions.made_inference import made_inference
from tests.core.systems.footprint.stored_models import stored_run, stored_version
from tests.core.systems.small_corpus import add_corpus


@pytest.fixture
def tuned(workspace: Workspace) -> Workspace:
    """A workspace with a run and a version of it that is served."""
    run = stored_run(workspace, add_corpus(workspace))
    version = stored_version(workspace, run.id, run_id=run.id)
    workspace.versions.decide(version.id, "accepted")
    return workspace


def measure(workspace: Workspace, *, study: str = "", version: str = "") -> None:
    run = workspace.runs.get("demo")
    workspace.energy.put(to_record(made(run.id, study=study)))
    version = version or workspace.versions.all()[0].id
    found = made_inference(system_id=f"model:{run.id}", version=version)
    workspace.energy.add_system(system_record(found))


def test_the_card_tells_training_and_translating_with_badges(tuned: Workspace) -> None:
    assert "What the fine-tuning took was not measured." in model_card(
        tuned, "demo", form="transformers"
    )
    measure(tuned)
    change_settings(tuned, grid="codecarbon:IRL", pue=1.2)
    text = model_card(tuned, "demo", form="transformers")
    energy = text.partition("## Energy")[2].replace("\\", "")
    assert "Fine-tuning: 0.61 kWh, 0.18 kg CO2eq, IRL 2023, PUE 1.2, codecarbon 3.3.2" in energy
    assert "CPU 21 Wh (load model), RAM 21 Wh (heuristic), GPU 0.47 kWh (counter)" in energy
    assert "(ctranslate2, int8 weights): 4.8 Wh and 1.4 g CO2eq per 1,000 segments" in energy
    assert "By device: CPU load model, RAM heuristic, 25% guessed." in energy
    assert "1,000 segments of Small *a* corpus" in energy  # escaped in the card itself
    assert "Small \\*a\\* corpus" in text
    assert "secret-host" not in text and "Ana" not in text


def test_figures_of_another_version_are_not_told(tuned: Workspace) -> None:
    measure(tuned, version="an-older-one")
    text = model_card(tuned, "demo", form="transformers")
    assert "What translating with it takes was not measured." in text


def test_a_search_and_a_checkpoint_are_said_to_be_that(tuned: Workspace) -> None:
    measure(tuned, study="s1")
    tuned.energy.put(to_record(made("run-2", study="s1")))
    run = tuned.runs.get("demo")
    lines = energy_lines(tuned, run, 50, f"{run.id}@50", "")
    assert lines[0].startswith("The whole run, of which this is a checkpoint: 0.51 kWh")
    assert "It came out of a search: its 2 runs took 1.0 kWh." in lines


def test_a_base_model_that_nobody_measured_has_no_section(workspace: Workspace) -> None:
    assert energy_lines(workspace, None, 0, "starter", "v-1") == []
