"""Judges as real supervised jobs against a real server: stored as they come, paid once."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import psutil
import pytest

from core.errors import AdaptMLLMError, ConfigError
from core.evaluate.scorers import scoring_jobs
from core.evaluate.scorers.judge.forecast import forecast
from core.evaluate.scorers.judge.marked_errors import JudgedSegment, judged_segment
from core.evaluate.scorers.judge.settings import JudgeSettings
from core.evaluate.scorers.judge.spans import JudgedError
from core.evaluate.scorers.scoring_results import set_scores
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.workspace import Workspace
from core.systems.catalogue import add_endpoint, change_endpoint, endpoint_settings
from core.systems.endpoint import EndpointSettings
from tests.core.evaluate.scored_sets import HASH, REFERENCES, add_set
from tests.core.evaluate.scorers.judge.judge_server import JudgeServer
from tests.servers.fault_server import FaultServer

SCORES = {"Scríobhann an altra litir.": 70, "Tá sé ag cur báistí.": 100, "Maidin!": 55}
NUM_LONG = 12


def by_hypothesis(messages: list[dict[str, str]]) -> str:
    """Gives the score of whichever known hypothesis is judged."""
    text = messages[-1]["content"].rpartition("<<<")[2]
    found = [score for hypothesis, score in SCORES.items() if hypothesis in text]
    return json.dumps({"score": found[0] if found else 10})


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    """An endpoint that judges by `SCORES`."""
    opened = JudgeServer(by_hypothesis)
    yield opened
    opened.end()


@pytest.fixture
def ready(workspace: Workspace) -> Iterator[Workspace]:
    """A workspace with translation sets; no scoring outlives the test."""
    known = list(SCORES)
    add_set(workspace, "one", [*known, None])
    add_set(workspace, "two", [known[0], "Tá sé fuar.", known[2], "Bóthar."])
    add_set(workspace, "long", [f"Hypothesis {at}." for at in range(NUM_LONG)], test_set_hash="c")
    yield workspace
    for scoring in (*workspace.scorings.of_test_set(HASH), *workspace.scorings.of_test_set("c")):
        if not scoring_jobs.scoring_state(workspace, scoring.id).has_ended:
            scoring_jobs.stop(workspace, scoring.id, at_once=True)
            queue.wait(workspace, scoring.id)


def endpoint(workspace: Workspace, url: str, **values: Any) -> str:
    settings = {"name": "Judge", "base_url": url, "model": "m", "price_out_usd": 1000.0, **values}
    return add_endpoint(workspace, EndpointSettings.parse(settings)).id


def settings(system: str, *sets: str, **values: Any) -> JudgeSettings:
    return JudgeSettings.parse({"system": system, "translation_sets": sets, **values})


def run(workspace: Workspace, what: JudgeSettings) -> tuple[str, JobState]:
    started = scoring_jobs.start(workspace, what)
    return started.id, queue.wait(workspace, started.id)


def test_fixed_answers_become_scores_and_the_same_question_is_paid_once(
    ready: Workspace, server: JudgeServer
) -> None:
    system = endpoint(ready, server.url)
    what = settings(system, "one", "two")
    probable = forecast(ready, what)
    assert (probable.num_segments, probable.num_untranslated) == (7, 1)
    assert (probable.num_calls, probable.num_known) == (5, 0) and probable.cost_usd > 0
    scoring_id, state = run(ready, what)
    assert (state.state, state.reason) == ("finished", ""), state.detail
    assert state.progress["step"] == state.progress["total_steps"] == 7
    one, two = (set_scores(ready, scoring_id, each) for each in ("one", "two"))
    np.testing.assert_array_equal(one.values, [70, 100, 55, np.nan])
    np.testing.assert_array_equal(two.values, [70, 10, 55, 10])
    assert (one.num_missing, one.failure_rate, len(server.bodies)) == (1, 0.0, 5)
    body = server.bodies[0]
    assert (body["temperature"], body["seed"]) == (0.0, 1)
    shown = [each["messages"][1]["content"] for each in server.bodies]
    (of_first,) = (text for text in shown if "The nurse writes a letter." in text)
    assert REFERENCES[0] in of_first and "English" in of_first and "Irish" in of_first
    costs = [score.details["cost_usd"] for score in ready.scorings.scores(scoring_id)]
    assert sorted(costs) == pytest.approx([0, 0, 0.01, 0.01, 0.01, 0.01, 0.01])
    (scoring,) = ready.scorings.of_test_set(HASH)
    assert (scoring.name, scoring.kind, scoring.is_lower_better) == (
        "Judge (score)",
        "judge",
        False,
    )
    assert scoring.settings["judged_by"]["model"] == "m" and "NUMBER" in scoring.settings["prompt"]
    # A second judge with the same questions takes all answers from the cache.
    probable = forecast(ready, what)
    assert (probable.num_calls, probable.num_known, probable.cost_usd) == (0, 7, 0.0)
    run(ready, what)
    assert len(server.bodies) == 5


def test_errors_become_spans_and_minus_their_weights(ready: Workspace, server: JudgeServer) -> None:
    def answer(messages: list[dict[str, str]]) -> str:
        assert REFERENCES[0] not in messages[-1]["content"]
        if "an altra" not in messages[-1]["content"]:
            return "No errors."
        return "```json\n" + json.dumps({"errors": [
            {"span": "an altra", "category": "fluency/grammar", "severity": "major"},
            {"span": "", "category": "accuracy/omission", "severity": "minor"},
        ]}) + "\n```"  # fmt: skip

    server.answer = answer
    system = endpoint(ready, server.url)
    values = {"mode": "mqm", "uses_reference": False, "max_segments": 2, "max_errors": 1}
    scoring_id, state = run(ready, settings(system, "one", **values))
    assert state.state == "finished", state.detail
    found = set_scores(ready, scoring_id, "one")
    np.testing.assert_array_equal(found.values, [-5, 0, np.nan, np.nan])
    errors = (
        JudgedError("major", "fluency/grammar", "an altra", 11, 19),
        JudgedError("minor", "accuracy/omission", ""),
    )
    assert [judged_segment(ready, scoring_id, "one", at) for at in range(3)] == [
        JudgedSegment(-5, "", errors),
        JudgedSegment(0, "", ()),
        None,
    ]


def test_answer_that_cannot_be_read_is_asked_for_once_more(
    ready: Workspace, server: JudgeServer
) -> None:
    def answer(messages: list[dict[str, str]]) -> str:
        if len(messages) == 4:
            assert messages[2] == {"role": "assistant", "content": "Quite good, I think."}
            return "Score: 64"
        return "Quite good, I think."

    server.answer = answer
    scoring_id, state = run(ready, settings(endpoint(ready, server.url), "one", max_segments=1))
    (score,) = ready.scorings.scores(scoring_id)
    assert (state.state, score.value, len(server.bodies)) == ("finished", 64, 2)
    assert (score.details["num_calls"], score.details["cost_usd"]) == (2, pytest.approx(0.02))


def test_answers_that_cannot_be_read_are_failures_with_a_rate_and_never_scores(
    ready: Workspace, server: JudgeServer
) -> None:
    def answer(messages: list[dict[str, str]]) -> str:
        return "Score: 150" if "raining" in messages[1]["content"] else '{"score": 90}'

    server.answer = answer
    scoring_id, state = run(ready, settings(endpoint(ready, server.url), "two"))
    assert state.state == "finished"
    found = set_scores(ready, scoring_id, "two")
    np.testing.assert_array_equal(found.values, [90, np.nan, 90, 90])
    assert found.failures == {1: "The score 150 is not between 0 and 100."}
    assert (found.failure_rate, len(server.bodies)) == (0.25, 5)
    failed = [each for each in ready.scorings.scores(scoring_id) if each.value is None]
    assert failed[0].details["answer"] == "Score: 150"
    server.answer = lambda messages: '{"score": 40}'
    scoring_jobs.resume(ready, scoring_id)  # asks only for what failed, and adds what that costs
    assert queue.wait(ready, scoring_id).state == "finished" and len(server.bodies) == 6
    found = set_scores(ready, scoring_id, "two")
    np.testing.assert_array_equal(found.values, [90, 40, 90, 90])
    costs = {each.position: each.details["cost_usd"] for each in ready.scorings.scores(scoring_id)}
    assert costs[1] == pytest.approx(0.03)


def test_killed_judge_resumes_without_paying_twice(ready: Workspace, server: JudgeServer) -> None:
    server.delay_s = 0.2
    concurrency = 2
    system = endpoint(ready, server.url, concurrency=concurrency)
    scoring_id = scoring_jobs.start(ready, settings(system, "long", uses_cache=False)).id
    while ready.scorings.counts(scoring_id).get("long", (0, 0))[1] < 2:
        time.sleep(0.05)
    kill_all(scoring_id)
    queue.reconcile(ready)
    state = scoring_jobs.scoring_state(ready, scoring_id)
    done = ready.scorings.counts(scoring_id)["long"][1]
    assert state.state == "lost" and 2 <= done < NUM_LONG
    assert state.hint == "What is judged is kept; Resume does the rest."
    scoring_jobs.resume(ready, scoring_id)
    assert queue.wait(ready, scoring_id).state == "finished"
    asked = Counter(json.dumps(body["messages"]) for body in server.bodies)
    # Only the calls that were under way when it was killed are asked again.
    assert len(asked) == NUM_LONG and asked.total() <= NUM_LONG + concurrency
    assert ready.scorings.counts(scoring_id) == {"long": (NUM_LONG, NUM_LONG)}


def kill_all(scoring_id: str) -> None:
    """Kills supervisor and worker at once, as a crash of the machine would."""
    processes = [
        process
        for process in psutil.process_iter(["cmdline"])
        if scoring_id in " ".join(process.info["cmdline"] or [])
    ]
    assert len(processes) >= 2
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=10)


def test_judge_stops_on_request_and_goes_on(ready: Workspace, server: JudgeServer) -> None:
    server.delay_s = 0.3
    system = endpoint(ready, server.url, concurrency=1)
    scoring_id = scoring_jobs.start(ready, settings(system, "long")).id
    while not server.bodies:
        time.sleep(0.05)
    scoring_jobs.stop(ready, scoring_id)
    state = queue.wait(ready, scoring_id)
    assert state.state == "stopped" and f"of {NUM_LONG} segments are judged" in state.reason
    server.delay_s = 0.0
    scoring_jobs.resume(ready, scoring_id)
    assert queue.wait(ready, scoring_id).state == "finished" and len(server.bodies) == NUM_LONG


def test_budget_ends_a_judge_and_a_higher_one_lets_it_go_on(
    ready: Workspace, server: JudgeServer
) -> None:
    system = endpoint(ready, server.url, concurrency=1)
    parameters = {"max_tokens": 20}
    what = settings(system, "long", budget_usd=0.045, parameters=parameters)
    scoring_id, state = run(ready, what)
    assert state.state == "stopped" and "budget of 0.045 USD is used up" in state.reason
    assert f"3 of {NUM_LONG} segments are judged, and kept" in state.reason
    began = ready.scorings.get(scoring_id).settings
    scoring_jobs.resume(ready, scoring_id, budget_usd=1.0)
    assert queue.wait(ready, scoring_id).state == "finished" and len(server.bodies) == NUM_LONG
    assert began["budget_usd"] == 0.045 and began["judged_by"]["model"] == "m"
    assert ready.scorings.get(scoring_id).settings == began | {"budget_usd": 1.0}


def test_judge_that_can_only_fail_is_given_up(ready: Workspace, faults: FaultServer) -> None:
    system = endpoint(ready, faults.url("401"), concurrency=1)
    scoring_id, state = run(ready, settings(system, "long"))
    assert state.state == "failed" and "answered 401" in state.reason
    assert len(faults.asked("401")) == 1
    assert ready.scorings.counts(scoring_id) == {"long": (1, 0)}


def test_another_model_does_not_go_on_with_the_scores_of_a_judge(
    ready: Workspace, server: JudgeServer
) -> None:
    server.answer = lambda messages: "Score: 150" if "Hypothesis 3." in str(messages) else "80"
    system = endpoint(ready, server.url)
    scoring_id, _ = run(ready, settings(system, "long"))
    change_endpoint(ready, system, endpoint_settings(ready, system).changed(model="other"))
    with pytest.raises(ConfigError, match="has another model or address"):
        scoring_jobs.resume(ready, scoring_id)


def test_a_judge_without_scores_may_be_another_model_and_its_record_says_so(
    ready: Workspace, server: JudgeServer
) -> None:
    system = endpoint(ready, server.url)
    scoring_id, state = run(ready, settings(system, "long", budget_usd=0.001))
    assert state.state == "stopped" and ready.scorings.counts(scoring_id) == {}
    change_endpoint(ready, system, endpoint_settings(ready, system).changed(model="other"))
    scoring_jobs.resume(ready, scoring_id)
    assert queue.wait(ready, scoring_id).state == "stopped"
    assert ready.scorings.get(scoring_id).settings["judged_by"]["model"] == "other"


def test_judge_that_cannot_work_is_refused_before_anything_is_written(
    ready: Workspace, server: JudgeServer
) -> None:
    service = EndpointSettings(name="LT", kind="libretranslate", base_url="http://127.0.0.1:9")
    mt = add_endpoint(ready, service).id
    keyed = endpoint(ready, server.url, name="Keyed", key_env="MY_JUDGE_KEY")
    system = endpoint(ready, server.url)
    add_set(ready, "bare", ["x"] * 4, references=["", "b"], test_set_hash="d")
    add_set(ready, "late", [None, "x"], test_set_hash="e")
    wrong = [
        (settings(mt, "one"), "'LT' is no LLM"),
        (settings("nobody", "one"), "no system 'nobody'"),
        (settings(keyed, "one"), "MY_JUDGE_KEY"),
        (settings(system, "one", "long"), "of another test set"),
        (settings(system, "bare"), "2 of 4 segments have no reference"),
        (settings(system, "late", max_segments=1), "None of the chosen segments"),
    ]
    for what, sentence in wrong:
        with pytest.raises(AdaptMLLMError, match=sentence):
            scoring_jobs.start(ready, what)
    assert not list(ready.scorings_folder.glob("[!.]*")) and server.bodies == []
