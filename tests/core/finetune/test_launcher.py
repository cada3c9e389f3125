"""Runs by the real launcher: whole, independent of how they are spread, resumed, queued."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from datetime import datetime

import psutil
import pytest

from core.emissions.records import read_energy
from core.emissions.stored import job_energy
from core.errors import ConfigError, HostError, ModelError, TrainingError
from core.finetune import command, runs
from core.finetune.settings import FineTuneSettings
from core.jobs import queue
from core.jobs.supervisor import HEARTBEAT_S
from core.storage.files import JsonLinesTail, read_json
from core.storage.run_records import Run
from core.storage.workspace import PROJECT

pytestmark = pytest.mark.launcher

# One step sees all 32 segments of the corpus, whatever the spread.
ONE_STEP = {"corpus": "one step", "batch_size": 32, "eval_every_steps": 2}
RELATIVE = 1e-4


@pytest.fixture(scope="module")
def baseline(shared_lab) -> Run:
    """One process, no accumulation, ZeRO-2, by the DeepSpeed launcher."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        run = shared_lab.finish(**ONE_STEP, num_beams=2)
    shared_lab.assert_nothing_left(run)
    return run


@pytest.fixture(scope="module")
def two_processes(shared_lab) -> Run:
    """Two processes that share the weights."""
    run = shared_lab.finish(
        **{**ONE_STEP, "batch_size": 16}, num_processes=2, zero_stage=3, precision="bf16"
    )
    shared_lab.assert_nothing_left(run)
    return run


