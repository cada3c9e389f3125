"""`emissions measure|inference|break-even|llm-size` over stored measurements."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from core.commands.answers import Answer
from core.commands.footprint import add_footprint_commands
from core.emissions.energy import Energy, Phase
from core.emissions.inference import to_record as system_record
from core.emissions.stored import to_record
from core.errors import ConfigError, DataError
from core.storage.workspace import Workspace
from tests.core.emissions.made_energy import made
from tests.core.emissions.made_inference import made_inference
from tests.core.systems.footprint.stored_models import stored_llm, stored_run, stored_version
from tests.core.systems.small_corpus import add_corpus


def answer(workspace: Workspace, *words: str) -> Answer:
    parser = argparse.ArgumentParser()
    common = argparse.ArgumentParser(add_help=False)
    add_footprint_commands(parser.add_subparsers(required=True), common)
    chosen = parser.parse_args(words)
    found: Any = chosen.command(workspace, chosen)
    assert isinstance(found, Answer)
    return found


@pytest.fixture
def tuned(workspace: Workspace) -> Workspace:
    """A workspace with a fine-tuned model that was measured, and an LLM."""
    run = stored_run(workspace, add_corpus(workspace))
    stored_version(workspace, run.id, run_id=run.id)
    phases = {"train": Phase(100, Energy(0.5))}
    workspace.energy.put(to_record(made(run.id, phases=phases)))
    system_id = f"model:{run.id}"
    workspace.energy.add_system(system_record(made_inference(system_id=system_id)))
    stored_llm(workspace, model="our-own", base_url="http://127.0.0.1:9/v1")
    return workspace


def test_a_measurement_is_refused_before_anything_is_written(tuned: Workspace) -> None:
    with pytest.raises(ConfigError, match="seconds"):
        answer(tuned, "measure", "demo", "--seconds", "3")
    with pytest.raises(ConfigError, match="is no local model"):
        answer(tuned, "measure", "LLM")
    assert not tuned.footprints_folder.exists()


def test_inference_tells_what_was_measured_and_what_is_missing(tuned: Workspace) -> None:
    found = answer(tuned, "inference", "--grid", "codecarbon:IRL", "--pue", "1.2")
    (local,) = found.values["measured"]
    assert local["devices_kwh_per_1000_segments"] == pytest.approx(0.004)
    assert local["co2_kg_per_1000_segments"] == pytest.approx(0.004 * 1.2 * 0.290805)
    assert local["co2_kg_per_million_characters"] == pytest.approx(0.08 * 1.2 * 0.290805)
    assert local["found_by"] == ["CPU load model", "RAM heuristic"]
    assert local["basis"] == "IRL 2023, PUE 1.2"
    assert "28 g" in found.text and "CPU load model, RAM heuristic, 25% guessed" in found.text
    assert "4.8 Wh" in found.text
    (problem,) = found.values["not_estimated"]
    assert problem.startswith("LLM: ")


def test_an_llm_of_known_size_is_estimated_and_compared(tuned: Workspace) -> None:
    answer(tuned, "llm-size", "LLM", "--active-b", "70")
    (llm,) = answer(tuned, "inference", "--grid", "IRL").values["estimated"]
    span = llm["kwh_per_1000_segments"]
    assert 0 < span["low"] < span["high"] and llm["model"] == "70 billion parameters"
    per_segment, per_character = (
        llm[f"co2_kg_per_{each}"]["high"] / number
        for each, number in (("1000_segments", 1e3), ("million_characters", 1e6))
    )
    characters = llm["kwh_per_1000_segments"]["high"] / llm["kwh_per_million_characters"]["high"]
    assert per_segment / per_character == pytest.approx(characters * 1e3)
    assert llm["found_by"] == ["estimated"]
    found = answer(tuned, "break-even", "--system", "demo", "--llm", "LLM", "--active-b", "400")
    values = found.values
    assert values["fine_tuning_kwh"] == 0.5
    saved = values["llm_kwh_per_segment"]["high"] - 4e-6
    assert values["earliest_segments"] == pytest.approx(0.5 / saved)
    assert "Paid for: after" in found.text
    never = answer(tuned, "break-even", "--system", "demo", "--llm", "LLM", "--pue", "10")
    assert never.values["earliest_segments"] is None and "never" in never.text


def test_what_was_not_measured_is_not_compared(workspace: Workspace) -> None:
    run = stored_run(workspace, add_corpus(workspace))
    stored_version(workspace, run.id, run_id=run.id)
    stored_llm(workspace)
    with pytest.raises(DataError, match="has not been measured") as refused:
        answer(workspace, "break-even", "--system", "demo", "--llm", "LLM")
    assert "emissions measure" in refused.value.hint
