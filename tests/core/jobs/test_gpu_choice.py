"""Which job starts on which GPU."""

import pytest

from core.jobs.gpu_choice import Gpu, decide
from core.storage.job_records import Job
from core.storage.queue_records import Decision, Lane, Lease

NOW = "2026-01-01T00:00:00.000+00:00"
GB = 10**9


def job(name: str, state: str = "queued", *, anyway: bool = False) -> Job:
    return Job(name, "k", name, "compute", state, NOW, title=name, starts_anyway=anyway)


def gpu(index: int, *users: str, used_gb: float = 0.3) -> Gpu:
    return Gpu(index, f"u{index}", 24 * GB, int(used_gb * GB), users)


def lease(index: int, job_id: str, host: str = "here") -> Lease:
    return Lease(host, f"u{index}", index, job_id, NOW)


def decided(
    waiting: list[Job],
    gpus: list[Gpu],
    needs: dict[str, int],
    working: list[Job] | None = None,
    leases: list[Lease] | None = None,
) -> Decision:
    return decide(Lane(waiting, working or [], leases or []), "here", gpus, needs)


def started(decision: Decision) -> tuple[str, list[int]]:
    return (decision.job.id if decision.job else "", [index for _, index in decision.gpus])


def test_the_first_that_waits_gets_the_first_free_gpus() -> None:
    gpus = [gpu(0), gpu(1), gpu(2)]
    found = decided([job("a"), job("b")], gpus, {"a": 2, "b": 1}, [job("w")], [lease(0, "w")])
    assert started(found) == ("a", [1, 2])


def test_a_lease_of_another_host_takes_no_gpu_here() -> None:
    found = decided([job("a")], [gpu(0)], {"a": 1}, [job("w")], [lease(0, "w", "there")])
    assert started(found) == ("a", [0])


def test_who_waits_for_our_own_runs_is_not_overtaken() -> None:
    gpus = [gpu(0), gpu(1)]
    found = decided([job("a"), job("b")], gpus, {"a": 2, "b": 1}, [job("w")], [lease(0, "w")])
    assert (started(found), found.reasons) == (("", []), {})


def test_who_waits_for_another_program_is_overtaken_and_told_why() -> None:
    gpus = [gpu(0, "process 12 of another program", used_gb=12.1), gpu(1)]
    waiting, needs = [job("a"), job("b")], {"a": 2, "b": 1}
    found = decided(waiting, gpus, needs)
    assert started(found) == ("b", [1])
    found = decided(waiting[:1], gpus, needs)
    assert found.reasons == {
        "a": "GPU 0 is used by process 12 of another program (12.1 GB in use); the run starts when "
        "2 of 2 GPUs are free."
    }


def test_who_needs_more_gpus_than_there_are_holds_up_nobody() -> None:
    found = decided([job("a"), job("b")], [gpu(0)], {"a": 4, "b": 1})
    assert started(found) == ("b", [0])
    found = decided([job("a")], [gpu(0)], {"a": 4})
    assert found.reasons == {"a": "The run needs 4 GPUs and 1 can be seen on this machine."}
    found = decided([job("a")], [], {"a": 1})
    assert found.reasons == {"a": "The run needs 1 GPU and none can be seen on this machine."}


@pytest.mark.parametrize(("used_gb", "expected"), [(2.3, ("a", [0])), (2.5, ("", []))])
def test_much_memory_in_use_is_a_user_too(used_gb: float, expected: tuple[str, list[int]]) -> None:
    found = decided([job("a")], [gpu(0, used_gb=used_gb)], {"a": 1})
    assert started(found) == expected
    if not expected[0]:
        assert found.reasons["a"] == (
            "GPU 0 has 2.5 GB in use by programs that cannot be seen from here; the run starts "
            "when it is free."
        )


def test_memory_that_is_not_told_is_no_user() -> None:
    assert not Gpu(0, "u").is_used


def test_starting_anyway_takes_the_emptiest_gpu_but_none_that_is_leased() -> None:
    gpus = [gpu(0, "x", used_gb=20), gpu(1, "x", used_gb=9), gpu(2), gpu(3)]
    anyway = job("a", anyway=True)
    leases = [lease(2, "w"), lease(3, "w")]
    found = decided([anyway], gpus, {"a": 1}, [job("w")], leases)
    assert started(found) == ("a", [1])
    found = decided([anyway], gpus[2:], {"a": 1}, [job("w")], leases)
    assert (started(found), found.reasons) == (("", []), {})


def test_without_gpus_one_works_at_a_time() -> None:
    waiting, needs = [job("a"), job("b")], {"a": 0, "b": 0}
    assert started(decided(waiting, [], needs)) == ("a", [])
    assert started(decided(waiting, [], needs, [job("w", "training")])) == ("", [])


def test_what_needs_no_gpu_works_beside_those_that_have_one() -> None:
    working, leases = [job("w", "training")], [lease(0, "w")]
    found = decided([job("a")], [gpu(0)], {"a": 0}, working, leases)
    assert started(found) == ("a", [])
    found = decided([job("a")], [gpu(0)], {"a": 0}, [*working, job("p", "training")], leases)
    assert started(found) == ("", [])


def test_a_job_that_came_after_the_look_at_the_gpus_is_not_overtaken() -> None:
    assert started(decided([job("new"), job("b")], [gpu(0)], {"b": 1})) == ("", [])