@pytest.fixture(scope="module")
def plain(shared_lab) -> Run:
    """One process without DeepSpeed, on a machine that has nothing to compile with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        _take_compiler(shared_lab, patch)
        run = shared_lab.finish(**ONE_STEP, engine="plain")
    shared_lab.assert_nothing_left(run)
    return run


def _take_compiler(lab, patch) -> None:
    patch.setenv("ADAPTMLLM_EXTENSIONS", str(lab.workspace.root / "extensions"))
    patch.setenv("CXX", "no-such-compiler")
    patch.setenv("PATH", str(lab.workspace.root))


def test_finished_run_left_every_record(shared_lab, baseline):
    folder = shared_lab.folder(baseline)
    for name in ("environment.json", "ds_config.json", "job.json", "state.json", "host.jsonl"):
        assert (folder.path / name).stat().st_size, name
    result = read_json(folder.result_file)
    assert result["num_segments"] == 12
    for system in ("base", "fine_tuned"):
        scores = {score["name"]: score for score in result[system]}
        assert {"BLEU", "TER", "chrF++"} <= scores.keys()
        assert all(score["signature"] and score["num_segments"] == 12 for score in result[system])
    assert read_json(folder.environment_file)["versions"]["deepspeed"]
    assert read_json(folder.deepspeed_file)["zero_optimization"]["stage"] == 2
    stored = shared_lab.workspace.runs.get(baseline.id)
    assert stored.job.state == "finished" and stored.job.progress["step"] == 3
    assert stored.scores["fine_tuned"] == result["fine_tuned"]
    (plan,) = shared_lab.records(baseline, "plan")
    assert plan["total_steps"] == 3 and 0 < plan["padding_share"] < 1
    train = shared_lab.records(baseline, "train")
    assert [record["step"] for record in train] == [1, 2, 3]
    assert all(0 < record["padding_share"] < 1 and record["tokens_per_s"] > 0 for record in train)
    assert [record["step"] for record in shared_lab.records(baseline, "eval")] == [0, 2, 3]
    samples = JsonLinesTail(folder.samples_file).read()
    assert [(sample["step"], len(sample["rows"])) for sample in samples] == [(0, 2), (2, 2), (3, 2)]
    assert shared_lab.records(baseline, "resume") == []
    assert not list(folder.path.rglob("*.partial")) and not (folder.path / ".reserve").exists()


def test_energy_of_a_run_is_measured_once_by_phase_and_stored(shared_lab, baseline):
    folder = shared_lab.folder(baseline)
    measured = read_energy(folder.energy_file)
    assert measured.num_attempts == 1 == len(measured.conditions)
    assert {"prepare", "train", "evaluate", "save"} >= measured.phases.keys() >= {"train"}
    stored = job_energy(shared_lab.workspace, baseline.id)
    assert (stored.kind, stored.phases) == ("run", measured.phases)
    assert stored.total.energy.cpu_kwh > 0 and stored.methods["cpu"]
    duration = read_json(folder.state_file)
    began, over = (datetime.fromisoformat(duration[name]) for name in ("started_at", "ended_at"))
    assert stored.total.seconds == pytest.approx((over - began).total_seconds(), abs=3)


def test_two_processes_are_counted_once(shared_lab, two_processes):
    """By the load model: nominal power times what the processes used, which the kernel knows."""
    folder = shared_lab.folder(two_processes)
    assert len(read_energy(folder.energy_file).conditions) == 1
    measured = read_energy(folder.energy_file)
    conditions = measured.conditions[0]
    if conditions.methods["cpu"] != "load model":
        pytest.skip("this processor has an energy counter, which counts everybody's work")
    joule = 3.6e6 * measured.total.energy.cpu_kwh
    samples = JsonLinesTail(folder.host_file).read()
    used_s = sum(sample["cpu_percent"] for sample in samples) / 100 * HEARTBEAT_S
    share = conditions.cpu_power_w / psutil.cpu_count()
    # Samples miss some of it; a second meter in a rank would double it.
    assert 0.6 * used_s * share < joule < 1.6 * used_s * share + 5 * share


def test_settings_file_is_the_only_argument_of_the_trainer(shared_lab, baseline):
    folder = shared_lab.folder(baseline)
    arguments = shlex.split(folder.command_file.read_text())
    assert arguments[:3] == [sys.executable, "-m", "deepspeed.launcher.launch"]
    assert arguments[-3:] == ["--module", command.TRAINER, str(folder.settings_file)]
    assert FineTuneSettings.load(folder.settings_file).base_model == "starter"


def test_model_holds_one_copy_of_the_tied_embedding(shared_lab, baseline):
    from safetensors import safe_open

    file = shared_lab.folder(baseline).model_folder / "model.safetensors"
    with safe_open(file, "pt") as tensors:
        shapes = {name: tensors.get_slice(name).get_shape() for name in tensors.keys()}  # noqa: SIM118
    config = read_json(file.parent / "config.json")
    size = config["vocab_size"]
    assert [name for name, shape in shapes.items() if shape[0] == size] == ["model.shared.weight"]
    (plan,) = shared_lab.records(baseline, "plan")
    assert plan["num_parameters"] * 4 <= file.stat().st_size <= plan["num_parameters"] * 4 + 50_000


def test_reloaded_model_translates_as_the_result_says(shared_lab, baseline):
    """From the disk alone: the target language is in the model's own generation settings."""
    folder = shared_lab.folder(baseline)
    script = (
        "import json, sys\n"
        "from transformers import AutoModelForSeq2SeqLM, AutoTokenizer\n"
        "tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])\n"
        "model = AutoModelForSeq2SeqLM.from_pretrained(sys.argv[1]).eval()\n"
        "rows = [json.loads(line) for line in open(sys.argv[2], encoding='utf-8')]\n"
        "inputs = tokenizer([row['source'] for row in rows], return_tensors='pt', padding=True)\n"
        "ids = model.generate(**inputs, num_beams=2, max_length=None, max_new_tokens=32)\n"
        "texts = tokenizer.batch_decode(ids, skip_special_tokens=True)\n"
        "forced = model.generation_config.forced_bos_token_id\n"
        "print(json.dumps([texts, tokenizer.convert_ids_to_tokens(forced)]))\n"
    )
    arguments = [sys.executable, "-c", script, str(folder.model_folder), str(folder.outputs_file)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    texts, forced = json.loads(done.stdout.splitlines()[-1])
    assert forced == "gle_Latn"
    rows = JsonLinesTail(folder.outputs_file).read()
    assert [text.strip() for text in texts] == [row["fine_tuned"] for row in rows]
    assert any(row["fine_tuned"] != row["base"] for row in rows)


@pytest.mark.parametrize(
    "spread",
    [
        {"gradient_accumulation": 2, "batch_size": 16, "zero_stage": 1},
        {"num_processes": 2, "batch_size": 16},
        {"num_processes": 2, "batch_size": 8, "gradient_accumulation": 2, "engine": "plain"},
        # With those above: ZeRO 0, 1, 2 and 3, each in one process and in two.
        {"num_processes": 2, "batch_size": 16, "zero_stage": 0},
        {"num_processes": 2, "batch_size": 16, "zero_stage": 1, "gradient_checkpointing": True},
        {"zero_stage": 3, "gradient_checkpointing": True},
    ],
    ids=lambda spread: " ".join(f"{name}={value}" for name, value in spread.items()),
)
def test_steps_do_not_depend_on_accumulation_processes_or_engine(shared_lab, baseline, spread):
    run = shared_lab.finish(**{**ONE_STEP, **spread})
    shared_lab.assert_nothing_left(run)
    _assert_same_steps(shared_lab, baseline, run)
    _assert_reloads(shared_lab, baseline, run)


def test_steps_do_not_depend_on_the_engine_alone(shared_lab, baseline, plain):
    _assert_same_steps(shared_lab, baseline, plain)


def _assert_same_steps(shared_lab, baseline, run) -> None:
    """Not the first loss only: the later ones follow from gradients, clipping and optimizer."""
    expected = shared_lab.records(baseline, "train")
    found = shared_lab.records(run, "train")
    for name in ("loss", "grad_norm"):
        values = [record[name] for record in found]
        if name == "grad_norm" and values == [None] * len(expected):
            continue  # DeepSpeed does not tell it for ZeRO stage 0 in fp32
        assert values == pytest.approx([record[name] for record in expected], rel=RELATIVE), name


def _assert_reloads(shared_lab, baseline, run) -> None:
    """The saved model is a plain one and computes what the baseline's does."""
    import torch

    from core.finetune.models import load_model

    logits = []
    ids = torch.tensor([[5, 9, 7, 2], [8, 6, 11, 2]])
    for each in (baseline, run):
        model = load_model(str(shared_lab.folder(each).model_folder)).eval()
        with torch.no_grad():
            logits.append(model(input_ids=ids, decoder_input_ids=ids[:, :3]).logits)
    # Adam makes much of gradients that are nearly zero: a few weights go another way.
    assert (logits[0] - logits[1]).abs().max() < 0.05 * logits[0].abs().max()


def test_two_processes_train_split_weights_in_bf16(shared_lab, baseline, two_processes):
    run = two_processes
    losses = list(shared_lab.losses(run).values())
    # bf16 carries about three digits.
    assert losses == pytest.approx(list(shared_lab.losses(baseline).values()), rel=2e-2)
    folder = shared_lab.folder(run)
    assert (folder.path / "rank-1.log").exists()
    (plan,) = shared_lab.records(run, "plan")
    size = (folder.model_folder / "model.safetensors").stat().st_size
    assert plan["num_processes"] == 2 and size > 2 * 1_000_000


def test_stopped_and_resumed_run_equals_an_uninterrupted_one(lab, model_folder):
    """With dropout, so that the random states must have been taken up too."""
    changes = {"base_model": str(model_folder(dropout=0.1)), "max_steps": 80, "zero_stage": 0}
    whole = lab.finish(**changes, eval_every_steps=40)
    stopped = lab.launch(**changes, eval_every_steps=40)
    lab.until_step(stopped, 5)
    runs.stop(lab.workspace, stopped.id, "save")
    state = lab.wait(stopped)
    step = state.progress["step"]
    assert state.state == "stopped" and 5 <= step < 80, lab.report(stopped)
    assert state.reason == f"Stopped on request after step {step}; a checkpoint was saved."
    assert runs.resume_step(lab.workspace, lab.workspace.runs.get(stopped.id)) == step
    lab.assert_nothing_left(stopped)

    runs.resume(lab.workspace, stopped.id)
    state = lab.wait(stopped)
    assert state.state == "finished", lab.report(stopped)
    assert state.progress["step"] == state.progress["total_steps"] == 80
    assert [record["step"] for record in lab.records(stopped, "resume")] == [step]
    expected, found = lab.losses(whole), lab.losses(stopped)
    assert list(found) == list(expected) == list(range(1, 81))
    assert list(found.values()) == pytest.approx(list(expected.values()), rel=1e-5)
    scores = [read_json(lab.folder(run).result_file)["fine_tuned"] for run in (whole, stopped)]
    assert scores[0] == scores[1]
    lab.assert_nothing_left(stopped)


def test_a_step_that_a_stop_left_unevaluated_is_evaluated_first(lab):
    """Else its checkpoint could never be chosen."""
    run = lab.launch(engine="plain", max_steps=25, eval_every_steps=1, eval_segments=1)
    lab.until_step(run, 3)
    runs.stop(lab.workspace, run.id, "save")
    state = lab.wait(run)
    step = state.progress["step"]
    assert state.state == "stopped" and step < 25, lab.report(run)
    assert [record["step"] for record in lab.records(run, "eval")] == list(range(step))
    runs.resume(lab.workspace, run.id)
    assert lab.wait(run).state == "finished", lab.report(run)
    assert [record["step"] for record in lab.records(run, "eval")] == list(range(26))


def test_runs_need_nobody_who_waits_for_them(lab):
    """The program that launched two runs is interrupted and killed: both finish, one by one."""
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from core.finetune import runs\n"
        "from core.finetune.settings import FineTuneSettings\n"
        "from core.storage.workspace import Workspace\n"
        "workspace = Workspace(Path(sys.argv[1]))\n"
        "for text in sys.argv[2:]:\n"
        "    print(runs.launch(workspace, FineTuneSettings.model_validate_json(text)).id)\n"
        "print('launched', flush=True)\n"
        "time.sleep(600)\n"
    )
    wanted = [lab.settings(), lab.settings(engine="plain")]
    texts = [settings.model_dump_json() for settings in wanted]
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lab.workspace.root), *texts],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as launcher:
        assert launcher.stdout
        ids = [launcher.stdout.readline().strip() for _ in wanted]
        assert launcher.stdout.readline() == "launched\n"
        first, second = (lab.workspace.runs.get(run_id) for run_id in ids)
        assert second.job.state == "queued"
        lab.until(first, "training processes", lambda: lab.processes(first))
        os.killpg(launcher.pid, signal.SIGINT)
        os.killpg(launcher.pid, signal.SIGKILL)
    for run in (first, second):
        state = lab.folder(run)
        lab.until(run, "the end", lambda state=state: state.read_state().has_ended)
        assert state.read_state().state == "finished", lab.report(run)
    records = [lab.workspace.runs.get(run.id).job for run in (first, second)]
    assert [job.state for job in records] == ["finished", "finished"]
    assert str(records[1].started_at) >= str(records[0].ended_at)
    lab.assert_nothing_left(second, may_reap=True)


