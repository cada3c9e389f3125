"""Runs that are killed, starved or fed with broken models: right state, one sentence, no trace."""

import os
import re
import shutil
import signal
import subprocess
import time
from datetime import UTC, datetime

import psutil
import pytest

from core.emissions.energy_log import INTERVAL_S, read_energy
from core.emissions.stored import job_energy
from core.finetune import runs
from core.finetune.advice import advise
from core.finetune.checkpoints import COMPLETE, complete_checkpoints
from core.jobs import queue
from core.storage.files import JsonLinesTail, read_json

pytestmark = pytest.mark.launcher

ENDLESS = {"max_steps": 1_000_000, "num_epochs": 1000, "eval_every_steps": 1_000_000}
LAUNCHER = "-m deepspeed.launcher.launch"
KILLED = "A training process was killed from outside while training after step "


@pytest.mark.parametrize(
    ("changes", "signs", "rank", "sentence"),
    [
        ({"num_processes": 2, "batch_size": 4}, (), 1, KILLED),
        ({}, (LAUNCHER,), None, "The launcher was ended by SIGKILL while training after"),
        ({"engine": "plain"}, (), 0, KILLED),
    ],
    ids=["one rank of two", "launcher", "plain rank"],
)
def test_killed_process_fails_the_run(lab, changes, signs, rank, sentence):
    run = lab.launch(**ENDLESS, **changes)
    step = lab.until_step(run, 3)
    lab.process(run, *signs, rank=rank).kill()
    state = lab.wait(run)
    assert state.state == "failed", lab.report(run)
    assert state.reason.startswith(sentence) and "\n" not in state.reason, lab.report(run)
    assert state.progress["step"] >= step and f"step {state.progress['step']}" in state.reason
    assert state.hint and state.cause in ("killed", "launcher_ended")
    assert lab.workspace.runs.get(run.id).job.reason == state.reason
    assert job_energy(lab.workspace, run.id).phases["train"].energy.cpu_kwh > 0
    lab.assert_nothing_left(run)


def test_killed_supervisor_takes_all_along_and_the_run_resumes(lab):
    # Rounds long enough to be seen by a supervisor that looks four times a second.
    run = lab.launch(max_steps=350, eval_every_steps=250)
    waiting = lab.launch(engine="plain")
    lab.until_step(run, 300)
    lab.supervisor(run).kill()
    lab.assert_nothing_left(run, may_reap=True)  # before anybody looked
    assert lab.folder(run).read_state().is_active
    lost = read_energy(lab.folder(run).energy_file)
    last = datetime.fromisoformat(lost.ended_at)
    assert (datetime.now(UTC) - last).total_seconds() < INTERVAL_S + 5 and lost.phases["train"]

    queue.reconcile(lab.workspace)
    assert job_energy(lab.workspace, run.id).phases == lost.phases
    stored = lab.workspace.runs.get(run.id)
    assert stored.job.state == "lost" == lab.folder(run).read_state().state
    assert stored.job.reason.startswith("The supervising process was killed while ")
    assert f"at step {stored.job.progress['step']}" in stored.job.reason
    assert not list(lab.folder(run).path.rglob("*.partial"))
    assert runs.resume_step(lab.workspace, stored) >= 250

    runs.resume(lab.workspace, run.id)  # the other run comes first
    assert lab.workspace.runs.get(run.id).job.state == "queued"
    assert lab.wait(waiting).state == "finished", lab.report(waiting)
    lab.until(run, "a start", lambda: lab.records(run, "resume"))
    state = lab.wait(run)
    assert state.state == "finished" and state.progress["step"] == 350, lab.report(run)
    assert [record["step"] >= 250 for record in lab.records(run, "resume")] == [True]
    both = job_energy(lab.workspace, run.id)
    assert len(both.conditions) == 2  # what was used before the kill counts
    assert both.total.energy.cpu_kwh > lost.total.energy.cpu_kwh
    assert both.total.seconds > lost.total.seconds
    lab.assert_nothing_left(run, may_reap=True)


