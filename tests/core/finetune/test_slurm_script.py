from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from core.errors import ConfigError, HostError
from core.finetune.launching import check_launcher
from core.finetune.run_folder import RunFolder
from core.finetune.settings import FineTuneSettings
from core.finetune.slurm_ends import slurm_failure
from core.finetune.slurm_script import batch_script, save_before_s
from core.jobs.elsewhere import begin_attempt
from core.jobs.failures import record_failure
from core.jobs.folder import JobState
from core.jobs.slurm import SlurmJob, write_slurm_job
from core.storage.files import write_json

SETTINGS_FILE = Path("/runs/a b; rm -rf $HOME/settings.json")


def parsed(**values: object) -> FineTuneSettings:
    return FineTuneSettings.parse({"launcher": "slurm", **values})


def options(script: str) -> dict[str, str]:
    return dict(re.findall(r"^#SBATCH --([a-z-]+)=?(.*)$", script, re.MULTILINE))


def test_script_asks_for_what_the_settings_say() -> None:
    settings = parsed(
        num_nodes=3,
        num_processes=2,
        threads_per_process=4,
        slurm_partition="gpu",
        slurm_account="mt",
        slurm_time_limit_minutes=90,
        slurm_gpus_per_node=2,
        slurm_memory_gb=64.0,
        slurm_options="--qos=long   --exclusive",
    )
    asked = options(batch_script(settings, SETTINGS_FILE, "token"))
    assert asked.items() >= {
        ("nodes", "3"), ("ntasks-per-node", "1"), ("cpus-per-task", "8"), ("partition", "gpu"),
        ("account", "mt"), ("time", "90"), ("gpus-per-node", "2"), ("mem", "61035M"),
        ("qos", "long"), ("exclusive", ""), ("no-requeue", ""), ("signal", "USR1@270"),
        ("chdir", f'"{SETTINGS_FILE.parent}"'),
    }  # fmt: skip


def test_defaults_leave_everything_to_slurm_and_short_limits_have_no_signal() -> None:
    asked = options(batch_script(parsed(), SETTINGS_FILE, "token"))
    assert not {"partition", "account", "time", "gpus-per-node", "mem"} & asked.keys()
    assert asked["signal"] == "USR1@120"
    short = options(batch_script(parsed(slurm_time_limit_minutes=5), SETTINGS_FILE, "token"))
    assert "signal" not in short


@pytest.mark.parametrize(
    ("limit_min", "before_s"), [(0, 120), (6, 120), (60, 180), (240, 720), (300, 900), (9999, 900)]
)
def test_who_asks_for_long_has_longer_to_save(limit_min: int, before_s: int) -> None:
    assert save_before_s(limit_min) == before_s


def test_shell_reads_the_path_as_one_word(tmp_path: Path) -> None:
    """The script itself is run; srun and scontrol only write down what they are asked."""
    for name, line in (("srun", "printf '%s\\n' \"$@\""), ("scontrol", "echo n1; echo n2")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)
    script = batch_script(parsed(num_nodes=2), SETTINGS_FILE, "token")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SLURM_JOB_ID": "13000"}
    done = subprocess.run(
        ["sh"], input=script, env=environment, capture_output=True, text=True, check=True
    )
    words = done.stdout.splitlines()
    assert words[words.index("core.finetune.node") + 1 :] == [
        str(SETTINGS_FILE), "--attempt", "token", "--address", "n1", "--port", "21000",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"slurm_options": "--qos=$(reboot)"}, "is not of the form --name"),
        ({"slurm_options": "qos=long"}, "is not of the form --name"),
        ({"slurm_options": "-p main"}, "is not of the form --name"),
        ({"slurm_options": "--comment='a b'"}, "is not of the form --name"),
        ({"slurm_options": "--nodes=4"}, "--nodes is set by the run itself"),
        ({"slurm_options": "--array=1-9"}, "--array does not fit a run"),
        ({"slurm_options": "--wrap=id"}, "--wrap does not fit a run"),
        ({"slurm_partition": "a b"}, "no name that Slurm knows"),
        ({"slurm_account": "--uid=0"}, "no name that Slurm knows"),
        ({"slurm_gpus_per_node": 1, "num_processes": 2}, "must be at least num_processes 2"),
        ({"energy_budget_kwh": 1.0}, "energy_budget_kwh needs launcher 'this machine'"),
        ({"launcher": "this machine", "num_nodes": 2}, "num_nodes 2 needs launcher"),
    ],
)
def test_settings_that_would_not_reach_slurm_as_meant_are_refused(
    values: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        parsed(**values)


def test_machine_without_slurm_or_ssh_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match="Slurm's sbatch, scontrol, squeue, scancel cannot be"):
        check_launcher(parsed())
    (tmp_path / "hosts").write_text("a slots=1\n")
    named = {"launcher": "hostfile", "hostfile": str(tmp_path / "hosts")}
    with pytest.raises(HostError, match="ssh cannot be found"):
        check_launcher(FineTuneSettings.parse(named))
    check_launcher(FineTuneSettings())


def ended(tmp_path: Path, *, has_begun: bool = True, **values: object) -> RunFolder:
    folder = RunFolder(tmp_path / "ws" / "runs" / "run")
    folder.path.mkdir(parents=True)
    begin_attempt(folder, "token")
    write_slurm_job(folder, SlurmJob(**{"name": "n", "job_id": "7", "nodes": "n1", **values}))
    if has_begun:
        write_json(folder.path / "node-0.json", {"attempt": "token"})
    return folder


TRAINING = JobState(state="training", progress={"step": 5})


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("TIMEOUT", "was ended by Slurm at its time limit while training after step 5."),
        ("OUT_OF_MEMORY", "because it took more host memory than it had asked for while"),
        ("NODE_FAIL", "because a node failed while"),
        ("PREEMPTED", "to make room for another job (PREEMPTED) while"),
        ("CANCELLED", "was cancelled in Slurm, not from here while"),
        ("UNKNOWN", "ended, and Slurm no longer knows how while"),
    ],
)
def test_end_that_only_slurm_knows_is_one_sentence(tmp_path: Path, state: str, said: str) -> None:
    failure = slurm_failure(ended(tmp_path, state=state), TRAINING, "token")
    assert failure is not None and failure.hint.endswith(
        "Resume continues from the last checkpoint."
    )
    assert failure.reason.startswith("Slurm's job 7 on n1 ") and said in failure.reason


def test_trainers_own_cause_goes_before_the_cancelling_of_the_rest(tmp_path: Path) -> None:
    folder = ended(tmp_path, state="CANCELLED")
    record_failure(folder, 0, ConfigError("precision fp16 needs a GPU."))
    assert slurm_failure(folder, TRAINING, "token") is None
    write_slurm_job(folder, SlurmJob("n", "7", "FAILED", exit_code=1))
    assert slurm_failure(folder, TRAINING, "token") is None


def test_node_that_does_not_see_the_workspace_is_told_apart(tmp_path: Path) -> None:
    folder = ended(tmp_path, has_begun=False, state="FAILED", exit_code=2)
    failure = slurm_failure(folder, JobState(state="preparing"), "token")
    assert failure is not None
    assert failure.reason == (
        "Slurm's job 7 ended on n1 with exit code 2 before this program began there."
    )
    assert str(tmp_path / "ws") in failure.hint


def test_run_without_slurm_is_none_of_its_business(tmp_path: Path) -> None:
    assert slurm_failure(RunFolder(tmp_path), TRAINING, "") is None
    folder = ended(tmp_path, job_id="", state="REVOKED")
    assert slurm_failure(folder, TRAINING, "token") is None
