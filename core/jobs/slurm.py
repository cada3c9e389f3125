"""Slurm through its own commands: submit, ask, cancel; and what a job's folder keeps of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import HostError
from core.jobs.folder import JobFolder
from core.jobs.processes import JOB_VARIABLE, SUPERVISOR_VARIABLE
from core.storage.files import read_json, write_json
from core.storage.workspace import DATABASE_VARIABLE

COMMANDS = ("sbatch", "scontrol", "squeue", "scancel")
ANSWER_LIMIT_S = 60.0
UNKNOWN = "UNKNOWN"  # ours: Slurm has forgotten the job and keeps no accounting

ENDED = frozenset(
    (
        "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "PREEMPTED",
        "BOOT_FAIL", "DEADLINE", "REVOKED", UNKNOWN,
    )
)  # fmt: skip

_FORGOTTEN = "Invalid job id"
_ERROR = re.compile(r"^\w+: (?:fatal: |error: )*(?:Batch job submission failed: )?", re.MULTILINE)


@dataclass(frozen=True)
class SlurmJob:
    """What `slurm.json` in a job's folder says.

    Attributes:
        name: The name under which it was submitted; no other job ever has it.
        job_id: Slurm's number; empty until sbatch has answered.
        state: Slurm's word, such as PENDING; SUBMITTING before there is one.
        reason: Why it waits, or more on how it ended; Slurm's word.
        nodes: Where it runs, as Slurm writes it.
        exit_code: Of the batch script; 128 + n after signal n.
    """

    name: str
    job_id: str = ""
    state: str = "SUBMITTING"
    reason: str = ""
    nodes: str = ""
    exit_code: int = 0

    @property
    def has_ended(self) -> bool:
        """Whether no process of it is left."""
        return self.state in ENDED

    @property
    def line(self) -> str:
        """State in one line for people."""
        if not self.job_id:
            return "Being handed over to Slurm."
        why = f", {self.reason}" if self.reason and not self.nodes else ""
        where = f" on {self.nodes}" if self.nodes else ""
        return f"Slurm job {self.job_id}: {self.state}{why}{where}"


def missing_commands() -> list[str]:
    """Gives which of Slurm's commands this host lacks; none where Slurm is installed."""
    return [name for name in COMMANDS if not shutil.which(name)]


def slurm_file(folder: JobFolder) -> Path:
    """Gives the file that keeps a job's number in Slurm."""
    return folder.path / "slurm.json"


def read_slurm_job(folder: JobFolder) -> SlurmJob | None:
    """Gives what is known of the job in Slurm; None where nothing was handed over."""
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError, TypeError):
        return SlurmJob(**read_json(slurm_file(folder)))
    return None


def waits_in_slurm(folder: JobFolder) -> bool:
    """Whether a job was handed over to Slurm, which has not started it yet."""
    found = read_slurm_job(folder)
    return found is not None and found.state in ("SUBMITTING", "PENDING")


def write_slurm_job(folder: JobFolder, job: SlurmJob) -> None:
    """Stores what is known of the job in Slurm."""
    write_json(slurm_file(folder), asdict(job))


def submit(script: Path) -> str:
    """Hands a batch script over and gives Slurm's number for it.

    Raises:
        HostError: Slurm refuses it; the sentence is Slurm's own.
    """
    text = script.read_text(encoding="utf-8")
    # In a session of its own: a signal to our group must not end it between asking and telling.
    done = _asked(["sbatch", "--parsable", str(script)], without=_overriding(text), is_own=True)
    number = done.stdout.strip().partition(";")[0]  # "42;cluster" where there are several
    if done.returncode != 0 or not number.isdecimal():
        raise HostError(
            f"Slurm refused the job: {_said(done)}.",
            hint="Check the Slurm settings of the run: partition, account, time limit, memory, "
            "GPUs and further options.",
        )
    return number


def asked_state(job: SlurmJob) -> SlurmJob:
    """Gives the job as Slurm sees it now.

    Raises:
        HostError: Slurm does not answer, which says nothing about the job.
    """
    done = _asked(["scontrol", "--oneliner", "show", "job", job.job_id])
    if done.returncode == 0:
        return replace(job, **_from_scontrol(done.stdout))
    if _FORGOTTEN not in done.stderr:
        raise HostError(f"Slurm does not answer: {_said(done)}.", hint="It is asked again.")
    done = _asked(["sacct", "-n", "-P", "-X", "-j", job.job_id, "-o", "State,ExitCode,NodeList"])
    rows = done.stdout.strip().splitlines() if done.returncode == 0 else []
    if not rows:
        return replace(job, state=UNKNOWN, reason="")
    state, code, nodes = rows[-1].split("|")
    return replace(
        job,
        state=state.split()[0],  # "CANCELLED by 1000"
        reason="",
        nodes=nodes,
        exit_code=_exit_code(code),
    )