def test_first_traceback_of_two_processes_is_shown(lab, monkeypatch):
    """Only the first process writes files, and cannot; the second one just loses its peer."""
    with monkeypatch.context() as patch:
        patch.setattr(queue, "advance", lambda workspace, **_: None)
        run = lab.launch(num_processes=2, batch_size=4)
    lab.folder(run).environment_file.mkdir()
    queue.advance(lab.workspace)
    state = lab.wait(run)
    assert state.state == "failed", lab.report(run)
    assert state.reason.startswith("The trainer failed while "), lab.report(run)
    assert "IsADirectoryError" in state.reason and "environment.json" in state.reason
    assert "IsADirectoryError" in state.detail and "peer" not in state.detail
    # The peer's end comes as one of two: what it was reading decides. Or the launcher was faster
    # and has ended it before it could say anything.
    peer = (lab.folder(run).path / "rank-1.log").read_text()
    assert re.search("Connection (closed|reset) by peer", peer) or "Traceback" not in peer
    lab.assert_nothing_left(run)


def test_broken_base_model_is_named(lab, model_folder):
    folder = model_folder()
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    run, state = lab.run(base_model=str(folder))
    assert state.state == "failed", lab.report(run)
    assert state.reason.startswith(f"The model in {folder} cannot be read: "), state.reason
    assert state.reason.count("\n") == 0 and "model.safetensors" in state.hint
    assert "SafetensorError" in state.detail and state.cause == "broken_model"
    lab.assert_nothing_left(run)


def test_loss_that_is_not_a_number_names_step_and_learning_rate(lab, model_folder):
    import torch
    from safetensors.torch import load_file, save_file

    folder = model_folder()
    tensors = load_file(folder / "model.safetensors")
    tensors["model.decoder.layers.0.fc1.bias"][0] = torch.nan
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    run, state = lab.run(base_model=str(folder), learning_rate=0.004)
    assert state.state == "failed", lab.report(run)
    assert state.reason == ("The loss became nan at step 1 (learning rate 4.00e-03, fp32)."), (
        lab.report(run)
    )
    assert "Lower the learning rate" in state.hint
    assert state.cause == "nan_at_start"  # no step was made yet
    lab.assert_nothing_left(run)


def test_out_of_memory_is_named(lab):
    run, state = lab.run(batch_size=300, memory_limit_gb=0.7)
    assert state.state == "failed", lab.report(run)
    assert state.reason.startswith("The run ran out of host memory while training"), lab.report(run)
    assert "batch_size" in state.hint and state.detail
    assert state.cause == "memory_limit"
    first, second, *_ = advise(lab.workspace, run, state).remedies
    assert first.diff == "memory_limit_gb 0.7 → 1.4"
    assert second.diff == "batch_size 300 → 150, gradient_accumulation 1 → 2"
    lab.assert_nothing_left(run)


def test_a_model_that_is_not_there_is_named(lab):
    """A hub id on a machine without a hub."""
    run, state = lab.run(engine="plain", base_model="facebook/nllb-200-distiled-600M")
    assert (state.state, state.cause) == ("failed", "network"), lab.report(run)
    assert re.search("hub (cannot be reached|is switched off)", state.reason), lab.report(run)
    lab.assert_nothing_left(run)


def test_unreadable_settings_end_the_run_with_a_reason(lab, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(queue, "advance", lambda workspace, **_: None)
        run = lab.launch()
    lab.folder(run).settings_file.write_text('{"version": 1')
    queue.advance(lab.workspace)
    state = lab.wait(run)
    assert state.state == "failed", lab.report(run)
    assert "settings.json is not a JSON file" in state.reason
    lab.assert_nothing_left(run)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of some hundred megabytes; its free bytes can be taken and given back."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={SMALL_DISK_BYTES}"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=False)
    if done.returncode:
        pytest.skip("this machine does not let root mount a tmpfs")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


SMALL_DISK_BYTES = 300_000_000


