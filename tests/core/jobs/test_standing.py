"""Where a job stands in the queue, why it waits, and when it can start."""

from typing import Any

from core.jobs.standing import standings_of_lane
from core.storage.job_records import Job
from core.storage.queue_records import Lease, QueueHold

NOW = "2026-01-01T00:00:00.000+00:00"


def job(name: str, state: str = "queued", left: float | None = None, **values: Any) -> Job:
    progress = {"seconds_left": left}
    return Job(name, "k", name, "compute", state, NOW, title=name, progress=progress, **values)


def lease(job_id: str) -> Lease:
    return Lease("here", f"u-{job_id}", 0, job_id, NOW)


def whys(*arguments: Any, hold: QueueHold | None = None) -> list[tuple[str, float | None]]:
    found = standings_of_lane(*arguments, hold or QueueHold())
    return [(each.why, each.earliest_s) for each in found]


def test_a_free_lane_starts_in_a_moment() -> None:
    assert whys([job("a")], [], []) == [("Starts in a moment.", None)]


def test_gpus_are_named_by_who_has_them_and_the_first_end_counts() -> None:
    working = [job("x", "training", 600.0), job("y", "training", 90.0)]
    leases = [lease("x"), lease("y")]
    assert whys([job("a"), job("b")], working, leases) == [
        ("Waits for a GPU: 'x' and 'y' have those that it could use.", 90.0),
        ("Waits behind 'a'.", 90.0),
    ]
    assert whys([job("a")], working[:1], leases[:1]) == [
        ("Waits for a GPU: 'x' has those that it could use.", 600.0)
    ]


def test_no_time_is_told_where_one_may_end_at_any_time() -> None:
    working = [job("x", "training", 600.0), job("y", "saving", 1.0)]
    assert whys([job("a")], working, []) == [("Waits until 'x' and 'y' have ended.", None)]


def test_nobody_waits_behind_a_held_run_or_one_that_others_keep_from_its_gpu() -> None:
    working = [job("x", "training", 600.0)]
    waiting = [job("a", is_held=True), job("b", reason="GPU 0 is used."), job("c"), job("d")]
    assert whys(waiting, working, []) == [
        ("Held: it keeps its place and starts once it is released.", None),
        ("GPU 0 is used.", None),
        ("Waits until 'x' has ended.", 600.0),
        ("Waits behind 'c'.", 600.0),
    ]


def test_a_held_queue_is_the_reason_of_all() -> None:
    found = whys([job("a"), job("b", is_held=True)], [], [], hold=QueueHold(is_held=True))
    assert [why.partition(";")[0].partition(":")[0] for why, _ in found] == [
        "The whole queue is held", "Held",
    ]  # fmt: skip
