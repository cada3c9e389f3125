from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.errors import ConfigError
from core.storage.job_records import Job
from core.storage.run_records import Run
from core.storage.version_records import Version
from core.storage.workspace import Workspace
from core.systems import catalogue
from core.systems.chain import ChainSettings, ChainSystem
from core.systems.clients.openai_system import OpenAISystem
from core.systems.clients.rest_system import RestSystem
from core.systems.endpoint import EndpointSettings
from core.systems.local_models import LocalModel
from core.systems.protocol import System, SystemInfo

STARTER = "model:starter"
NOW = "2024-03-04T05:06:07.123+00:00"


def endpoint(name: str = "Mine", **values: Any) -> EndpointSettings:
    plain = {"name": name, "base_url": "https://example.org/v1", "model": "owner/gpt-x"}
    return EndpointSettings.parse({**plain, **values})


def add_endpoint(workspace: Workspace, name: str = "Mine", **values: Any) -> SystemInfo:
    return catalogue.add_endpoint(workspace, endpoint(name, **values))


def add_chain(
    workspace: Workspace, name: str, first: str, second: str, **values: Any
) -> SystemInfo:
    settings = ChainSettings(name=name, first=first, second=second, **values)
    return catalogue.add_chain(workspace, settings)


def opened(workspace: Workspace, system_id: str, **values: Any) -> System:
    """A system that was opened and closed again."""
    system = catalogue.open_system(workspace, system_id, **values)
    asyncio.run(system.close())
    return system


def add_run(workspace: Workspace, run_id: str, name: str, state: str = "finished") -> None:
    job = Job(run_id, "core.finetune.job", f"runs/{run_id}", "compute", state, NOW)
    workspace.runs.add(
        Run(
            id=run_id,
            name=name,
            corpus_id="c1",
            corpus_name="Covid",
            base_model="starter",
            src_lang="eng_Latn",
            tgt_lang="gle_Latn",
            settings={},
            scores={},
            train_seconds=None,
            created_at=NOW,
            job=job,
        )
    )


def add_version(workspace: Workspace, model: str, run_id: str | None, state: str) -> None:
    job = Job(f"version of {model}", "core.serving.job", "versions/v", "compute", state, NOW)
    workspace.versions.add(
        Version(
            id=job.id,
            model=model,
            name=f"{model} for people",
            run_id=run_id,
            engine="",
            quantization="int8",
            settings={},
            gate={},
            decision="pending",
            decided_at=None,
            created_at=NOW,
            job=job,
        )
    )


# Listing


def test_starter_is_there_from_the_beginning(ready_workspace: Workspace) -> None:
    (info,) = catalogue.all_systems(ready_workspace)
    assert (info.id, info.name, info.kind, info.detail) == (
        STARTER, "starter", "model", "base model",
    )  # fmt: skip
    assert not info.is_llm
    assert info.provenance == {"model": "starter"}
    assert catalogue.find_system(ready_workspace, "starter") == info
    assert catalogue.find_system(ready_workspace, STARTER) == info


def test_empty_workspace_has_no_systems(workspace: Workspace) -> None:
    assert catalogue.all_systems(workspace) == []
    with pytest.raises(ConfigError, match="There is no system 'x'") as caught:
        catalogue.find_system(workspace, "x")
    assert caught.value.hint.startswith("Systems: none yet.")


def test_models_come_first_then_endpoints_then_chains(ready_workspace: Workspace) -> None:
    add_chain(ready_workspace, "A chain", "starter", "starter")
    add_endpoint(ready_workspace, "B")
    add_endpoint(ready_workspace, "A", kind="deepl", base_url="", model="")
    add_run(ready_workspace, "r1", "First")
    add_run(ready_workspace, "r2", "Second", state="training")
    add_version(ready_workspace, "r1@120", "r1", "finished")
    add_version(ready_workspace, "r1@240", "r1", "failed")
    found = catalogue.all_systems(ready_workspace)
    assert [each.name for each in found] == [
        "First", "r1@120 for people", "starter", "A", "B", "A chain",
    ]  # fmt: skip
    assert [each.detail for each in found[:3]] == [
        "fine-tuned from starter", "checkpoint", "base model",
    ]  # fmt: skip
    assert [each.kind for each in found[3:]] == ["deepl", "openai", "chain"]
    assert len({each.id for each in found}) == len(found)


