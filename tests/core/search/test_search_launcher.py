"""Studies whose trials are real runs: found, pruned, failed, killed, shared by two workers."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from core.corpora.sample import SAMPLE_NAME
from core.emissions.stored import all_energy
from core.emissions.totals import totals
from core.finetune.chosen import chosen_of
from core.finetune.settings import from_recipe
from core.jobs import queue
from core.search import studies
from core.search.plan import Plan
from core.search.settings import StudySettings
from core.search.space import parse_space
from core.search.trials import best_trial, read_trials
from core.search.worker import living_workers
from core.storage.workspace import PROJECT
from tests.core.finetune.conftest import LIMIT_S

pytestmark = pytest.mark.launcher


def started(lab, name, space, base, fixed=(), **study):
    settings = lab.settings(**{"engine": "plain", **base})
    plan = Plan(StudySettings.parse(study), parse_space(space), settings)
    return studies.start(lab.workspace, name, plan, fixed=fixed)


def until(what, condition, lab, study, limit_s=LIMIT_S):
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what}: {report(lab, study)}"
        queue.advance(lab.workspace)
        time.sleep(0.1)
    return value


def until_ended(lab, study):
    """Waits as a page does, until nobody works on the study, and gives its state."""

    def has_ended():
        now = lab.workspace.studies.get(study.id)
        return None if studies.is_at_work(lab.workspace, now) else now

    ended = until("end", has_ended, lab, study)
    return studies.study_state(lab.workspace, ended)


def report(lab, study):
    folder = lab.workspace.study_folder(study.id)
    logs = [folder / name for name in ("state.json", "log.txt", "supervisor.log")]
    texts = [path.read_text()[-2000:] for path in logs if path.exists()]
    trials = read_trials(lab.workspace, lab.workspace.studies.get(study.id))
    return "\n".join([*texts, *map(str, trials)])


def trials_of(lab, study):
    return read_trials(lab.workspace, lab.workspace.studies.get(study.id))


def run_of(lab, study, number):
    """Gives the run of a trial once it is launched."""

    def launched():
        found = [trial for trial in trials_of(lab, study) if trial.number == number]
        ids = [trial.run_id for trial in found if trial.run_id]
        with contextlib.suppress(Exception):
            return lab.workspace.runs.get(ids[0]) if ids else None
        return None

    return until(f"run of trial {number}", launched, lab, study)


def test_study_of_six_trials_by_the_command_line(lab, tmp_path):
    """On the sample corpus: finds a learning rate, says what mattered, and what it took."""
    corpus = lab.workspace.corpora.get(SAMPLE_NAME).id
    quick = {
        "engine": "plain", "max_steps": 60, "eval_every_steps": 30, "eval_segments": 24,
        "num_samples": 0, "corpus": corpus,
    }  # fmt: skip
    from_recipe("Try it in a minute", **quick).save(tmp_path / "settings.json")
    space = {
        "learning_rate": {"low": 1e-6, "high": 8e-3, "log": True},
        "weight_decay": [0.0, 0.1],
    }
    (tmp_path / "space.json").write_text(json.dumps(space))
    command = [sys.executable, "-m", "core", "search", "start", "--study", "Six", "--json"]
    command += ["--settings", str(tmp_path / "settings.json"), "--trials", "6", "--seed", "2"]
    command += ["--space", str(tmp_path / "space.json"), "--startup-trials", "3"]
    command += ["--workspace", str(lab.workspace.root)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    study = lab.workspace.studies.get("Six")
    assert answer["state"] == "finished" and len(answer["trials"]) == 6
    assert "trial 0 running" in done.stderr and "trial 5" in done.stderr

    trials = trials_of(lab, study)
    best = best_trial(trials, Plan.of(study))
    values = [trial.value for trial in trials if trial.value is not None]
    assert answer["best"]["number"] == best.number and best.value >= min(values) + 5.0
    assert best.params["learning_rate"] > 2e-4, trials  # the rest is too slow for 60 steps
    shares = answer["importances"]
    assert set(shares) == set(space) and sum(shares.values()) == pytest.approx(1)
    assert shares["learning_rate"] > shares["weight_decay"]

    # What a trial is judged by is the model that it leaves, which need not be the last one. One
    # after the first three may be pruned, if the worker sees its evaluation before its end.
    finished = [trial for trial in trials if trial.state == "finished"]
    assert {0, 1, 2} <= {trial.number for trial in finished}
    for trial in finished:
        run = lab.workspace.runs.get(trial.run_id)
        steps = [record["step"] for record in lab.records(run, "eval") if record["step"]]
        kept = chosen_of(lab.folder(run).path)["step"]
        assert trial.value == trial.evaluations[steps.index(kept) + 1]

    # Each trial is an ordinary run, and the study took what its runs took.
    found = [lab.workspace.runs.get(trial.run_id) for trial in trials]
    assert all(run.job.study == study.id and run.job.lane == "compute" for run in found)
    measured = {each.job_id: each.total.energy.total_kwh for each in all_energy(lab.workspace)}
    assert set(measured) == {run.id for run in found}  # its worker's tree holds all of them
    summed = sum(measured[run.id] for run in found)
    assert answer["energy"]["kwh"] == pytest.approx(summed) and summed > 0
    groups = totals(all_energy(lab.workspace), "search", names=lab.workspace.studies.names())
    by_name = {each.label: each.energy.total_kwh for each in groups}
    assert by_name["Six"] == pytest.approx(summed)
    # The base model was translated once: later trials took its scores over.
    notes = [[record["note"] for record in lab.records(run, "phase")] for run in found]
    assert ["test split with the base model" in each for each in notes] == [True] + [False] * 5


def test_pruned_failed_paused_and_resumed_trials(lab):
    space = {
        "learning_rate": [2e-3, 1e-6],
        "batch_size": [8, 300],
        "max_steps": [200, 100_000],
    }
    good = {"learning_rate": 2e-3, "batch_size": 8, "max_steps": 200}
    fixed = [
        good,
        {**good, "learning_rate": 1e-6, "max_steps": 100_000},
        {**good, "batch_size": 300},
        {**good, "max_steps": 100_000},
    ]
    base = {"memory_limit_gb": 0.7, "eval_every_steps": 100, "schedule": "constant"}
    study = started(
        lab, "Mixed", space, base, fixed, objective="loss", pruner_startup_trials=1, num_trials=4
    )
    last = run_of(lab, study, 3)
    lab.until_step(last, 120)  # beyond the first evaluation, and its checkpoint
    studies.pause(lab.workspace, study.id)
    state = until_ended(lab, study)
    assert state.state == "paused" and state.reason.startswith("Paused on request after 3 of 4")
    done, pruned, failed, interrupted = trials_of(lab, study)
    assert (done.state, pruned.state, failed.state) == ("finished", "pruned", "failed"), report(
        lab, study
    )
    assert failed.reason.startswith("The run ran out of host memory while training")
    assert interrupted.state == "running"  # it goes on, later
    paused = lab.workspace.runs.get(last.id).job
    assert paused.state == "stopped" and paused.progress["step"] >= 120
    lab.assert_nothing_left(last)
    assert_pruned_at_once(lab, lab.workspace.runs.get(pruned.run_id), pruned)

    studies.resume(lab.workspace, study.id)
    lab.until(last, "resumed", lambda: lab.records(last, "resume"))
    assert lab.records(last, "resume")[0]["step"] == paused.progress["step"]
    lab.until_step(last, paused.progress["step"] + 1)
    studies.stop(lab.workspace, study.id)
    state = until_ended(lab, study)
    assert (state.state, state.reason) == ("stopped", "Stopped on request after 4 of 4 trials.")
    ended = trials_of(lab, study)[3]
    assert ended.run_id == last.id and ended.state == "pruned" and "stopped" in ended.reason
    assert not list((lab.folder(last).path / "checkpoints").glob("*"))  # they are not kept
    lab.assert_nothing_left(last)


def assert_pruned_at_once(lab, run, trial):
    """The run ended within one further evaluation, with all its processes, and says why."""
    steps = [record["step"] for record in lab.records(run, "eval")]
    assert steps[:2] == [0, 100] and len(steps) <= 3, steps
    assert run.job.state == "stopped" and "the study pruned it" in run.job.reason
    assert "worse than half of the trials" in trial.reason
    assert min(trial.evaluations) == 1
    lab.assert_nothing_left(run)


def test_killed_worker_and_trainer_lose_no_trial_and_two_workers_share(lab):
    """Both the study's own worker and one of the command line take trials."""
    rates = [1e-3, 2e-3, 3e-3, 4e-3]
    study = started(
        lab, "Shared", {"learning_rate": rates}, {"max_steps": 60, "eval_every_steps": 30},
        sampler="grid", pruner="none", num_trials=4,
    )  # fmt: skip
    first = run_of(lab, study, 0)
    lab.until_step(first, 1)
    kill_workers(lab, study)
    until("lost", lambda: job_state(lab, study) == "lost", lab, study)
    assert lab.wait(first).state == "finished"  # it needs nobody who waits for it
    assert trials_of(lab, study)[0].state == "running"

    studies.resume(lab.workspace, study.id)
    second = run_of(lab, study, 1)
    lab.until_step(second, 1)
    lab.process(second, "core.finetune.trainer", rank=0).send_signal(signal.SIGKILL)
    command = [sys.executable, "-m", "core", "search", "worker", "--study", "Shared"]
    command += ["--lane", "second", "--workspace", str(lab.workspace.root), "--json"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as other:
        state = until_ended(lab, study)
        said, errors = other.communicate(timeout=LIMIT_S)
    assert other.returncode == 0 and json.loads(said)["end"] == "finished", errors
    assert state.state == "finished", report(lab, study)

    trials = trials_of(lab, study)
    assert sorted(trial.params["learning_rate"] for trial in trials) == rates
    assert trials[0].state == "finished" and trials[0].run_id == first.id
    assert len(lab.records(first, "plan")) == 1  # it was trained once
    assert trials[1].state == "failed"
    assert trials[1].reason.startswith("A training process was killed from outside while training")
    assert [trial.state for trial in trials[2:]] == ["finished"] * 2, report(lab, study)
    lanes = {lab.workspace.runs.get(trial.run_id).job.lane for trial in trials[2:]}
    assert lanes == {"compute", queue.own_lane("second")}, report(lab, study)
    assert len({trial.run_id for trial in trials}) == 4
    for trial in trials:
        lab.assert_nothing_left(lab.workspace.runs.get(trial.run_id), may_reap=True)


def kill_workers(lab, study):
    """Kills supervisor and worker of a study as the kernel would: without a word."""
    (worker,) = living_workers(lab.workspace, study.id).values()
    command = ["core.jobs.supervisor", str(lab.workspace.study_folder(study.id))]
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [])[-2:] == command:
            process.kill()
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.process["pid"], signal.SIGKILL)


def job_state(lab, study):
    queue.reconcile(lab.workspace)
    return lab.workspace.studies.get(study.id).job.state


def test_study_whose_trials_all_fail_stops_and_says_why(lab, model_folder):
    from safetensors import torch as tensors

    folder = model_folder()
    weights = tensors.load_file(folder / "model.safetensors")
    weights["model.decoder.layers.0.fc1.bias"][0] = float("nan")
    tensors.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    study = started(
        lab, "Broken", {"learning_rate": [1e-3, 2e-3, 3e-3]}, {"base_model": str(folder)},
        max_failures_in_a_row=2, pruner="none", num_trials=3,
    )  # fmt: skip
    state = until_ended(lab, study)
    assert state.state == "failed"
    assert state.reason.startswith("2 trials failed one after the other, so the study goes no f")
    assert "The loss became nan at step 1" in state.reason
    assert [trial.state for trial in trials_of(lab, study)] == ["failed", "failed"]
    assert all("nan" in trial.reason for trial in trials_of(lab, study))
