"""Runs that a restart of the machine or a kill ended, and what becomes of them."""

from dataclasses import replace

import pytest

from core.jobs import queue
from core.jobs.folder import JobState
from core.jobs.interruptions import RESUMED_FILE, dismiss, interrupted_runs
from core.jobs.processes import ProcessIdentity
from core.storage.queue_records import Lease
from core.storage.tables import gpu_leases
from core.storage.workspace import Workspace
from tests.core.jobs.queued_work import add_run, order, state_of

STEPS = {"step": 7, "total_steps": 20}


@pytest.fixture
def quiet(stand_in_kind: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would start is only put down as started."""
    monkeypatch.setattr(queue, "_start", lambda *_: None)


def left_behind(workspace: Workspace, run_id: str, *, boot: str = "", **values: str) -> None:
    """Leaves a run as the machine does that goes down while it works."""
    add_run(workspace, run_id, state="training", started_at="2026-01-01T00:00:00", **values)
    ours = ProcessIdentity.of(1)
    gone = replace(ours, pid=2**22 - 1, boot_id=boot or ours.boot_id)
    folder = queue.folder_of(workspace, run_id)
    folder.write_state(JobState("training", supervisor=gone, progress=STEPS))
    lease = Lease(ours.host, f"GPU-{run_id}", 0, run_id, "2026-01-01T00:00:00")
    with workspace.database.writing() as connection:
        connection.execute(gpu_leases.insert().values(**vars(lease)))


def test_after_a_restart_runs_are_lost_their_gpus_free_and_the_queue_goes_on(
    workspace: Workspace, quiet: None
) -> None:
    left_behind(workspace, "first", boot="another boot")
    left_behind(workspace, "killed")
    left_behind(workspace, "trial", boot="another boot", study="s", title="s · trial 3")
    left_behind(workspace, "best", boot="another boot", study="s", title="s best")
    add_run(workspace, "next")
    queue.advance(workspace)
    assert state_of(workspace, "next") == "preparing"
    found = {run.id: run.job for run in interrupted_runs(workspace)}
    assert sorted(found) == ["best", "first", "killed"]  # a trial is its study's
    assert found["first"].reason == "The machine restarted while training at step 7."
    assert found["first"].interruption["cause"] == "restart"
    assert "T" in found["first"].interruption["restarted_at"]
    assert found["killed"].interruption["cause"] == "kill"
    assert workspace.queue.leases() == []
    dismiss(workspace, ["first", "best"])
    queue.advance(workspace)
    assert [run.id for run in interrupted_runs(workspace)] == ["killed"]
    queue.requeue(workspace, "killed")
    assert interrupted_runs(workspace) == []


def test_a_run_that_was_claimed_before_the_restart_and_never_began_is_offered_too(
    workspace: Workspace, quiet: None
) -> None:
    add_run(workspace, "claimed", state="preparing", started_at="2020-01-01T00:00:00.000+00:00")
    queue.folder_of(workspace, "claimed").write_state(JobState())
    queue.reconcile(workspace)
    (run,) = interrupted_runs(workspace)
    assert (run.job.state, run.job.interruption["cause"]) == ("lost", "restart")


def test_a_run_goes_on_by_itself_once_where_that_is_wanted(
    workspace: Workspace, quiet: None
) -> None:
    left_behind(workspace, "killed")
    left_behind(workspace, "first", boot="another boot")
    add_run(workspace, "next")
    workspace.queue.resume_after_restart(is_wanted=True)
    queue.advance(workspace)
    assert state_of(workspace, "next") == "preparing"
    assert order(workspace) == ["first"]
    assert state_of(workspace, "killed") == "lost"  # somebody may have wanted that
    # It brings the machine down again at the same step: now it waits for people.
    workspace.jobs.cancel_waiting("first", "")
    folder = queue.folder_of(workspace, "first")
    gone = replace(ProcessIdentity.of(1), boot_id="another boot")
    folder.write_state(JobState("training", supervisor=gone, progress=STEPS))
    workspace.jobs.publish("first", "training", "", STEPS, None)
    queue.advance(workspace)
    assert state_of(workspace, "first") == "lost"
    assert "first" in [run.id for run in interrupted_runs(workspace)]
    assert (folder.path / RESUMED_FILE).exists()
