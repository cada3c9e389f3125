"""The queue on the command line."""

import json
import os
from collections.abc import Callable

import pytest

from core.__main__ import main
from core.jobs import queue
from core.jobs.folder import JobState
from core.jobs.processes import ProcessIdentity
from core.storage.workspace import Workspace
from tests.core.jobs.conftest import stand_in_kind  # noqa: F401 (fixture)
from tests.core.jobs.queued_work import add_run, order, state_of

Answers = Callable[..., tuple[int, str]]


@pytest.fixture
def waiting(workspace: Workspace, stand_in_kind: None) -> Workspace:  # noqa: F811
    """Three runs wait for one that this process supervises."""
    add_run(workspace, "w", title="at work", state="training")
    supervisor = ProcessIdentity.of(os.getpid())
    progress = {"step": 1, "total_steps": 9, "seconds_left": 600.0}
    state = JobState("training", supervisor=supervisor, progress=progress)
    queue.folder_of(workspace, "w").write_state(state)
    workspace.jobs.publish("w", "training", "", progress, None)
    for name in ("first", "second", "third"):
        add_run(workspace, name[0], title=name)
    return workspace


@pytest.fixture
def answers(waiting: Workspace, capsys: pytest.CaptureFixture[str]) -> Answers:
    def run(*words: str) -> tuple[int, str]:
        status = main(["runs", *words, "--workspace", str(waiting.root)])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return run


def test_the_queue_is_told_with_places_and_reasons(answers: Answers) -> None:
    status, text = answers("queue", "--json")
    values = json.loads(text)
    assert (status, values["is_held"]) == (0, False)
    assert [(each["place"], each["name"], each["why"]) for each in values["waiting"]] == [
        (1, "first", "Waits until 'at work' has ended."),
        (2, "second", "Waits behind 'first'."),
        (3, "third", "Waits behind 2 runs."),
    ]
    assert {each["earliest_s"] for each in values["waiting"]} == {600.0}
    lines = answers("queue")[1].splitlines()
    assert lines[0].split() == ["place", "name", "starts", "why", "it", "waits", "id"]
    assert lines[1].startswith("1      first   in 10 min or later  Waits until")


def test_a_run_is_moved(answers: Answers, waiting: Workspace) -> None:
    assert answers("move", "third", "--to", "front") == (
        0, "'third' has place 1 of 3. Waits until 'at work' has ended.\n"
    )  # fmt: skip
    answers("move", "f", "--to", "3")
    answers("move", "second", "--to", "up")
    assert order(waiting) == ["s", "t", "f"]
    assert answers("move", "second", "--to", "left") == (
        2,
        "'left' is no place in the queue. Give up, down, front, back, or a number from 1 on.\n",
    )
    assert answers("move", "at work", "--to", "1") == (
        2, "'at work' does not wait any more, it is training.\n"
    )  # fmt: skip


def test_runs_and_the_whole_queue_are_held_and_released(
    answers: Answers, waiting: Workspace
) -> None:
    for name in ("first", "second"):
        assert "Held: it keeps its place" in answers("hold", name)[1]
    values = json.loads(answers("queue", "--json")[1])["waiting"]
    assert [each["is_held"] for each in values] == [True, True, False]
    assert values[2]["why"] == "Waits until 'at work' has ended."
    answers("release", "first")
    assert answers("hold", "--all") == (0, "The queue is held; what works goes on.\n")
    assert answers("queue")[1].startswith("The queue is held since ")
    assert answers("release", "--all") == (0, "The queue goes on.\n")
    assert answers("start-anyway", "second")[0] == 0
    job = waiting.jobs.get("s")
    assert job is not None and (job.is_held, job.starts_anyway) == (False, True)
    assert state_of(waiting, "f") == "queued"


def test_interrupted_runs_go_on_by_themselves_if_wanted(
    answers: Answers, waiting: Workspace
) -> None:
    said = answers("after-restart", "resume")
    assert said == (0, "Runs that a restart interrupts go on by themselves.\n")
    assert waiting.queue.hold_of_all().resumes_after_restart
    answers("after-restart", "wait")
    assert not waiting.queue.hold_of_all().resumes_after_restart


def test_an_empty_queue_is_told(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "queue", "--workspace", str(workspace.root)]) == 0
    assert capsys.readouterr().out == "Nothing waits.\n"
