from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import ConfigError
from core.storage.translation_set_records import Hypothesis, TranslationSet
from core.storage.workspace import Workspace
from core.systems.batch import batches
from core.systems.batch.origin import (
    check_same,
    check_unchanged,
    completed,
    decisive,
    differences,
    is_changed,
    provenance_of,
    set_of,
)
from core.systems.batch.settings import BatchSettings
from core.systems.batch.test_set import read_test_set
from core.systems.catalogue import add_chain, add_endpoint, change_endpoint
from core.systems.chain import ChainSettings
from core.systems.endpoint import EndpointSettings
from core.systems.prompt_choice import find_template
from core.systems.protocol import SystemInfo
from tests.core.systems.small_corpus import TEST, add_corpus

PLAIN = {"name": "LLM", "base_url": "https://e.org/v1", "model": "m"}
MT = {"name": "MT", "base_url": "https://e.org", "kind": "deepl"}


def endpoint(workspace: Workspace, **values: Any) -> SystemInfo:
    return add_endpoint(workspace, EndpointSettings.parse({**PLAIN, **values}))


def change(workspace: Workspace, info: SystemInfo, **values: Any) -> None:
    change_endpoint(workspace, info.id, EndpointSettings.parse({**PLAIN, **values}))


def settings(*infos: SystemInfo, **values: Any) -> BatchSettings:
    ids = tuple(info.id for info in infos)
    return BatchSettings.parse({"corpus": "Small", "systems": ids, **values})


def begin(workspace: Workspace, what: BatchSettings, info: SystemInfo, *, num_done: int) -> None:
    record = set_of(workspace, what, read_test_set(workspace, what), "batch", info)
    workspace.translation_sets.add(record)
    workspace.translation_sets.store(
        [Hypothesis(record.id, at, "s", "r", "h") for at in range(num_done)]
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"model": "n"}, "LLM has changed since the batch began: model was 'm' and is 'n'."),
        ({"base_url": "https://f.org/v1"}, "base_url was 'https://e.org/v1' and is 'https://f.org"),
        ({"headers": "X-Tier: gold"}, "headers.X-Tier was nothing and is 'gold'"),
    ],
)
def test_batch_that_another_model_would_finish_is_refused(
    values: dict[str, Any], sentence: str, workspace: Workspace
) -> None:
    add_corpus(workspace)
    info = endpoint(workspace)
    what = settings(info)
    begin(workspace, what, info, num_done=1)
    check_unchanged(workspace, "batch", what)
    change(workspace, info, **values)
    with pytest.raises(ConfigError, match=sentence) as caught:
        check_unchanged(workspace, "batch", what)
    assert caught.value.hint.startswith("Start a new batch")


@pytest.mark.parametrize("num_done", [0, 2])
def test_set_without_hypotheses_or_without_gaps_may_change(
    num_done: int, workspace: Workspace
) -> None:
    add_corpus(workspace)
    info = endpoint(workspace)
    what = settings(info)
    begin(workspace, what, info, num_done=num_done)
    change(workspace, info, model="n")
    check_unchanged(workspace, "batch", what)
    # The same settings are still another question.
    assert is_changed(workspace, "batch", what) == bool(num_done)


def test_price_and_pace_are_no_change(workspace: Workspace) -> None:
    add_corpus(workspace)
    info = endpoint(workspace)
    begin(workspace, settings(info), info, num_done=1)
    change(workspace, info, name="Renamed", price_in_usd=9.0, concurrency=1)
    check_unchanged(workspace, "batch", settings(info))
    assert not is_changed(workspace, "batch", settings(info))


def test_changed_part_of_a_chain_is_a_change(workspace: Workspace) -> None:
    add_corpus(workspace)
    llm, service = endpoint(workspace), endpoint(workspace, **MT, model="")
    given = ChainSettings(name="Both", first=llm.id, second=service.id, pivot_lang="fra_Latn")
    chain = add_chain(workspace, given)
    begin(workspace, settings(chain), chain, num_done=1)
    change(workspace, llm, model="n")
    with pytest.raises(ConfigError, match="Both has changed .* model was 'm' and is 'n'"):
        check_unchanged(workspace, "batch", settings(chain))


def test_prompt_is_written_down_where_it_reaches_an_llm(workspace: Workspace) -> None:
    add_corpus(workspace)
    llm, service = endpoint(workspace), endpoint(workspace, **MT, model="")
    chains = [
        add_chain(workspace, ChainSettings(name=name, first=first.id, second=second.id))
        for name, first, second in (("a", llm, service), ("b", service, llm))
    ]
    other = endpoint(workspace, **{**MT, "name": "MT 2"}, model="")
    plain = add_chain(workspace, ChainSettings(name="c", first=service.id, second=other.id))
    what = settings(llm)
    for info in (llm, *chains):
        assert "prompt" in provenance_of(workspace, what, info), info
    for info in (service, plain):
        assert "prompt" not in provenance_of(workspace, what, info), info


def test_draft_counts_only_where_the_template_edits_one(workspace: Workspace) -> None:
    add_corpus(workspace)
    llm, service = endpoint(workspace), endpoint(workspace, **MT, model="")
    edits = {"template": "Post-edit a draft", "draft_system": service.id}
    found = provenance_of(workspace, settings(llm, prompt=edits), llm)
    assert found["draft"] == {service.id: service.provenance}
    assert "draft" not in provenance_of(
        workspace, settings(llm, prompt={"draft_system": service.id}), llm
    )


