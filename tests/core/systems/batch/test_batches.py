"""Batches as real supervised processes against a real server: paid once, resumed, bounded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from core.errors import AdaptMLLMError, ConfigError
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.batch_records import Batch
from core.storage.translation_set_records import TranslationSet
from core.storage.workspace import PROJECT, WORKSPACE_VARIABLE, Workspace
from core.systems.batch import batches
from core.systems.batch.settings import BatchSettings
from core.systems.catalogue import add_endpoint
from core.systems.endpoint import EndpointSettings
from tests.servers.fault_server import KEY, FaultServer
from tests.servers.tiny_llm import LlmServer

NUM = 12


@pytest.fixture
def ready(ready_workspace: Workspace) -> Iterator[Workspace]:
    """A workspace with the sample; no batch outlives the test."""
    yield ready_workspace
    for batch in ready_workspace.batches.all():
        if not batches.batch_state(ready_workspace, batch.id).has_ended:
            batches.stop(ready_workspace, batch.id, at_once=True)
            queue.wait(ready_workspace, batch.id)


def endpoint(workspace: Workspace, faults: FaultServer, situation: str, **values: Any) -> str:
    settings = EndpointSettings(
        name=values.pop("name", situation), base_url=faults.url(situation), model="m", **values
    )
    return add_endpoint(workspace, settings).id


def settings(workspace: Workspace, *systems: str, **values: Any) -> BatchSettings:
    corpus = workspace.corpora.all()[0]
    return BatchSettings.parse(
        {"corpus": corpus.id, "systems": systems, "num_segments": NUM, **values}
    )


def run(workspace: Workspace, what: BatchSettings) -> tuple[Batch, JobState]:
    batch = batches.start(workspace, what)
    return batch, queue.wait(workspace, batch.id)


def sets_of(workspace: Workspace, batch: Batch) -> list[TranslationSet]:
    return workspace.translation_sets.of_batch(batch.id)


def sources(faults: FaultServer, situation: str) -> Counter[str]:
    """How often each segment was asked for, by its prompt."""
    return Counter(json.dumps(asked.body["messages"]) for asked in faults.asked(situation))


def test_a_test_set_is_translated_by_several_systems_into_comparable_sets(
    ready: Workspace, faults: FaultServer, tiny_llm: LlmServer
) -> None:
    llm = EndpointSettings(name="Tiny", base_url=tiny_llm.url, model=tiny_llm.model)
    service = EndpointSettings(name="LT", kind="libretranslate", base_url=faults.root("lt"))
    ids = [add_endpoint(ready, llm).id, add_endpoint(ready, service).id]
    batch, state = run(ready, settings(ready, *ids, parameters={"temperature": 0.0}))
    assert (state.state, state.reason) == ("finished", "")
    tiny, lt = sets_of(ready, batch)
    assert tiny.test_set_hash == lt.test_set_hash and tiny.num_segments == NUM
    segments = list(ready.translation_sets.segments(lt.id))
    assert [each.hypothesis for each in segments] == [f"ga: {each.source}" for each in segments]
    assert tiny.provenance["prompt"]["template"]["name"] == "Zero-shot"
    assert tiny.provenance["model"] == tiny_llm.model
    assert ready.translation_sets.counts(tiny.id).num_done == NUM


def test_perturbed_sources_are_what_is_translated(ready: Workspace, faults: FaultServer) -> None:
    service = EndpointSettings(name="LT", kind="libretranslate", base_url=faults.root("lt"))
    system = add_endpoint(ready, service).id
    clean, _ = run(ready, settings(ready, system))
    batch, state = run(ready, settings(ready, system, perturbation="uppercase"))
    assert (state.state, state.reason) == ("finished", "")
    (before,), (after,) = sets_of(ready, clean), sets_of(ready, batch)
    assert after.test_set_hash != before.test_set_hash
    assert after.provenance["perturbation"]["of_test_set"] == before.test_set_hash
    pairs = zip(
        *(ready.translation_sets.segments(each.id) for each in (before, after)), strict=True
    )
    for one, other in pairs:
        assert (other.source, other.reference) == (one.source.upper(), one.reference)
        assert other.hypothesis == f"ga: {one.source.upper()}"


def test_a_killed_batch_resumes_without_paying_twice(ready: Workspace, faults: FaultServer) -> None:
    concurrency = 2
    system = endpoint(ready, faults, "slow-10-20", concurrency=concurrency, price_out_usd=1.0)
    batch = batches.start(ready, settings(ready, system, uses_cache=False))
    while (
        not (found := sets_of(ready, batch))
        or not ready.translation_sets.counts(found[0].id).num_done
    ):
        time.sleep(0.05)
    kill_all(batch.id)
    queue.reconcile(ready)
    done = ready.translation_sets.done_positions(found[0].id)
    assert batches.batch_state(ready, batch.id).state == "lost" and 0 < len(done) < NUM
    batches.resume(ready, batch.id)
    state = queue.wait(ready, batch.id)
    assert state.state == "finished", state.reason
    counts = sources(faults, "slow-10-20")
    assert len(counts) == NUM
    # Only the calls that were under way when it was killed are asked again.
    assert sum(counts.values()) <= NUM + concurrency
    assert ready.translation_sets.counts(found[0].id).num_done == NUM


def kill_all(batch_id: str) -> None:
    """Kills supervisor and worker at once, as a crash of the machine would."""
    processes = [
        process
        for process in psutil.process_iter(["cmdline"])
        if batch_id in " ".join(process.info["cmdline"] or [])
    ]
    assert len(processes) >= 2
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=10)


def test_an_answer_that_was_paid_for_is_taken_again(ready: Workspace, faults: FaultServer) -> None:
    system = endpoint(ready, faults, "echo", price_in_usd=1.0)
    first, _ = run(ready, settings(ready, system))
    second, state = run(ready, settings(ready, system))
    assert state.state == "finished" and len(faults.asked("echo")) == NUM
    (one,), (other,) = sets_of(ready, first), sets_of(ready, second)
    assert ready.translation_sets.counts(one.id).cost_usd > 0
    assert ready.translation_sets.counts(other.id).cost_usd == 0
    run(ready, settings(ready, system, uses_cache=False))
    assert len(faults.asked("echo")) == 2 * NUM


def test_the_budget_ends_a_batch_and_a_higher_one_lets_it_go_on(
    ready: Workspace, faults: FaultServer
) -> None:
    system = endpoint(ready, faults, "echo", price_in_usd=1000.0, concurrency=1)
    batch, state = run(ready, settings(ready, system, budget_usd=0.5))
    assert state.state == "stopped" and "budget of 0.5 USD" in state.reason
    (found,) = sets_of(ready, batch)
    counts = ready.translation_sets.counts(found.id)
    assert 0 < counts.num_done < NUM and counts.cost_usd <= 0.5
    assert f"exceed it. {counts.num_done} of {NUM} segments are translated. What" in state.reason
    num_asked = len(faults.asked("echo"))
    batches.resume(ready, batch.id, budget_usd=1000.0)
    assert queue.wait(ready, batch.id).state == "finished"
    assert len(faults.asked("echo")) == num_asked + NUM - counts.num_done


def test_a_set_is_deleted_once_its_batch_has_ended_and_is_made_anew(
    ready: Workspace, faults: FaultServer
) -> None:
    system = endpoint(ready, faults, "slow-20-20", concurrency=1)
    batch = batches.start(ready, settings(ready, system, uses_cache=False))
    faults.wait_for_requests(1, limit_s=60)
    (found,) = sets_of(ready, batch)
    with pytest.raises(ConfigError, match="batch is"):
        batches.delete_set(ready, found.id)
    batches.stop(ready, batch.id)
    queue.wait(ready, batch.id)
    batches.delete_set(ready, found.id)
    assert sets_of(ready, batch) == []
    batches.resume(ready, batch.id)
    assert queue.wait(ready, batch.id).state == "finished"
    (again,) = sets_of(ready, batch)
    assert ready.translation_sets.counts(again.id).num_done == NUM


def test_a_batch_stops_on_request_and_goes_on(ready: Workspace, faults: FaultServer) -> None:
    system = endpoint(ready, faults, "slow-20-20", concurrency=1)
    batch = batches.start(ready, settings(ready, system))
    faults.wait_for_requests(2, limit_s=60)
    batches.stop(ready, batch.id)
    state = queue.wait(ready, batch.id)
    assert state.state == "stopped" and f"of {NUM} segments are translated" in state.reason
    batches.resume(ready, batch.id)
    assert queue.wait(ready, batch.id).state == "finished"
    assert set(sources(faults, "slow-20-20").values()) == {1}  # what was under way was finished


def test_a_rate_limit_is_waited_for(ready: Workspace, faults: FaultServer) -> None:
    system = endpoint(ready, faults, "429-retry-1", concurrency=1)
    batch, state = run(ready, settings(ready, system, num_segments=2))
    assert state.state == "finished"
    first, second, *_ = faults.asked("429-retry-1")
    assert second.at_s - first.at_s >= 1.0  # what Retry-After said
    assert ready.translation_sets.counts(sets_of(ready, batch)[0].id).num_done == 2


@pytest.mark.parametrize(
    ("situation", "sentence"),
    [("429-quota", "current quota"), ("401", "answered 401"), ("html-200", "a web page")],
)
def test_a_system_that_can_only_fail_is_given_up_and_the_others_finish(
    ready: Workspace, faults: FaultServer, situation: str, sentence: str
) -> None:
    bad = endpoint(ready, faults, situation, concurrency=1)
    good = endpoint(ready, faults, "echo")
    batch, state = run(ready, settings(ready, bad, good))
    assert state.state == "failed" and sentence in state.reason and situation in state.reason
    assert len(faults.asked(situation)) == 1
    by_name = {each.system_name: each for each in sets_of(ready, batch)}
    assert ready.translation_sets.counts(by_name["echo"].id).num_done == NUM


def test_segments_that_fail_are_failures_and_never_empty_hypotheses(
    ready: Workspace, faults: FaultServer
) -> None:
    ids = [endpoint(ready, faults, situation) for situation in ("length", "empty", "no-done")]
    batch, state = run(ready, settings(ready, *ids, num_segments=3))
    assert state.state == "finished"
    for each in sets_of(ready, batch):
        found = list(ready.translation_sets.segments(each.id, only_failed=True))
        assert len(found) == 3
        assert all(segment.hypothesis is None and segment.failure for segment in found)
    # They are tried again by Resume.
    batches.resume(ready, batch.id)
    assert queue.wait(ready, batch.id).state == "finished"
    assert len(faults.asked("length")) == 6


def test_a_passing_failure_is_tried_again_and_then_told(
    ready: Workspace, faults: FaultServer
) -> None:
    system = endpoint(ready, faults, "500", concurrency=1)
    batch, state = run(ready, settings(ready, system, num_segments=1, max_attempts=2))
    assert state.state == "finished" and len(faults.asked("500")) == 2
    (found,) = ready.translation_sets.segments(sets_of(ready, batch)[0].id)
    assert "The server had an error" in found.failure


def test_the_pace_of_an_endpoint_is_kept(ready: Workspace, faults: FaultServer) -> None:
    system = endpoint(ready, faults, "echo", requests_per_minute=300, concurrency=8)
    run(ready, settings(ready, system, num_segments=5))
    times = sorted(asked.at_s for asked in faults.asked("echo"))
    # Four intervals of 0.2 s; the first call arrives late, for its connection is opened.
    assert times[-1] - times[0] >= 0.3


def test_a_key_comes_from_the_environment_and_is_written_nowhere(
    ready: Workspace, faults: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = endpoint(ready, faults, "needs-key", key_env="MY_LLM_KEY")
    with pytest.raises(ConfigError, match="MY_LLM_KEY") as caught:
        batches.start(ready, settings(ready, system))
    assert caught.value.hint == (
        "Set it before the program starts; a key for one session does not reach a batch."
    )
    assert ready.batches.all() == []
    monkeypatch.setenv("MY_LLM_KEY", KEY)
    batch, state = run(ready, settings(ready, system, num_segments=2))
    assert state.state == "finished"
    monkeypatch.setenv("MY_LLM_KEY", "wrong-key-0123456789")
    _, state = run(ready, settings(ready, system, num_segments=2, uses_cache=False))
    assert state.state == "failed" and "wrong-key" not in state.reason + state.detail
    ready.database.dispose()
    for path in ready.root.rglob("*"):
        if path.is_file() and "models" not in path.parts:
            data = path.read_bytes()
            assert KEY.encode() not in data and b"wrong-key-0123" not in data, path
    assert batch.id


def test_a_batch_that_cannot_work_is_refused_before_anything_is_written(
    ready: Workspace, faults: FaultServer
) -> None:
    system = endpoint(ready, faults, "echo")
    wrong: list[dict[str, Any]] = [
        {"systems": ("nobody",)},
        {"src_lang": "fra_Latn", "tgt_lang": "gle_Latn"},
        {"prompt": {"template": "Retrieved few-shot"}},
        {"prompt": {"template": "No such template"}},
        {"corpus": "no such corpus"},
    ]
    for values in wrong:
        given = settings(ready, system).model_dump() | values
        with pytest.raises(AdaptMLLMError):
            batches.start(ready, BatchSettings.parse(given))
    assert ready.batches.all() == [] and not list(ready.batches_folder.glob("*"))
    assert faults.requests == []


def test_retrieved_examples_reach_the_prompts_of_a_batch(
    ready: Workspace, faults: FaultServer
) -> None:
    corpus = ready.corpora.all()[0]
    system = endpoint(ready, faults, "echo")
    prompt = {"template": "Retrieved few-shot", "corpus": corpus.id}
    run(ready, settings(ready, system, num_segments=2, prompt=prompt))
    from core.corpora.segments import read_segments

    training = read_segments(ready.split_file(corpus.id, "train"))
    held_out = {source for source, _ in read_segments(ready.split_file(corpus.id, "test"))}
    for asked in faults.asked("echo"):
        text = json.dumps(asked.body["messages"], ensure_ascii=False)
        shown = [pair for pair in training if pair[1] in text]
        assert shown
        assert not {source for source, _ in shown} & held_out


def command(workspace: Workspace, *arguments: str, text: str = "") -> tuple[int, str, str]:
    result = subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=PROJECT,
        env={**os.environ, WORKSPACE_VARIABLE: str(workspace.root)},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


def test_the_command_line_adds_tests_and_asks_systems(
    ready: Workspace, faults: FaultServer
) -> None:
    arguments = ("--base-url", faults.url("no-top-k"), "--model", "m", "--json")
    status, output, _ = command(ready, "systems", "add-endpoint", "--name", "Echo", *arguments)
    assert status == 0 and json.loads(output)["name"] == "Echo"
    status, output, _ = command(ready, "systems", "list", "--json")
    assert [each["name"] for each in json.loads(output)["systems"]] == ["starter", "Echo"]
    status, output, _ = command(ready, "systems", "probe", "Echo", "--json")
    assert status == 0
    checks = {each["name"]: each["verdict"] for each in json.loads(output)["checks"]}
    assert checks["reachable"] == checks["streaming"] == checks["usage reported"] == "yes"
    direction = ("--src-lang", "eng_Latn", "--tgt-lang", "gle_Latn")
    text = "One line.\n\nAnother line.\n"
    given = ("translate", "--system", "Echo", *direction, "--top-k", "3", "--json")
    status, output, errors = command(ready, *given, text=text)
    rows = json.loads(output)["segments"]
    assert status == 0 and [row["source"] for row in rows] == ["One line.", "", "Another line."]
    assert rows[1]["hypothesis"] == "" and rows[0]["hypothesis"]
    assert "ignored: top_k" in errors


def test_the_command_line_translates_a_test_set_and_resumes(
    ready: Workspace, faults: FaultServer
) -> None:
    endpoint(ready, faults, "length", name="Cut")
    endpoint(ready, faults, "echo", name="Echo")
    corpus = ready.corpora.all()[0].name
    given = ("translate", "--system", "Cut", "--system", "Echo", "--test-set", corpus)
    for _ in range(2):
        status, output, _ = command(ready, *given, "--num-segments", "3", "--json")
        values = json.loads(output)
        found = {each["system"]: each for each in values["translation_sets"]}
        assert status == 1  # not everything was translated
        assert (found["Echo"]["num_done"], found["Cut"]["num_failed"]) == (3, 3)
    assert len(ready.batches.all()) == 1
    assert len(faults.asked("echo")) == 3 and len(faults.asked("length")) == 6


def test_user_errors_of_the_command_line_are_one_line(ready: Workspace) -> None:
    wrong = [
        ("systems", "probe", "Nobody"),
        ("systems", "add-endpoint", "--name", "X", "--base-url", "nonsense", "--model", "m"),
        ("systems", "add-endpoint", "--name", "X", "--base-url", "http://h/v1"),
        ("translate", "--system", "starter"),
        ("translate", "--system", "starter", "--src-lang", "en", "--tgt-lang", "gle_Latn"),
        ("translate", "--system", "starter", "--test-set", "nothing"),
    ]
    for arguments in wrong:
        status, output, errors = command(ready, *arguments)
        assert (status, output) == (2, "") and errors.count("\n") == 1, errors