def test_run_is_told_by_its_id_and_names_its_base_model(ready_workspace: Workspace) -> None:
    add_run(ready_workspace, "r1", "First")
    info = catalogue.find_system(ready_workspace, "First")
    assert info.id == "model:r1"
    assert info.provenance == {"model": "r1", "run": "r1", "base_model": "starter"}
    assert info.aliases == ("First", "r1")


# Endpoints


def test_endpoint_is_found_by_id_and_by_name(ready_workspace: Workspace) -> None:
    info = add_endpoint(
        ready_workspace, price_in_usd=0.15, price_out_usd=0.6, headers="X-Key: ${MY_KEY}"
    )
    for text in (info.id, "Mine", " Mine\n"):
        assert catalogue.find_system(ready_workspace, text) == info
    assert (info.kind, info.is_llm) == ("openai", True)
    assert info.detail == "owner/gpt-x at https://example.org/v1"
    assert (info.price_in_usd, info.price_out_usd) == (0.15, 0.6)
    assert info.aliases == ("Mine", "owner/gpt-x", "gpt-x")
    assert info.provenance == {
        "kind": "openai",
        "base_url": "https://example.org/v1",
        "model": "owner/gpt-x",
        "api": "chat",
        "headers": {"X-Key": "${MY_KEY}"},
    }
    assert catalogue.endpoint_settings(ready_workspace, "Mine").price_in_usd == 0.15
    assert catalogue.learned_of(ready_workspace, info.id) == {}


@pytest.mark.parametrize("kind", ["libretranslate", "google", "deepl"])
def test_mt_service_is_no_llm(kind: str, ready_workspace: Workspace) -> None:
    info = add_endpoint(ready_workspace, kind=kind, model="", price_characters_usd=20.0)
    assert (info.kind, info.is_llm) == (kind, False)
    assert info.detail == "https://example.org/v1"
    assert info.price_characters_usd == 20.0
    assert isinstance(opened(ready_workspace, info.id), RestSystem)


def test_names_are_unique_among_endpoints_and_chains(ready_workspace: Workspace) -> None:
    add_endpoint(ready_workspace)
    with pytest.raises(ConfigError, match="There is already a system named 'Mine'"):
        add_endpoint(ready_workspace)
    with pytest.raises(ConfigError, match="There is already a system named 'Mine'"):
        add_chain(ready_workspace, "Mine", "starter", "starter")
    other = add_endpoint(ready_workspace, "Other")
    with pytest.raises(ConfigError, match="There is already a system named 'Mine'"):
        catalogue.change_endpoint(ready_workspace, other.id, endpoint("Mine"))
    assert catalogue.find_system(ready_workspace, other.id) == other


def test_id_counts_before_a_name(ready_workspace: Workspace) -> None:
    first = add_endpoint(ready_workspace, "First")
    second = add_endpoint(ready_workspace, first.id)
    third = add_endpoint(ready_workspace, STARTER)
    assert catalogue.find_system(ready_workspace, first.id) == first
    assert catalogue.find_system(ready_workspace, second.id) == second
    assert catalogue.find_system(ready_workspace, STARTER).kind == "model"
    catalogue.delete_system(ready_workspace, third.id)
    assert STARTER not in [each.name for each in catalogue.all_systems(ready_workspace)]


def test_endpoint_with_the_name_of_a_model_is_another_system(ready_workspace: Workspace) -> None:
    info = add_endpoint(ready_workspace, "starter")
    assert isinstance(opened(ready_workspace, info.id), OpenAISystem)
    assert isinstance(opened(ready_workspace, STARTER), LocalModel)
    for refused in (
        lambda: catalogue.delete_system(ready_workspace, STARTER),
        lambda: catalogue.endpoint_settings(ready_workspace, STARTER),
        lambda: catalogue.change_endpoint(ready_workspace, STARTER, endpoint("x")),
    ):
        with pytest.raises(ConfigError, match="'starter' is a local model"):
            refused()
    assert catalogue.find_system(ready_workspace, info.id) == info
    assert catalogue.learned_of(ready_workspace, STARTER) == {}