def test_changed_template_is_a_change_and_a_pinned_version_is_none(workspace: Workspace) -> None:
    add_corpus(workspace)
    info = endpoint(workspace)
    template, _ = find_template(workspace, "Zero-shot")
    workspace.templates.save("Zero-shot", template.model_dump())
    pinned = batches.check_start(workspace, settings(info))
    assert pinned.prompt.template_version == 1
    begin(workspace, pinned, info, num_done=1)
    newer = template.changed(user=template.user + "\nPlease.")
    workspace.templates.save("Zero-shot", newer.model_dump())
    check_unchanged(workspace, "batch", pinned)
    with pytest.raises(ConfigError, match="prompt.template.user is another one"):
        check_unchanged(workspace, "batch", settings(info))


def test_corpus_that_was_split_again_is_a_change(workspace: Workspace) -> None:
    from core.corpora.segments import write_segments

    corpus = add_corpus(workspace)
    info = endpoint(workspace)
    begin(workspace, settings(info), info, num_done=1)
    write_segments(workspace.split_file(corpus.id, "test"), TEST[::-1])
    with pytest.raises(ConfigError, match="the test split of 'Small' holds other segments now"):
        check_unchanged(workspace, "batch", settings(info))


def test_perturbation_is_written_down_and_goes_on_as_it_was(workspace: Workspace) -> None:
    from core.corpora.segments import write_segments

    corpus = add_corpus(workspace)
    info = endpoint(workspace)
    clean = read_test_set(workspace, settings(info))
    what = settings(info, perturbation="typos", perturbation_seed=3)
    record = set_of(workspace, what, read_test_set(workspace, what), "batch", info)
    assert record.provenance["perturbation"] == {
        "name": "typos",
        "seed": 3,
        "of_test_set": clean.hash,
        "num_changed": 2,
    }
    assert record.test_set_hash != clean.hash
    plain = set_of(workspace, settings(info), clean, "batch", info)
    assert "perturbation" not in plain.provenance
    begin(workspace, what, info, num_done=1)
    check_unchanged(workspace, "batch", what)
    assert not is_changed(workspace, "batch", what)
    write_segments(workspace.split_file(corpus.id, "test"), TEST[::-1])
    with pytest.raises(ConfigError) as caught:
        check_unchanged(workspace, "batch", what)
    assert caught.value.message.endswith("the test split of 'Small' holds other segments now.")


SET = TranslationSet(
    "t", "b", "model:m", "m", "c", "c", "test", "eng_Latn", "gle_Latn", "0", 2, "2024-01-01"
)


@pytest.mark.parametrize(
    ("known", "now", "num"),
    [
        ({}, {}, 0),
        ({"model": "m"}, {"model": "m", "version": "v"}, 0),
        ({"model": "m", "version": "v"}, {"model": "m"}, 0),
        ({"model": "m", "version": "v"}, {"model": "m", "version": "w"}, 1),
        ({"version": "v", "quantization": "int8"}, {"version": "w", "quantization": "int4"}, 2),
        ({"detail": "a"}, {"detail": "b"}, 0),
        ({"parts": {"a": {"model": "m"}}}, {"parts": {"a": {"model": "m", "version": "v"}}}, 0),
        ({"parts": {"a": {"model": "m"}}}, {"parts": {"b": {"model": "m"}}}, 2),
        ({"prompt": {"template": {"description": "a"}}}, {"prompt": {"template": {}}}, 0),
        ({}, {"prompt": {"template": {}}}, 1),
    ],
)
def test_differences(known: dict[str, Any], now: dict[str, Any], num: int) -> None:
    before, after = replace(SET, provenance=known), replace(SET, provenance=now)
    assert len(differences(before, after)) == num
    if num:
        with pytest.raises(ConfigError, match="m has changed since the batch began"):
            check_same(before, after)


def test_only_what_was_unknown_is_completed() -> None:
    known = {"model": "m", "parts": {"a": {"version": "v"}, "b": {"model": "n"}}}
    now = {
        "model": "other",
        "version": "w",
        "new": 1,
        "parts": {"a": {"version": "w"}, "b": {"version": "w", "quantization": "int8"}},
    }
    assert completed(known, now) == {
        "model": "m",
        "version": "w",
        "parts": {
            "a": {"version": "v"},
            "b": {"model": "n", "version": "w", "quantization": "int8"},
        },
    }
    assert decisive(completed(known, now)) == {
        "model": "m",
        "parts": {"a": {}, "b": {"model": "n"}},
    }


def test_id_that_is_found_again_is_that_of_the_question(workspace: Workspace) -> None:
    add_corpus(workspace)
    info = endpoint(workspace)

    def found(**values: Any) -> str:
        what = batches.check_start(workspace, settings(info, **values))
        return batches.repeatable_id(workspace, what)

    first = found()
    assert found() == found(budget_usd=5.0) == found(uses_cache=False) == first
    assert found(num_segments=1) != first
    assert found(perturbation_seed=2) == first  # nothing is perturbed
    typos = found(perturbation="typos")
    assert typos != first
    assert found(perturbation="typos") == typos
    assert found(perturbation="typos", perturbation_seed=2) != typos
    assert found(prompt={"template": "Translate, then refine"}) != first
    change(workspace, info, model="n")
    assert found() != first
    change(workspace, info)
    assert found() == first
    template, _ = find_template(workspace, "Zero-shot")
    newer = template.changed(user=template.user + "\nPlease.")
    workspace.templates.save("Zero-shot", newer.model_dump())
    assert found() != first
