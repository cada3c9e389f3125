"""The queue on the pages Runs and Run: order, hold, why a run waits, and interrupted runs."""

import os
from dataclasses import replace

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from core.finetune.run_folder import RunFolder
from core.jobs import queue
from core.jobs.folder import JobState
from core.jobs.processes import ProcessIdentity
from core.storage.run_records import Run
from core.storage.tables import jobs
from core.storage.workspace import Workspace
from tests.core.jobs.queued_work import order, state_of
from tests.pages.test_pages import opened, stored_run, texts


@pytest.fixture
def queued(ready_workspace: Workspace) -> list[Run]:
    """A run at work, which this process supervises, and three that wait for it."""
    at_work(ready_workspace, seconds_left=725.0)
    return [titled(ready_workspace, "queued", name) for name in ("a *b*", "c", "d")]


def titled(workspace: Workspace, state: str, name: str) -> Run:
    """Stores a run whose job has its name, as that of every run that was launched."""
    run = stored_run(workspace, state, name=name)
    with workspace.database.writing() as connection:
        connection.execute(update(jobs).where(jobs.c.id == run.id).values(title=name))
    return run


def said(app: AppTest) -> str:
    """Gives the page's texts without the escapes that keep Markdown out of them."""
    return texts(app).replace("\\", "")


def at_work(
    workspace: Workspace, *, seconds_left: float | None = None, name: str = "at work"
) -> Run:
    run = titled(workspace, "training", name)
    progress = {"step": 3, "total_steps": 9, "seconds_left": seconds_left}
    identity = ProcessIdentity.of(os.getpid())
    state = JobState("training", supervisor=identity, progress=progress)
    RunFolder(workspace.run_folder(run.id)).write_state(state)
    workspace.jobs.publish(run.id, "training", "", progress, None)
    return run


def gone_down(workspace: Workspace, name: str, boot: str) -> Run:
    """Leaves a run as the machine does that goes down while it trains."""
    run = at_work(workspace, name=name)
    identity = replace(ProcessIdentity.of(os.getpid()), pid=2**22 - 1)
    identity = replace(identity, boot_id=boot or identity.boot_id)
    folder = RunFolder(workspace.run_folder(run.id))
    folder.write_state(replace(folder.read_state(), supervisor=identity))
    return run


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def test_runs_change_places_and_a_second_click_finds_no_button(
    ready_workspace: Workspace, queued: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (run.id for run in queued)
    app = opened(ready_workspace, monkeypatch, "runs")
    assert app.button(key=f"queue.up.{first}.1").disabled
    assert app.button(key=f"queue.down.{third}.3").disabled
    click(app, f"queue.up.{second}.2")
    assert order(ready_workspace) == [second, first, third]
    keys = [button.key for button in app.button]
    assert f"queue.up.{second}.2" not in keys and f"queue.up.{second}.1" in keys
    click(app, f"queue.front.{third}.3")
    assert order(ready_workspace) == [third, second, first]
    click(app, f"queue.down.{third}.1")
    assert order(ready_workspace) == [second, third, first]


def test_each_waiting_run_says_why_it_waits_and_when_it_may_start(
    ready_workspace: Workspace, queued: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "runs")
    shown = said(app)
    assert "Waits until 'at work' has ended." in shown
    assert "At the earliest in about 12 min 5 s" in shown
    assert "Waits behind 'a *b*'." in shown
    assert "Waits behind 2 runs." in shown
    assert "2. c" in [link.proto.label.replace("\\", "") for link in app.get("page_link")]
    page = opened(ready_workspace, monkeypatch, "run", id=queued[1].id)
    assert "**Place 2 of 3 in the queue**" in texts(page)


def test_a_run_is_held_released_and_taken_out(
    ready_workspace: Workspace, queued: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (run.id for run in queued)
    app = click(opened(ready_workspace, monkeypatch, "runs"), f"queue.hold.{first}")
    assert "Held: it keeps its place" in said(app)
    assert order(ready_workspace) == [first, second, third]
    click(app, f"queue.out.{second}")
    assert state_of(ready_workspace, second) == "stopped"
    click(app, f"queue.release.{first}")
    assert "Held:" not in said(app)
    page = opened(ready_workspace, monkeypatch, "run", id=third)
    click(page, "run.unqueue")
    assert order(ready_workspace) == [first]


def test_a_run_that_began_meanwhile_is_not_stopped_by_taking_it_out(
    ready_workspace: Workspace, queued: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(ready_workspace, monkeypatch, "runs")
    # It begins between the page's last look and the click.
    begun = queued[0].id
    stale = app.button(key=f"queue.out.{begun}")
    workspace_moves_on(ready_workspace, begun)
    stale.click().run()
    assert not app.exception
    assert state_of(ready_workspace, begun) == "training"
    assert not RunFolder(ready_workspace.run_folder(begun)).stop_file.exists()


def workspace_moves_on(workspace: Workspace, run_id: str) -> None:
    workspace.jobs.cancel_waiting(run_id, "")
    identity = ProcessIdentity.of(os.getpid())
    folder = RunFolder(workspace.run_folder(run_id))
    folder.write_state(JobState("training", supervisor=identity))
    workspace.jobs.publish(run_id, "training", "", {}, None)


def test_the_whole_queue_is_held_and_released(
    ready_workspace: Workspace, queued: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = click(opened(ready_workspace, monkeypatch, "runs"), "queue.hold_all")
    assert "The queue is held by owner" in texts(app)
    assert ready_workspace.queue.hold_of_all().is_held
    click(app, "queue.release_all")
    assert not ready_workspace.queue.hold_of_all().is_held
    assert "The queue is held" not in texts(app)


def test_a_run_before_which_others_use_the_gpu_can_be_started_anyway(
    ready_workspace: Workspace, queued: list[Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = queued[0].id
    ready_workspace.queue.change_waiting(first, reason="GPU 0 is used by process 1 of X (9 GB).")
    app = opened(ready_workspace, monkeypatch, "runs")
    assert "GPU 0 is used by process 1 of X (9 GB)." in said(app)
    click(app, f"queue.anyway.{first}")
    job = ready_workspace.jobs.get(first)
    assert job is not None and job.starts_anyway


def test_interrupted_runs_are_offered_together(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work(ready_workspace)
    lost = [gone_down(ready_workspace, name, "another boot") for name in ("x", "y")]
    queue.reconcile(ready_workspace)
    app = opened(ready_workspace, monkeypatch, "runs")
    assert "**2 runs were interrupted (the machine was restarted at 20" in texts(app)
    click(app, f"interrupted.resume.{lost[0].id}")
    assert state_of(ready_workspace, lost[0].id) == "queued"
    assert "**1 run was interrupted (" in texts(app)
    click(app, "interrupted.all")
    assert order(ready_workspace) == [run.id for run in lost]
    assert "interrupted (" not in texts(app)


def test_interrupted_runs_are_dismissed(
    ready_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = gone_down(ready_workspace, "x", "")
    queue.reconcile(ready_workspace)
    app = opened(ready_workspace, monkeypatch, "runs")
    assert "**1 run was interrupted**" in texts(app)
    click(app, "interrupted.dismiss")
    assert "was interrupted" not in texts(app)
    assert state_of(ready_workspace, run.id) == "lost"
    app.toggle(key="interrupted.by_itself.False").set_value(True).run()
    assert ready_workspace.queue.hold_of_all().resumes_after_restart
    # Somebody else switches it off: what this tab held does not count any more.
    ready_workspace.queue.resume_after_restart(is_wanted=False)
    app.run()
    assert not app.exception
    assert not ready_workspace.queue.hold_of_all().resumes_after_restart