def test_changed_endpoint_keeps_its_id(ready_workspace: Workspace) -> None:
    info = add_endpoint(ready_workspace)
    record_id = info.id.removeprefix("endpoint:")
    ready_workspace.systems.learn(record_id, {"ignored": ["seed"]})
    assert catalogue.learned_of(ready_workspace, "Mine") == {"ignored": ["seed"]}
    changed = catalogue.change_endpoint(
        ready_workspace, "Mine", endpoint("Yours", kind="deepl", base_url="", model="")
    )
    assert changed.id == info.id
    assert (changed.name, changed.kind, changed.is_llm) == ("Yours", "deepl", False)
    assert catalogue.all_systems(ready_workspace)[1:] == [changed]
    assert catalogue.learned_of(ready_workspace, info.id) == {}
    assert isinstance(opened(ready_workspace, info.id), RestSystem)


def test_chain_is_no_endpoint(ready_workspace: Workspace) -> None:
    chain = add_chain(ready_workspace, "Chain", "starter", "starter")
    with pytest.raises(ConfigError, match="'Chain' is a chain, not an endpoint"):
        catalogue.change_endpoint(ready_workspace, chain.id, endpoint("Chain"))
    with pytest.raises(ConfigError, match="'Chain' is a chain, not an endpoint"):
        catalogue.endpoint_settings(ready_workspace, "Chain")
    assert catalogue.find_system(ready_workspace, "Chain") == chain


# Chains


def test_chain_keeps_the_ids_of_its_systems(ready_workspace: Workspace) -> None:
    info = add_endpoint(ready_workspace)
    chain = add_chain(ready_workspace, "Chain", "Mine", "starter", pivot_lang="fra_Latn")
    assert chain.detail == "Mine → fra_Latn → starter"
    assert chain.provenance == {"first": info.id, "second": STARTER, "pivot_lang": "fra_Latn"}
    assert (chain.kind, chain.is_llm) == ("chain", False)
    assert catalogue.find_system(ready_workspace, "Chain") == chain
    catalogue.change_endpoint(ready_workspace, info.id, endpoint("Another name"))
    assert isinstance(opened(ready_workspace, "Chain"), ChainSystem)


def test_chain_of_systems_that_do_not_exist_is_not_stored(ready_workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="There is no system 'nothing'"):
        add_chain(ready_workspace, "Chain", "starter", "nothing")
    assert len(catalogue.all_systems(ready_workspace)) == 1


def test_endpoint_that_a_chain_uses_is_not_deleted(ready_workspace: Workspace) -> None:
    first, second = add_endpoint(ready_workspace, "First"), add_endpoint(ready_workspace, "Second")
    chain = add_chain(ready_workspace, "Chain", "First", "Second")
    outer = add_chain(ready_workspace, "Outer", "Chain", "starter")
    for info in (first, second):
        with pytest.raises(ConfigError, match=f"The chain 'Chain' uses '{info.name}'"):
            catalogue.delete_system(ready_workspace, info.name)
    with pytest.raises(ConfigError, match="The chain 'Outer' uses 'Chain'"):
        catalogue.delete_system(ready_workspace, chain.id)
    for info in (outer, chain, first, second):
        catalogue.delete_system(ready_workspace, info.id)
    assert [each.id for each in catalogue.all_systems(ready_workspace)] == [STARTER]


def test_local_model_is_not_deleted_here(ready_workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="'starter' is a local model") as caught:
        catalogue.delete_system(ready_workspace, "starter")
    assert "Deploy page" in caught.value.hint


def test_chain_that_contains_itself_is_refused_when_it_is_opened(
    ready_workspace: Workspace,
) -> None:
    chain = add_chain(ready_workspace, "Chain", "starter", "starter")
    settings = ChainSettings(name="Chain", first=STARTER, second=chain.id)
    record_id = chain.id.removeprefix("chain:")
    ready_workspace.systems.change(record_id, "Chain", "chain", settings.model_dump())
    with pytest.raises(ConfigError, match="The chain 'Chain' contains itself"):
        catalogue.open_system(ready_workspace, chain.id)
    assert catalogue.find_system(ready_workspace, "Chain").kind == "chain"