def test_stop_now_and_stop_while_queued(lab):
    first = lab.launch(max_steps=100_000)
    second = lab.launch(max_steps=100_000, engine="plain")
    third = lab.launch()
    runs.stop(lab.workspace, third.id, "save")
    assert lab.wait(third).reason == "Taken out of the queue before it started."
    shown = runs.run_state(lab.workspace, lab.workspace.runs.get(third.id))
    assert shown.state == "stopped" and shown.ended_at
    lab.until_step(first, 2)
    group = lab.process(first, rank=0)
    runs.stop(lab.workspace, first.id, "now")
    state = lab.wait(first)
    assert state.state == "stopped" and "without saving (on request)" in state.reason
    assert not group.is_running()
    lab.until(second, "a start", lambda: lab.records(second, "train"))
    lab.supervisor(second).terminate()
    state = lab.wait(second)
    assert state.state == "stopped", lab.report(second)
    assert "without saving (the supervisor was told to end)" in state.reason
    for run in (first, second, third):
        lab.assert_nothing_left(run, may_reap=True)
    with pytest.raises(TrainingError, match="already ended"):
        runs.stop(lab.workspace, first.id, "now")


def test_stop_before_the_supervisor_looks_is_kept(lab):
    run = lab.launch(max_steps=100_000)
    runs.stop(lab.workspace, run.id, "save")
    state = lab.wait(run)
    assert state.state == "stopped" and not lab.records(run, "phase"), lab.report(run)
    lab.assert_nothing_left(run)


