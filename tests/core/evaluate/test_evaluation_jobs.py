"""Long evaluations as real supervised processes: started once, stopped, killed, begun again."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psutil
import pytest

from core.errors import DataError, TrainingError
from core.evaluate import evaluation_jobs
from core.evaluate.causes import stored_findings
from core.evaluate.computing import compute
from core.evaluate.evaluating import evaluate
from core.evaluate.evaluation_jobs import EVALUATION_KIND, INLINE_S, seconds_needed
from core.evaluate.result_cache import result_key, stored_result
from core.evaluate.settings import EvaluationSettings
from core.evaluate.texts import load_texts
from core.finetune.run_folder import RunFolder
from core.jobs import queue
from core.jobs.folder import JobState
from core.storage.files import JsonLinesTail
from core.storage.workspace import Workspace
from tests.core.evaluate.scored_sets import HASH, add_set

NUM = 120


def texts(seed: int, *, num: int = NUM, num_words: int = 8) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices("abcdefghij", k=num_words)) for _ in range(num)]


@pytest.fixture
def ready(workspace: Workspace) -> Iterator[Workspace]:
    """Two systems on a small test set; no job outlives the test."""
    for seed, name in enumerate(("one", "two")):
        add_set(workspace, name, texts(seed), references=texts(9))
    yield workspace
    for job in workspace.jobs.in_states("queued", "preparing", "evaluating", "stopping"):
        queue.stop(workspace, job.id, "now")
        queue.wait(workspace, job.id)


@pytest.fixture
def endless(ready: Workspace) -> Workspace:
    """The same with systems whose TER takes longer than the test."""
    for seed, name in enumerate(("long", "longer")):
        hypotheses = texts(seed, num=3000, num_words=16)
        references = texts(9, num=3000, num_words=16)
        add_set(ready, name, hypotheses, references=references, test_set_hash="b" * 64)
    return ready


LONG: dict[str, Any] = {"test_set": "b" * 64, "systems": ("long", "longer")}


def settings(**values: Any) -> EvaluationSettings:
    given = {"test_set": HASH, "systems": ("one", "two"), "metrics": ("ter", "bleu")}
    return EvaluationSettings.parse(given | {"num_samples": 200} | values)


def the_state(workspace: Workspace, job_id: str) -> JobState:
    state = evaluation_jobs.state_of(workspace, job_id)
    assert state is not None
    return state


def wait_until(is_so: Callable[[], bool], *, limit_s: float = 60.0) -> None:
    end_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end_s
        time.sleep(0.05)


def needed(workspace: Workspace, what: EvaluationSettings) -> float:
    return seconds_needed(workspace, load_texts(workspace, what.test_set, what.systems), what)


def test_a_job_computes_what_the_page_then_only_reads(ready: Workspace) -> None:
    what = settings()
    before_s = needed(ready, what)
    assert evaluation_jobs.state_of(ready, evaluation_jobs.job_id_of(ready, what)) is None
    with ThreadPoolExecutor(4) as threads:  # clicks at the same moment
        ids = set(threads.map(lambda _: evaluation_jobs.start(ready, what, by="Áine"), range(4)))
    (job_id,) = ids
    assert job_id == evaluation_jobs.job_id_of(ready, what)
    state = queue.wait(ready, job_id, poll_s=0.1)
    assert (state.state, state.reason) == ("finished", ""), state.detail
    job = ready.jobs.get(job_id)
    assert job is not None and job.kind == EVALUATION_KIND
    assert (job.title, job.person) == ("Evaluation of 2 systems on Small test", "Áine")
    folder = RunFolder(ready.scoring_folder(job_id))
    log = folder.log_file.read_text()
    assert log.count("attempt of") == 1 and "Traceback" not in log
    records = JsonLinesTail(folder.metrics_file).read()
    plans = [each["total_steps"] for each in records if each["kind"] == "plan"]
    assert plans == [732 + 4]  # ms: 240 hypotheses by TER (3) and BLEU (0.05), 200 resamples
    steps = [each["step"] for each in records if each["kind"] == "translated"]
    assert steps == sorted(steps) and steps[-1] == plans[0]
    assert state.progress["step"] == state.progress["total_steps"] == plans[0]
    kept = stored_result(ready, result_key(ready, what))
    assert kept is not None and kept == replace(evaluate(ready, what).result, leak="")
    assert needed(ready, what) == 0 < before_s


def test_checks_are_a_part_of_the_same_plan(
    ready: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_findings, "AT_ONCE", 2 * NUM - 1)
    what = settings(metrics=("bleu",))
    folder = RunFolder(ready.scoring_folder("j1"))
    folder.path.mkdir(parents=True)
    what.save(folder.settings_file)
    compute(ready, folder)
    records = JsonLinesTail(folder.metrics_file).read()
    (total,) = [each["total_steps"] for each in records if each["kind"] == "plan"]
    assert total == 12 + 2 + 120  # ms: statistics, resamples, 240 hypotheses to check
    steps = [each["step"] for each in records if each["kind"] == "translated"]
    assert steps == sorted(steps) and steps[-1] == total
    found = evaluate(ready, what)
    assert stored_findings.stored_findings(ready, found) is not None


def test_a_finished_job_computes_again_whatever_was_deleted_of_it(ready: Workspace) -> None:
    what = settings(metrics=("bleu",), num_samples=10)
    job_id = evaluation_jobs.start(ready, what)
    assert queue.wait(ready, job_id, poll_s=0.1).state == "finished"
    shutil.rmtree(ready.statistics_folder)
    shutil.rmtree(ready.scoring_folder(job_id))  # its record is left
    assert evaluation_jobs.start(ready, what) == job_id
    assert queue.wait(ready, job_id, poll_s=0.1).state == "finished"
    assert stored_result(ready, result_key(ready, what)) is not None
    ready.scorings.delete(job_id)  # its folder is left
    assert evaluation_jobs.start(ready, what) == job_id
    job = ready.jobs.get(job_id)
    assert job is not None and not job.has_ended


def test_jobs_that_ended_long_ago_are_forgotten_but_not_what_they_computed(
    ready: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_jobs, "KEPT_ENDED", 1)
    chosen = [settings(metrics=("bleu",), num_samples=10, seed=seed) for seed in (1, 2, 3)]
    ids = []
    for what in chosen:
        ids.append(evaluation_jobs.start(ready, what))
        assert queue.wait(ready, ids[-1], poll_s=0.1).state == "finished"
    assert ready.jobs.get(ids[0]) is None and not ready.scoring_folder(ids[0]).exists()
    for kept in ids[1:]:  # the one that had ended, and the one that was started then
        assert ready.jobs.get(kept) is not None and ready.scoring_folder(kept).exists()
    assert stored_result(ready, result_key(ready, chosen[0])) is not None


def test_a_killed_job_begins_again_and_stops_on_request(endless: Workspace) -> None:
    what = settings(**LONG, metrics=("ter",))
    job_id = evaluation_jobs.start(endless, what)
    records = JsonLinesTail(RunFolder(endless.scoring_folder(job_id)).metrics_file)
    wait_until(lambda: any(each["kind"] == "translated" for each in records.read()))
    kill_all(job_id)
    assert the_state(endless, job_id).state == "lost"
    assert evaluation_jobs.start(endless, what) == job_id
    wait_until(lambda: the_state(endless, job_id).progress.get("seconds_left") is not None)
    state = the_state(endless, job_id)
    assert state.state == "evaluating" and state.progress["seconds_left"] > 0
    # 3 ms a hypothesis, and 48 ms for the resamples.
    assert 0 < state.progress["step"] < state.progress["total_steps"] == 6000 * 3 + 48
    assert evaluation_jobs.start(endless, what) == job_id  # while it works: nothing
    evaluation_jobs.stop(endless, job_id)
    state = queue.wait(endless, job_id, poll_s=0.1)
    assert state.state == "stopped" and "metrics that were computed are kept" in state.reason
    log = RunFolder(endless.scoring_folder(job_id)).log_file.read_text()
    assert log.count("attempt of") == 2
    with pytest.raises(TrainingError, match="already ended"):
        evaluation_jobs.stop(endless, job_id)


def kill_all(job_id: str) -> None:
    """Kills supervisor and worker at once, as a crash of the machine would."""
    processes = [
        process
        for process in psutil.process_iter(["cmdline"])
        if job_id in " ".join(process.info["cmdline"] or [])
    ]
    assert len(processes) >= 2
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=10)


def test_an_evaluation_that_cannot_be_made_fails_with_its_own_sentence(ready: Workspace) -> None:
    job_id = evaluation_jobs.start(ready, settings(references=("reference", "C")))
    state = queue.wait(ready, job_id, poll_s=0.1)
    assert (state.state, state.reason) == ("failed", "The test set has no reference 'C'.")
    assert state.hint == "There are reference."


def test_a_job_of_a_set_that_is_gone_is_refused_before_anything_is_written(
    ready: Workspace,
) -> None:
    ready.translation_sets.delete("two")
    with pytest.raises(DataError, match="There is no translation set 'two'"):
        evaluation_jobs.start(ready, settings())
    assert not ready.scorings_folder.exists() or not list(ready.scorings_folder.iterdir())


def test_only_a_long_evaluation_needs_a_job(endless: Workspace) -> None:
    assert 0 < needed(endless, settings()) < INLINE_S
    assert needed(endless, settings(**LONG, metrics=("ter",))) > INLINE_S
    draws = settings(metrics=("bleu",), num_samples=1_000_000)
    assert needed(endless, draws) > needed(endless, draws.changed(num_samples=1000))


def test_systems_that_are_not_scored_need_no_time(ready: Workspace) -> None:
    add_set(ready, "half", [None, *texts(3)[1:]], references=texts(9))
    what = settings(systems=("one", "two", "half"))
    evaluate(ready, what)
    assert needed(ready, what) == 0
    evaluate(ready, settings(systems=("half", "one"), only_common=True))
    assert needed(ready, settings(systems=("half", "one"), only_common=True)) == 0