def test_two_chains_that_contain_each_other_are_refused(ready_workspace: Workspace) -> None:
    one = add_chain(ready_workspace, "One", "starter", "starter")
    two = add_chain(ready_workspace, "Two", "One", "One")
    settings = ChainSettings(name="One", first=two.id, second=two.id)
    record_id = one.id.removeprefix("chain:")
    ready_workspace.systems.change(record_id, "One", "chain", settings.model_dump())
    with pytest.raises(ConfigError, match="contains itself, or too many others"):
        catalogue.open_system(ready_workspace, one.id)


def test_chains_of_chains_have_a_bound(ready_workspace: Workspace) -> None:
    inner = "starter"
    for number in range(1, catalogue.MAX_DEPTH + 2):
        name = f"Chain {number}"
        add_chain(ready_workspace, name, inner, "starter")
        inner = name
    assert isinstance(opened(ready_workspace, f"Chain {catalogue.MAX_DEPTH}"), ChainSystem)
    with pytest.raises(ConfigError, match="The chain 'Chain 1' contains itself, or too many"):
        catalogue.open_system(ready_workspace, inner)


def test_chain_that_lost_a_system_says_which(ready_workspace: Workspace) -> None:
    info = add_endpoint(ready_workspace)
    chain = add_chain(ready_workspace, "Chain", "Mine", "starter")
    ready_workspace.systems.delete(info.id.removeprefix("endpoint:"))
    assert catalogue.find_system(ready_workspace, "Chain").provenance == chain.provenance
    with pytest.raises(ConfigError, match=f"There is no system '{info.id}'"):
        catalogue.open_system(ready_workspace, chain.id)


# Opening


def test_key_comes_from_the_session_or_from_the_environment(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    info = add_endpoint(ready_workspace, key_env="MY_KEY")
    chain = add_chain(ready_workspace, "Chain", "Mine", "starter")
    for system_id in (info.id, chain.id):
        with pytest.raises(ConfigError, match="The environment variable MY_KEY of the endpoint"):
            catalogue.open_system(ready_workspace, system_id)
        keys = {info.id: "sk-session-key", "endpoint:other": "sk-other-key"}
        system = opened(ready_workspace, system_id, session_keys=keys)
        assert system.scrub("sk-session-key sk-other-key") == "••• sk-other-key"
    monkeypatch.setenv("MY_KEY", "sk-environment-key")
    assert opened(ready_workspace, "Mine").scrub("sk-environment-key") == "•••"


def test_systems_are_opened_as_what_they_are(ready_workspace: Workspace) -> None:
    llm = opened(ready_workspace, add_endpoint(ready_workspace).id)
    assert isinstance(llm, OpenAISystem) and llm.cleans
    model = opened(ready_workspace, "starter")
    assert isinstance(model, LocalModel) and not model.cleans
    chain = opened(ready_workspace, add_chain(ready_workspace, "Chain", "starter", "Mine").id)
    assert isinstance(chain, ChainSystem) and chain.cleans
    assert chain.info.name == "Chain"


# Not found


def test_unknown_system_names_those_that_exist(ready_workspace: Workspace) -> None:
    for number in range(10):
        add_endpoint(ready_workspace, f"N{number}")
    for text in ("nothing", "", "endpoint:nothing", "model:nothing", "x" * 10_000, "\udce9"):
        with pytest.raises(ConfigError, match="There is no system") as caught:
            catalogue.find_system(ready_workspace, text)
        assert caught.value.hint.startswith("Systems: 'starter', 'N0', 'N1',")
        assert "'N6'" in caught.value.hint and "'N7'" not in caught.value.hint
        assert "python -m core systems list" in caught.value.hint
        assert len(caught.value.message) < 150


def test_deleted_system_is_not_found_any_more(ready_workspace: Workspace) -> None:
    info = add_endpoint(ready_workspace)
    catalogue.delete_system(ready_workspace, "Mine")
    for text in (info.id, "Mine"):
        with pytest.raises(ConfigError, match="There is no system"):
            catalogue.open_system(ready_workspace, text)
    with pytest.raises(ConfigError, match="There is no system"):
        catalogue.delete_system(ready_workspace, info.id)