def test_without_compiler_deepspeed_is_refused_and_the_plain_engine_works(
    lab, shared_lab, plain, monkeypatch
):
    _take_compiler(lab, monkeypatch)
    with pytest.raises(HostError, match="no C\\+\\+ compiler") as caught:
        lab.launch()
    assert "engine to 'plain'" in caught.value.hint
    assert lab.workspace.runs.newest() == []
    assert "torch.distributed.run" in shared_lab.folder(plain).command_file.read_text()
    assert shared_lab.folder(plain).result_file.exists()


def test_build_lock_of_a_killed_process_does_not_block(lab, monkeypatch):
    """PyTorch would wait for ever for whoever holds the lock file in the operator's folder."""
    compiled = command.extensions_folder()
    if not (compiled / "deepspeed_shm_comm/deepspeed_shm_comm.so").exists():
        pytest.skip("the operator was not compiled yet by another test")
    folder = lab.workspace.root / "extensions"
    shutil.copytree(compiled, folder / compiled.name)
    (folder / compiled.name / "deepspeed_shm_comm/lock").touch()
    monkeypatch.setenv("ADAPTMLLM_EXTENSIONS", str(folder))
    run = lab.finish()
    lab.assert_nothing_left(run)


@pytest.mark.parametrize(
    ("changes", "error", "sentence"),
    [
        ({"src_lang": "eng_Latn", "tgt_lang": "gla_Latn"}, ConfigError, "asks for eng_Latn-gla_L"),
        ({"tgt_lang": "gle_latn"}, ConfigError, "gle_latn"),
        ({"base_model": "/no/such/folder"}, ModelError, "no folder /no/such/folder"),
        ({"precision": "fp16"}, ConfigError, "fp16 needs a GPU"),
    ],
)
def test_refused_launch_writes_nothing(lab, monkeypatch, changes, error, sentence):
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    with pytest.raises(error, match=sentence):
        lab.launch(**changes)
    assert not list(lab.workspace.runs_folder.iterdir()) and lab.workspace.runs.newest() == []