def _from_scontrol(text: str) -> dict[str, Any]:
    # The last line is the job itself where it was requeued.
    found = dict(re.findall(r"\b(JobState|Reason|NodeList|ExitCode)=(\S*)", text))
    nodes = found.get("NodeList", "")
    reason = found.get("Reason", "")
    return {
        "state": found.get("JobState", UNKNOWN),
        "reason": "" if reason == "None" else reason,
        "nodes": "" if nodes == "(null)" else nodes,
        "exit_code": _exit_code(found.get("ExitCode", "0:0")),
    }


def _exit_code(text: str) -> int:
    """Gives one number for Slurm's "exit code:signal"."""
    code, _, number = text.partition(":")
    return 128 + int(number) if number not in ("", "0") else int(code)


def ids_named(name: str) -> list[str]:
    """Gives the numbers of the jobs with a name that have not ended.

    Raises:
        HostError: Slurm does not answer.
    """
    done = _asked(["squeue", "--noheader", f"--name={name}", "--format=%A"])
    if done.returncode != 0:
        raise HostError(f"Slurm does not answer: {_said(done)}.", hint="It is asked again.")
    return done.stdout.split()


def cancel(job: SlurmJob) -> None:
    """Asks Slurm to end a job; by its name where its number never reached us.

    Raises:
        HostError: Slurm does not answer.
    """
    numbers = [job.job_id] if job.job_id else ids_named(job.name)
    for number in numbers:
        done = _asked(["scancel", number])
        if done.returncode != 0 and _FORGOTTEN not in done.stderr:
            raise HostError(f"Slurm did not cancel job {number}: {_said(done)}.")


def cancel_left(folder: JobFolder) -> bool:
    """Cancels what a job's folder says is still in Slurm; gives whether there was anything.

    Raises:
        HostError: Slurm does not answer.
    """
    job = read_slurm_job(folder)
    if job is None or job.has_ended:
        return False
    cancel(job)
    return True


def _asked(
    arguments: list[str], *, without: frozenset[str] = frozenset(), is_own: bool = False
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            arguments,
            env=slurm_environment(os.environ, without),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=ANSWER_LIMIT_S,
            start_new_session=is_own,
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(arguments, 127, "", f"{arguments[0]} is not installed")
    except subprocess.TimeoutExpired:
        said = f"{arguments[0]} took more than {ANSWER_LIMIT_S:.0f} s"
        return subprocess.CompletedProcess(arguments, 124, "", said)


def slurm_environment(
    environment: Mapping[str, str], without: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Gives the variables for Slurm's commands; sbatch hands them on to the job.

    Those of a job in which this program itself may run are left out, and so are our own marks,
    which name processes of this host, and the database, which the nodes need not reach.
    """
    hidden = {JOB_VARIABLE, SUPERVISOR_VARIABLE, DATABASE_VARIABLE, *without}
    return {
        name: value
        for name, value in environment.items()
        if (not name.startswith("SLURM_") or name == "SLURM_CONF") and name not in hidden
    }


def _overriding(script: str) -> frozenset[str]:
    """Gives the variables that would count more than what a batch script says itself."""
    names = re.findall(r"^#SBATCH --([a-z-]+)", script, re.MULTILINE)
    variables = {f"SBATCH_{name.upper().replace('-', '_')}" for name in names}
    return frozenset(variables | ({"SBATCH_TIMELIMIT"} if "time" in names else set()))


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """Gives the last thing that a command of Slurm's said, without its name."""
    lines = [line for line in _ERROR.sub("", done.stderr).splitlines() if line.strip()]
    return lines[-1].strip().rstrip(".") if lines else f"exit code {done.returncode}"


def wait_until_ended(job: SlurmJob, *, limit_s: float, poll_s: float = 0.5) -> SlurmJob:
    """Waits until Slurm says that a job is gone, and gives the job as it was then.

    Raises:
        HostError: It is not after `limit_s` seconds.
    """
    deadline = time.monotonic() + limit_s
    while True:
        with contextlib.suppress(HostError):
            if job.job_id:
                job = asked_state(job)
            elif not ids_named(job.name):
                job = replace(job, state="CANCELLED")
        if job.has_ended:
            return job
        if time.monotonic() > deadline:
            number = job.job_id or job.name
            raise HostError(
                f"Slurm has not ended job {number} within {limit_s:.0f} s; it is {job.state}.",
                hint=f"`scancel {number}` may be tried by hand; `scontrol show job` says more.",
            )
        time.sleep(poll_s)
