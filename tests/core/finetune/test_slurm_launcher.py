"""Runs through a real Slurm of one node, which the test starts: finished, cancelled, refused."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator

import pytest

from core.finetune import runs
from core.finetune.checkpoints import latest_checkpoint
from core.jobs import queue
from core.jobs.slurm import read_slurm_job
from tests.servers.slurm_cluster import SlurmCluster, require_slurm

pytestmark = pytest.mark.launcher

SLURM = {"launcher": "slurm", "engine": "plain", "max_steps": 2}
ENDLESS = {**SLURM, "max_steps": 100_000}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlurmCluster]:
    require_slurm()
    started = SlurmCluster(tmp_path_factory.mktemp("slurm"))
    try:
        started.start()
        yield started
    finally:
        started.end()


@pytest.fixture(autouse=True)
def configured(cluster: SlurmCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))


def test_run_is_finished_by_slurm(lab, cluster):
    run = lab.finish(**SLURM, slurm_partition="main", slurm_time_limit_minutes=20)
    folder = lab.folder(run)
    job = read_slurm_job(folder)
    assert job is not None and (job.state, job.exit_code) == ("COMPLETED", 0), lab.report(run)
    assert lab.workspace.runs.get(run.id).scores["num_segments"] == 12
    notes = [record["note"] for record in lab.records(run, "phase")]
    assert any(note.startswith(f"Slurm job {job.job_id} on ") for note in notes)
    assert not folder.energy_file.exists() and not folder.host_file.exists()
    assert run.job.lane == queue.own_lane(f"slurm-{run.id[:8]}")
    assert cluster.jobs() == []
    lab.assert_nothing_left(run)


def test_cancelled_from_here_or_outside_or_stopped_before_the_time_limit(lab, cluster):
    """Three at once on a node for two: the third waits in Slurm, not in our queue."""
    stopped, cancelled = (lab.launch(**ENDLESS, name=name) for name in ("stopped", "cancelled"))
    for run in (stopped, cancelled):
        lab.until_step(run, 1)
    waiting = lab.launch(**ENDLESS, name="waiting")
    why = lab.until(
        waiting,
        "Slurm's reason",
        lambda: [r["note"] for r in lab.records(waiting, "phase") if "Resources" in r["note"]],
    )
    assert why[0].startswith("waiting in Slurm (job ")
    assert sorted(line.split()[1] for line in cluster.jobs()) == ["PENDING", "RUNNING", "RUNNING"]

    runs.stop(lab.workspace, stopped.id, "now")
    assert lab.wait(stopped).reason.startswith("Stopped at step ")
    job = read_slurm_job(lab.folder(stopped))
    assert job is not None and job.state == "CANCELLED"

    job = read_slurm_job(lab.folder(cancelled))
    cluster.asked("scancel", job.job_id)
    state = lab.wait(cancelled)
    assert (state.state, state.hint.partition(",")[0]) == ("failed", "Somebody used scancel")
    begin = f"Slurm's job {job.job_id} on {job.nodes} was cancelled in Slurm, not from here while "
    assert state.reason.startswith(begin), lab.report(cancelled)

    lab.until_step(waiting, 1)
    # What Slurm sends two minutes before the time limit.
    cluster.asked("scancel", "--signal=USR1", read_slurm_job(lab.folder(waiting)).job_id)
    state = lab.wait(waiting)
    assert state.state == "stopped", lab.report(waiting)
    assert state.reason.startswith("Stopped because Slurm's time limit was near after step ")
    assert latest_checkpoint(lab.folder(waiting).path) is not None
    assert cluster.jobs() == []
    for run in (stopped, cancelled, waiting):
        lab.assert_nothing_left(run)


def test_partition_that_does_not_exist_is_one_sentence_of_slurms(lab, cluster):
    run, state = lab.run(**SLURM, slurm_partition="nowhere")
    assert state.state == "failed"
    assert state.reason == "Slurm refused the job: Invalid partition name specified."
    assert "partition" in state.hint and cluster.jobs() == []


def test_job_of_a_killed_supervisor_does_not_stay_in_slurm(lab, cluster):
    node = socket.gethostname().partition(".")[0]
    cluster.asked("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
    try:
        run = lab.launch(**SLURM)
        lab.until(run, "a job that waits", lambda: [*map(str.split, cluster.jobs())])
        lab.until(run, "its number", lambda: read_slurm_job(lab.folder(run)).job_id)
        lab.supervisor(run).send_signal(signal.SIGKILL)
        lab.until(run, "nobody", lambda: lab.folder(run).observed_state().state == "lost")
        queue.advance(lab.workspace)
        assert lab.workspace.runs.get(run.id).job.state == "lost"
        lab.until(run, "Slurm has ended it", lambda: not cluster.jobs(), limit_s=30)
        lab.assert_nothing_left(run, may_reap=True)
    finally:
        cluster.asked("scontrol", "update", f"nodename={node}", "state=resume")