def test_concurrent_advance_starts_one_supervisor_and_concurrent_resume_queues_once(
    lab, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(queue, "advance", lambda workspace, **_: None)
        run = lab.launch(max_steps=100_000, engine="plain")
    assert _at_once(lab, "queue.advance(workspace)") == ["done"] * 6
    lab.until(run, "a supervisor", lambda: lab.supervisors(run))
    seen = set()

    def trains() -> bool:
        seen.update(process.pid for process in lab.supervisors(run))
        return bool(lab.records(run, "train"))

    lab.until(run, "training", trains)
    assert len(seen) == 1, lab.report(run)
    # One that comes late, or that somebody starts by hand, leaves the job alone.
    supervisor = [sys.executable, "-m", "core.jobs.supervisor", str(lab.folder(run).path)]
    assert subprocess.run(supervisor, cwd=PROJECT, timeout=60, check=False).returncode == 0
    assert lab.folder(run).observed_state().is_active and lab.supervisor(run).pid in seen
    runs.stop(lab.workspace, run.id, "now")
    assert lab.wait(run).state == "stopped"
    lab.assert_nothing_left(run, may_reap=True)

    answers = _at_once(lab, f"queue.resume(workspace, {run.id!r})")
    assert sorted(answers) == ["done"] + ["refused"] * 5
    lab.until(run, "a supervisor", lambda: lab.supervisors(run))
    assert len(lab.supervisors(run)) == 1
    runs.stop(lab.workspace, run.id, "now")
    assert lab.wait(run).state == "stopped"
    lab.assert_nothing_left(run, may_reap=True)


def _at_once(lab, call: str) -> list[str]:
    """Makes the call in six processes at the same moment and gives their answers."""
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from core.errors import TrainingError\n"
        "from core.jobs import queue\n"
        "from core.storage.workspace import Workspace\n"
        "ready, is_ready = os.pipe()\n"
        "go, hold = os.pipe()\n"
        "children = []\n"
        "for _ in range(6):\n"
        "    children.append(os.fork())\n"
        "    if children[-1]:\n"
        "        continue\n"
        "    os.close(hold)\n"
        "    workspace = Workspace(Path(sys.argv[1]))\n"
        "    os.write(is_ready, b'.')\n"
        "    os.read(go, 1)  # its end comes to all at once\n"
        "    try:\n"
        f"        {call}\n"
        "    except TrainingError:\n"
        "        os.write(1, b'refused\\n')\n"
        "    else:\n"
        "        os.write(1, b'done\\n')\n"
        "    os._exit(0)\n"
        "for _ in children:\n"
        "    os.read(ready, 1)\n"
        "os.close(hold)\n"
        "assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6\n"
    )
    arguments = [sys.executable, "-c", script, str(lab.workspace.root)]
    done = subprocess.run(
        arguments, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_supervisor_that_cannot_be_started_is_a_failure_with_a_reason(lab, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(queue.sys, "executable", "/no/such/python")
        run = lab.launch()
    stored = lab.workspace.runs.get(run.id)
    assert stored.job.state == "failed"
    assert stored.job.reason == (
        "The supervising process could not be started: No such file or directory."
    )
    assert runs.run_state(lab.workspace, stored).state == "failed"
    assert not lab.supervisors(run)
