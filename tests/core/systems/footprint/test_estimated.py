"""What LLMs probably take: by EcoLogits, from the model's name or from its size."""

from __future__ import annotations

import logging
import socket

import pytest

from core.emissions.carbon import Basis
from core.emissions.grid import Grid
from core.errors import ConfigError
from core.storage.workspace import Workspace
from core.systems.footprint.answer_lengths import Text
from core.systems.footprint.ecologits_figures import (
    Registered,
    figures_of,
    find_registered,
)
from core.systems.footprint.estimated import estimate
from core.systems.footprint.model_size import ModelSize, llm_endpoint, size_of, store_size
from tests.core.systems.footprint.stored_models import stored_answers, stored_llm, stored_version

TEXT = Text("a text", "eng_Latn", "gle_Latn", characters_per_segment=80, reference_tokens=30)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection, or the search for a name, fails the test."""

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("something tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@pytest.mark.parametrize(
    ("model", "base_url", "known_as"),
    [
        ("gpt-4o-mini", "https://api.openai.com/v1", ("openai", "gpt-4o-mini")),
        ("gpt-4o-mini", "https://me.openai.azure.com/openai/v1", ("openai", "gpt-4o-mini")),
        ("openai/gpt-4o-mini", "https://openrouter.ai/api/v1", ("openai", "gpt-4o-mini")),
        ("gpt-4o-mini", "http://127.0.0.1:4000/v1", ("openai", "gpt-4o-mini")),
        ("gpt-4o-mini", "https://notmistral.ai/v1", ("openai", "gpt-4o-mini")),
        (
            "c4ai-aya-expanse-32b",
            "https://api.cohere.com/compat",
            ("cohere", "c4ai-aya-expanse-32b"),
        ),
    ],
)
def test_a_model_is_found_by_address_and_name(
    model: str, base_url: str, known_as: tuple[str, str]
) -> None:
    assert find_registered(model, base_url) == Registered(*known_as)


@pytest.mark.parametrize(
    ("model", "base_url"),
    [
        ("our-own", "http://127.0.0.1:8000/v1"),
        ("gpt-4o-mini", "https://api.mistral.ai/v1"),  # that provider has no such model
    ],
)
def test_an_unknown_model_is_asked_about_never_guessed(model: str, base_url: str) -> None:
    with pytest.raises(ConfigError, match="does not know the model") as refused:
        find_registered(model, base_url)
    assert "billions of parameters" in refused.value.hint


@pytest.mark.usefixtures("no_network")
def test_figures_are_ranges_with_what_makes_them_less_sure() -> None:
    # 200 tokens of a model of 8 billion: 1.5e-5 to 1.8e-5 kWh (EcoLogits 0.11.3 at PUE 1.2).
    found = figures_of(ModelSize(active_b=8), 200, None)
    assert 1.5e-5 < found.kwh.low < found.kwh.high < 1.8e-5
    assert found.kwh.high / found.kwh.low == pytest.approx(1.20 / 1.09)
    assert 0 < found.embodied_kg.low < 1e-5 and "PUE is 1.09 to 1.20" in found.notes[0]
    named = figures_of(Registered("openai", "gpt-4o-mini"), 200, 2.0)
    assert 1.2e-5 < named.kwh.low < named.kwh.high < 1.6e-5
    assert named.notes[0] == "How the model is built has not been published."
    single = figures_of(Registered("cohere", "c4ai-aya-expanse-32b"), 200, None)
    assert single.kwh.low < single.kwh.high and "gives one number" in single.notes[-1]


def test_a_mixture_takes_what_works_and_stores_what_is_there() -> None:
    dense, mixture = ModelSize(active_b=30), ModelSize(active_b=3, total_b=30)
    small = figures_of(ModelSize(active_b=3), 100, None).kwh
    whole, active = figures_of(dense, 100, None).kwh, figures_of(mixture, 100, None).kwh
    assert small.low <= active.low < whole.low


def test_ecologits_changes_nothing_in_this_process() -> None:
    import openai

    before = openai.resources.chat.Completions.create
    figures_of(Registered("openai", "gpt-4o-mini"), 10, None)
    assert openai.resources.chat.Completions.create is before
    assert logging.getLoggerClass() is logging.Logger


def test_the_endpoints_own_count_of_tokens_decides(workspace: Workspace) -> None:
    llm = stored_llm(workspace)
    guessed = estimate(workspace, llm, TEXT)
    assert (guessed.tokens.low, guessed.tokens.high) == (20, 45)  # 30, wrong by half
    assert "reference translations" in guessed.tokens_from
    stored_answers(workspace, llm.id, tokens=10)  # for 40 characters
    counted = estimate(workspace, llm, TEXT)
    assert counted.tokens.low == counted.tokens.high == 20
    assert counted.tokens_from == "as the endpoint counted them of 4 answers"
    assert counted.kwh.low < counted.kwh.high < guessed.kwh.high
    assert counted.model == "gpt-4o-mini (openai)"
    thousand, million = counted.kwh_per_1000_segments, counted.kwh_per_million_characters
    assert thousand.high == pytest.approx(counted.kwh.high * 1000)
    assert million.low == pytest.approx(thousand.low * 1000 / 80)


def test_co2_is_that_of_the_grid_and_of_the_hardware_without_our_own_pue(
    workspace: Workspace,
) -> None:
    found = estimate(workspace, stored_llm(workspace), TEXT)
    grid = Grid("codecarbon", "IRL", "Ireland", 2023, 290.8, "a test")
    for pue in (1.0, 2.0):
        co2 = found.co2_kg(Basis(grid, pue=pue, embodied_share=0.5))
        assert co2.low == pytest.approx(found.kwh.low * 0.2908 + found.embodied_kg.low)
        assert co2.high == pytest.approx(found.kwh.high * 0.2908 + found.embodied_kg.high)


def test_a_size_that_people_give_counts_first(workspace: Workspace) -> None:
    llm = stored_llm(workspace, model="our-own", base_url="http://127.0.0.1:8000/v1")
    with pytest.raises(ConfigError, match="does not know the model 'our-own'"):
        estimate(workspace, llm, TEXT)
    store_size(workspace, "LLM", ModelSize(active_b=8))
    small = estimate(workspace, llm, TEXT)
    assert small.model == "8 billion parameters"
    large = estimate(workspace, llm, TEXT, size=ModelSize(active_b=70))
    assert large.kwh.low > small.kwh.low
    store_size(workspace, llm.id, ModelSize())
    with pytest.raises(ConfigError, match="does not know"):
        estimate(workspace, llm, TEXT)


def test_sizes_are_stored_by_endpoint_else_those_of_its_settings(workspace: Workspace) -> None:
    llm = stored_llm(workspace, parameters_b=7)
    other = stored_llm(workspace, name="Other")
    assert size_of(workspace, llm) == ModelSize(active_b=7)
    size = ModelSize(active_b=3, total_b=30)
    store_size(workspace, llm.id, size)
    assert size_of(workspace, llm) == size and size.words == "3 of 30 billion parameters active"
    assert not size_of(workspace, other).is_known
    with pytest.raises(ConfigError, match="cannot hold"):
        ModelSize.parse({"active_b": 30, "total_b": 3})
    with pytest.raises(ConfigError, match="active parameters are missing"):
        ModelSize.parse({"total_b": 3})
    stored_version(workspace, "a/base")
    with pytest.raises(ConfigError, match="is no LLM endpoint"):
        llm_endpoint(workspace, "a/base")
