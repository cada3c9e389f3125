"""The order of the queue: moved, held, released, taken out, and claimed by many at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import TrainingError
from core.jobs import ordering, queue
from core.storage.queue_records import Decision, Lane
from core.storage.workspace import PROJECT, Workspace
from tests.core.jobs.queued_work import add_run, order, state_of

NAMES = ["a", "b", "c", "d"]


@pytest.fixture
def waiting(
    workspace: Workspace, stand_in_kind: None, monkeypatch: pytest.MonkeyPatch
) -> Workspace:
    """Four runs wait, and nothing is started."""
    monkeypatch.setattr(queue, "advance", lambda workspace, **_: None)
    for name in NAMES:
        add_run(workspace, name)
    return workspace


def first(lane: Lane) -> Decision:
    return Decision(lane.waiting[0] if lane.waiting else None)


@pytest.mark.parametrize(
    ("name", "to", "expected"),
    [
        ("c", "front", "cabd"),
        ("b", "back", "acdb"),
        ("b", "up", "bacd"),
        ("b", "down", "acbd"),
        ("a", "up", "abcd"),
        ("d", "down", "abcd"),
        ("d", 2, "adbc"),
        ("a", 3, "bcad"),
        ("a", 99, "bcda"),
        ("d", 0, "dabc"),
    ],
)
def test_a_waiting_run_gets_another_place(
    name: str, to: str | int, expected: str, waiting: Workspace
) -> None:
    ordering.move(waiting, name, to)
    assert order(waiting) == list(expected)


def test_a_place_that_is_none_changes_nothing(waiting: Workspace) -> None:
    with pytest.raises(ValueError, match="'left' is no place"):
        ordering.move(waiting, "b", "left")
    assert order(waiting) == NAMES


def test_a_newcomer_and_a_resumed_run_come_last(waiting: Workspace) -> None:
    ordering.move(waiting, "a", "back")
    add_run(waiting, "e")
    ordering.take_out(waiting, "c")
    assert order(waiting) == ["b", "d", "a", "e"]
    queue.requeue(waiting, "c")
    assert order(waiting) == ["b", "d", "a", "e", "c"]


def test_lanes_have_orders_of_their_own(waiting: Workspace) -> None:
    other = queue.own_lane(queue.COMPUTE_LANE)
    add_run(waiting, "x", lane=other)
    add_run(waiting, "y", lane=other)
    ordering.move(waiting, "y", "front")
    assert order(waiting) == [*NAMES, "y", "x"]


def test_two_tabs_that_move_at_once_lose_nothing(waiting: Workspace) -> None:
    others = [Workspace(waiting.root) for _ in range(4)]

    def moves(number: int) -> None:
        for step in range(12):
            others[number].queue.move(NAMES[number], ("front", "down", "back", "up")[step % 4])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(moves, range(4)))
    assert sorted(order(waiting)) == NAMES
    positions = [job.position for job in waiting.queue.waiting()]
    assert positions == [1, 2, 3, 4]
    for each in others:
        each.database.dispose()


def test_a_held_run_keeps_its_place_and_is_not_started(waiting: Workspace) -> None:
    ordering.hold(waiting, "a")
    assert order(waiting) == NAMES
    taken = waiting.queue.claim("compute", "here", first)
    assert taken.job is not None and taken.job.id == "b"
    ordering.release(waiting, "a")
    taken = waiting.queue.claim("compute", "here", first)
    assert taken.job is not None and taken.job.id == "a"


def test_a_held_queue_starts_nothing_and_is_remembered(waiting: Workspace) -> None:
    ordering.hold_all(waiting, by="Ann")
    again = Workspace(waiting.root)
    hold = again.queue.hold_of_all()
    assert (hold.is_held, hold.person, bool(hold.since)) == (True, "Ann", True)
    assert again.queue.claim("compute", "here", first).job is None
    again.database.dispose()
    ordering.hold_all(waiting, by="Ben")  # a second click is no second hold
    assert waiting.queue.hold_of_all() == hold
    waiting.queue.resume_after_restart(is_wanted=True)
    ordering.release_all(waiting)
    hold = waiting.queue.hold_of_all()
    assert (hold.is_held, hold.since, hold.person) == (False, "", "")
    assert hold.resumes_after_restart
    assert waiting.queue.claim("compute", "here", first).job is not None


@pytest.mark.parametrize("what", ["move", "hold", "release", "start_anyway", "take_out"])
def test_what_has_begun_is_no_more_in_the_queue(what: str, waiting: Workspace) -> None:
    assert waiting.jobs.claim_next("compute") is not None
    arguments = ("front",) if what == "move" else ()
    with pytest.raises(TrainingError, match="'a' does not wait any more, it is preparing"):
        getattr(ordering, what)(waiting, "a", *arguments)
    assert state_of(waiting, "a") == "preparing"
    with pytest.raises(TrainingError, match="There is no job 'nothing'"):
        getattr(ordering, what)(waiting, "nothing", *arguments)


def test_taking_out_is_an_end_that_can_be_resumed(waiting: Workspace) -> None:
    ordering.hold(waiting, "b")
    ordering.take_out(waiting, "b")
    job = waiting.jobs.get("b")
    assert job is not None and job.state == "stopped"
    assert job.reason == "Taken out of the queue before it started."
    queue.requeue(waiting, "b")
    job = waiting.jobs.get("b")
    assert job is not None and not job.is_held


CLAIMS = """
import sys
from pathlib import Path
from core.storage.queue_records import Decision
from core.storage.workspace import Workspace
workspace = Workspace(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()

def decide(lane):
    leased = {lease.gpu_uuid for lease in lane.leases}
    free = [each for each in ("u0", "u1", "u2") if each not in leased]
    if not lane.waiting or not free:
        return Decision()
    return Decision(lane.waiting[0], ((free[0], int(free[0][1])),))

for _ in range(6):
    taken = workspace.queue.claim("compute", "here", decide)
    if taken.job is not None:
        print(taken.job.id, taken.gpus[0][0], flush=True)
        workspace.jobs.publish(taken.job.id, "finished", "", {}, None)
"""


def test_processes_that_claim_at_once_never_get_the_same(waiting: Workspace) -> None:
    for name in "efghijkl":
        add_run(waiting, name)
    command = [sys.executable, "-c", CLAIMS, str(waiting.root)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": PROJECT}
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]  # type: ignore[call-overload]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    lines = [line for each in processes for line in each.communicate(timeout=60)[0].splitlines()]
    assert sorted(line.split()[0] for line in lines) == list("abcdefghijkl")
    assert waiting.queue.leases() == []
