"""What is made of Slurm's answers; the real one is asked in tests/core/finetune."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import HostError
from core.jobs import slurm
from core.jobs.folder import JobFolder
from core.jobs.slurm import SlurmJob

# As Slurm 22.05.8 answers.
RUNNING = (
    "JobId=4 JobName=adaptmllm-1-2 UserId=root(0) GroupId=root(0) MCS_label=N/A Priority=1 "
    "Nice=0 Account=(null) QOS=(null) JobState=RUNNING Reason=None Dependency=(null) Requeue=0 "
    "Restarts=0 BatchFlag=1 Reboot=0 ExitCode=0:0 RunTime=00:00:09 TimeLimit=00:20:00 "
    "Partition=main AllocNode:Sid=0.0.0.0:1 ReqNodeList=(null) ExcNodeList=(null) NodeList=n[1-2] "
    "BatchHost=n1 NumNodes=2 NumCPUs=2\n"
)
WAITING = (
    "JobId=5 JobName=x JobState=PENDING Reason=Resources Dependency=(null) ExitCode=0:0 "
    "ReqNodeList=(null) ExcNodeList=(null) NodeList= NumNodes=1\n"
)
KILLED = "JobId=6 JobName=x JobState=FAILED Reason=NonZeroExitCode ExitCode=0:9 NodeList=n1\n"


def programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Puts programs of these names first, as a cluster would whose answers we choose."""
    for name, script in scripts.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("answer", "state", "reason", "nodes", "exit_code", "line"),
    [
        (RUNNING, "RUNNING", "", "n[1-2]", 0, "Slurm job 4: RUNNING on n[1-2]"),
        (WAITING, "PENDING", "Resources", "", 0, "Slurm job 4: PENDING, Resources"),
        (KILLED, "FAILED", "NonZeroExitCode", "n1", 137, "Slurm job 4: FAILED on n1"),
    ],
)
def test_answer_is_read(
    answer: str,
    state: str,
    reason: str,
    nodes: str,
    exit_code: int,
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "answer").write_text(answer)
    programs(tmp_path, monkeypatch, scontrol=f"cat '{tmp_path}/answer'")
    job = slurm.asked_state(SlurmJob("n", "4"))
    assert (job.state, job.reason, job.nodes, job.exit_code) == (state, reason, nodes, exit_code)
    assert job.line == line and job.has_ended == (state == "FAILED")


FORGOTTEN = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1"


def test_forgotten_job_is_looked_up_in_the_accounting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(tmp_path, monkeypatch, scontrol=FORGOTTEN, sacct="echo 'CANCELLED by 0|0:15|n1'")
    job = slurm.asked_state(SlurmJob("n", "4"))
    assert (job.state, job.exit_code, job.nodes, job.has_ended) == ("CANCELLED", 143, "n1", True)
    programs(tmp_path, monkeypatch, sacct="echo 'accounting storage is disabled' >&2; exit 1")
    assert slurm.asked_state(SlurmJob("n", "4")).state == slurm.UNKNOWN


def test_controller_that_does_not_answer_says_nothing_about_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1"
    programs(tmp_path, monkeypatch, scontrol=silent)
    with pytest.raises(HostError, match="Slurm does not answer: .*Unable to contact"):
        slurm.asked_state(SlurmJob("n", "4"))


def test_job_whose_number_never_reached_us_is_cancelled_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f'echo "$@" >> "{tmp_path}/said"'
    programs(tmp_path, monkeypatch, squeue=f"{said}; echo 42", scancel=said)
    folder = JobFolder(tmp_path / "job")
    folder.path.mkdir()
    assert not slurm.cancel_left(folder)
    slurm.write_slurm_job(folder, SlurmJob("adaptmllm-1-2"))
    assert slurm.cancel_left(folder)
    assert (tmp_path / "said").read_text() == "--noheader --name=adaptmllm-1-2 --format=%A\n42\n"
    slurm.write_slurm_job(folder, SlurmJob("adaptmllm-1-2", "42", "COMPLETED"))
    assert not slurm.cancel_left(folder)


def test_variables_do_not_count_more_than_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(tmp_path, monkeypatch, sbatch=f'env > "{tmp_path}/env"; echo "42;cluster"')
    script = tmp_path / "job.sh"
    script.write_text("#!/bin/sh\n#SBATCH --partition=main\n#SBATCH --time=5\n")
    for name in ("SBATCH_PARTITION", "SBATCH_TIMELIMIT", "SBATCH_ACCOUNT", "SLURM_JOB_ID"):
        monkeypatch.setenv(name, "1")
    for name in ("SLURM_CONF", "ADAPTMLLM_DATABASE_URL", "ADAPTMLLM_SUPERVISOR"):
        monkeypatch.setenv(name, "x")
    assert slurm.submit(script) == "42"
    lines = (tmp_path / "env").read_text().splitlines()
    names = {line.partition("=")[0] for line in lines}
    assert {"SBATCH_ACCOUNT", "SLURM_CONF"} <= names
    assert not names & {
        "SBATCH_PARTITION", "SBATCH_TIMELIMIT", "SLURM_JOB_ID", "ADAPTMLLM_DATABASE_URL",
        "ADAPTMLLM_SUPERVISOR",
    }  # fmt: skip
