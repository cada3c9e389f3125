"""Processes are known by more than a number, and belong to a host."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from core.jobs.folder import JobFolder, JobState, attempt_log, mark_attempt
from core.jobs.processes import JOB_VARIABLE, ProcessIdentity, end_job_leftovers
from core.storage.files import read_json
from core.storage.workspace import PROJECT, Workspace


def test_identity_survives_a_clock_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """psutil's creation time is counted from the boot time, which follows the clock."""
    mine = ProcessIdentity.of(os.getpid())
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: 1.0)
    assert mine.is_alive()


@pytest.mark.parametrize(
    "change",
    [
        {"create_time": 1.0},
        {"boot_id": "another"},
        {"host": "another"},
        {"pid": 2**22 + 1},
    ],
    ids=str,
)
def test_other_process_with_the_same_number_is_not_taken_for_it(change: dict[str, object]) -> None:
    assert not replace(ProcessIdentity.of(os.getpid()), **change).is_alive()


def test_zombie_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = ProcessIdentity.of(child.pid)
    assert identity.is_alive()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.is_alive()
    child.communicate()


@pytest.mark.parametrize(
    ("change", "age_s", "state", "reason"),
    [
        ({"host": "node7"}, 10, "training", ""),
        ({"host": "node7"}, 600, "lost", "The host node7 has not reported since 20"),
        ({"boot_id": "earlier"}, 10, "lost", "The machine restarted while training at step 4."),
        ({"create_time": 1.0}, 10, "lost", "The supervising process was killed while training"),
    ],
)
def test_supervisor_on_another_host_is_judged_by_its_heartbeat(
    tmp_path: Path, change: dict[str, object], age_s: int, state: str, reason: str
) -> None:
    folder = JobFolder(tmp_path)
    identity = replace(ProcessIdentity.of(os.getpid()), **change)
    folder.write_state(JobState(state="training", supervisor=identity, progress={"step": 4}))
    values = read_json(folder.state_file)
    values["heartbeat"] = (datetime.now(UTC) - timedelta(seconds=age_s)).isoformat()
    folder.state_file.write_text(json.dumps(values))
    found = folder.observed_state()
    assert found.state == state
    assert found.reason.startswith(reason)


def test_leftovers_are_found_by_the_mark_in_their_environment() -> None:
    forks = "import os, time; os.fork(); os.fork(); time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", forks], env={JOB_VARIABLE: "some job"})
    other = subprocess.Popen([sys.executable, "-c", forks], env={JOB_VARIABLE: "other job"})
    while len(psutil.Process(child.pid).children(recursive=True)) < 3:
        pass
    assert end_job_leftovers("some job") == 4
    child.wait(timeout=10)
    assert other.poll() is None
    end_job_leftovers("other job")
    other.wait(timeout=10)
    assert end_job_leftovers("some job") == 0


def test_log_of_an_attempt_leaves_earlier_ones_out(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("without a mark\n")
    assert attempt_log(log) == "without a mark\n"
    mark_attempt(log)
    with log.open("a") as file:
        file.write("No space left on device\n")
    mark_attempt(log)
    with log.open("a") as file:
        file.write("second\n")
    assert attempt_log(log) == "second\n"
    assert attempt_log(tmp_path / "none") == ""


RETRYING = """
import sys
from pathlib import Path
from core.jobs.folder import JobFolder
from core.jobs.kind import Failure, Stage
from core.jobs.processes import become_subreaper
from core.jobs.supervisor import Supervisor
from core.storage.workspace import Workspace

class Kind:
    energy_kind = "run"
    def num_gpus(self, folder):
        return 0

    def stages(self, workspace, folder):
        code = "import sys, pathlib; p = pathlib.Path(sys.argv[1]); " + sys.argv[3]
        command = [sys.executable, "-c", code, str(folder.path)]
        budget_kwh = float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
        return [Stage("training", command, can_save=True, energy_budget_kwh=budget_kwh)]
    def diagnose(self, folder, exit_code, state):
        return Failure(f"exit code {exit_code}", is_transient=exit_code == 75)
    def stop_sentence(self, step, who):
        return f"stopped ({who})"

    def publish(self, workspace, folder):
        pass

become_subreaper()
Supervisor(Workspace(Path(sys.argv[1])), JobFolder(Path(sys.argv[2])), "id", Kind()).run()
"""


def supervised(workspace: Workspace, folder: JobFolder, work: str, *more: str) -> JobState:
    """Lets a real supervisor run `work` to its end and gives its last state."""
    folder.path.mkdir()
    arguments = [sys.executable, "-c", RETRYING, str(workspace.root), str(folder.path), work, *more]
    subprocess.run(arguments, cwd=PROJECT, timeout=60, check=True, capture_output=True)
    return folder.read_state()


@pytest.mark.parametrize(
    ("work", "state", "num_attempts"),
    [
        (
            "a = (p / 'again').exists(); (p / 'again').touch();"
            "(p / 'result.json').write_text('{}') if a else sys.exit(75)",
            "finished",
            2,
        ),
        ("sys.exit(75)", "failed", 2),
        ("sys.exit(1)", "failed", 1),
        ("sys.exit(0)", "failed", 1),
    ],
    ids=["clash once", "clash always", "failure", "no result"],
)
def test_only_a_passing_cause_is_tried_again_and_only_once(
    workspace: Workspace, tmp_path: Path, work: str, state: str, num_attempts: int
) -> None:
    folder = JobFolder(tmp_path / "job")
    assert supervised(workspace, folder, work).state == state
    assert folder.log_file.read_text().count("attempt of") == num_attempts


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        ('{"step": 7}', "Stopped on request after step 7; a checkpoint was saved."),
        ('{"reason": "Nobody came."}', "Nobody came."),
    ],
)
def test_a_job_that_stopped_in_good_order_says_why(
    workspace: Workspace, tmp_path: Path, left: str, reason: str
) -> None:
    work = f"(p / 'stopped.json').write_text({left!r})"
    state = supervised(workspace, JobFolder(tmp_path / "job"), work)
    assert (state.state, state.reason, state.hint) == ("stopped", reason, "")


def test_a_used_up_energy_budget_stops_and_saves_and_says_so(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Endless work that saves when it is asked to, as a trainer does."""
    work = (
        "import time\n"
        "while not (p / 'stop.json').exists(): time.sleep(0.1)\n"
        "assert '\"save\"' in (p / 'stop.json').read_text()\n"
        "(p / 'stopped.json').write_text('{\"step\": 7}')"
    )
    state = supervised(workspace, JobFolder(tmp_path / "job"), work, "1e-6")
    because = "the energy budget of 1.0 mWh was used up"
    assert state.state == "stopped"
    assert state.reason == f"Stopped because {because} after step 7; a checkpoint was saved."