def test_full_disk_is_named_and_nothing_is_lost(small_disk, lab_at, monkeypatch):
    monkeypatch.setattr(runs, "MIN_FREE_BYTES", 0)
    lab = lab_at(small_disk)
    run = lab.launch(max_steps=80, eval_every_steps=10, best_metric="last")
    folder = lab.folder(run)
    lab.until(run, "a checkpoint", lambda: lab.records(run, "checkpoint"))
    ballast = small_disk / "ballast"
    _fill(ballast)
    # From the folder alone: the database cannot be written now.
    lab.until(run, "the end", lambda: folder.read_state().has_ended)
    state = folder.read_state()
    assert state.state == "failed", lab.report(run)
    assert state.reason.startswith("The disk is full while "), lab.report(run)
    assert "Free some space" in state.hint and state.cause == "disk"
    assert read_json(folder.state_file)["reason"] == state.reason
    assert not list(folder.path.rglob("*.partial"))
    tail = JsonLinesTail(folder.metrics_file)
    steps = [record["step"] for record in tail.read() if record["kind"] == "train"]
    assert steps == list(range(1, len(steps) + 1))
    ((step, _),) = complete_checkpoints(folder.path)
    assert step % 10 == 0 and step <= len(steps)

    ballast.unlink()
    assert lab.wait(run) == state
    assert lab.workspace.runs.get(run.id).job.reason == state.reason
    runs.resume(lab.workspace, run.id)
    state = lab.wait(run)
    assert state.state == "finished" and state.progress["step"] == 80, lab.report(run)
    assert [record["step"] for record in lab.records(run, "resume")] == [step]
    lab.assert_nothing_left(run)


def _fill(ballast) -> None:
    """Takes every byte that is free, in large pieces and then in small ones."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


def test_half_written_checkpoint_is_never_chosen(lab):
    run = lab.launch(max_steps=200, eval_every_steps=5, engine="plain")
    rank = lab.until(run, "a rank", lambda: _rank(lab, run))
    lab.until(run, "a checkpoint", lambda: lab.records(run, "checkpoint"))
    partials = lab.folder(run).path / "checkpoints"
    half = _held_while_it_writes(lab, run, rank)
    before = complete_checkpoints(lab.folder(run).path)
    rank.send_signal(signal.SIGKILL)
    assert lab.wait(run).state == "failed", lab.report(run)
    assert not list(partials.glob("*.partial"))
    assert complete_checkpoints(lab.folder(run).path) == before
    assert int(half.stem.removeprefix("step-")) > before[-1][0]
    # One more that nobody cleaned away, as after a power cut.
    shutil.copytree(before[-1][1], partials / "step-000000199.partial")
    assert complete_checkpoints(lab.folder(run).path) == before
    runs.resume(lab.workspace, run.id)
    assert lab.wait(run).state == "finished", lab.report(run)
    assert [record["step"] for record in lab.records(run, "resume")] == [before[-1][0]]
    lab.assert_nothing_left(run)


def _held_while_it_writes(lab, run, rank):
    """Stops the process in the middle of a checkpoint, some bytes written, and gives its folder."""
    partials = lab.folder(run).path / "checkpoints"

    def caught():
        if not list(partials.glob("*.partial")):
            return None
        rank.suspend()
        lab.until(run, "a halt", lambda: rank.status() == psutil.STATUS_STOPPED)
        last = complete_checkpoints(lab.folder(run).path)[-1][0]
        for half in partials.glob("*.partial"):
            size = sum(file.stat().st_size for file in half.rglob("*") if file.is_file())
            # Not an old one that is being deleted.
            is_new = int(half.stem.removeprefix("step-")) > last
            if is_new and size and not (half / COMPLETE).exists():
                return half
        rank.resume()
        return None

    deadline = time.monotonic() + 120
    while not (half := caught()):
        assert time.monotonic() < deadline and not lab.folder(run).read_state().has_ended
        time.sleep(0.002)
    return half


def _rank(lab, run):
    try:
        return lab.process(run, rank=0)
    except AssertionError:
        time.sleep(0.1)
        return None
