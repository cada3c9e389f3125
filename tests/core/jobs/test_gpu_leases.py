"""Leases of GPUs with real processes: queue, supervisors and work, on GPUs that a library tells."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import chain

from core.jobs import queue
from core.storage.job_records import ACTIVE
from core.storage.workspace import Workspace
from tests.core.jobs.queued_work import (
    GpuMachine,
    add_run,
    let_end,
    starts,
    state_of,
    until,
    working,
)  # fmt: skip
from tests.servers.nvml_gpus import Gpu

UUIDS = [f"GPU-{number}c0ffee{number}-0000-4000-8000-0000000{number}" for number in range(3)]
FREE = [Gpu(uuid, 100.0, used_bytes=0) for uuid in UUIDS]
RUNS = ["first", "second", "third", "fourth"]
MakeMachine = Callable[..., GpuMachine]


def test_runs_work_at_once_on_different_gpus_and_none_starts_twice(
    machine: MakeMachine, workspace: Workspace
) -> None:
    here = machine(*FREE[:2])
    for name in RUNS:
        add_run(workspace, name)
    here.advance(num_processes=4, times=3)
    until(lambda: len(working(workspace, RUNS)) == 2, "two runs at work")
    assert working(workspace, RUNS) == ["first", "second"]
    leases = {lease.job_id: lease.gpu_uuid for lease in workspace.queue.leases()}
    assert sorted(leases.values()) == UUIDS[:2]
    assert {name: starts(workspace, name) for name in leases} == {
        name: [uuid] for name, uuid in leases.items()
    }
    let_end(workspace, "first")  # its supervisor starts the next one by itself
    until(lambda: bool(starts(workspace, "third")), "the third at work")
    assert starts(workspace, "third") == [leases["first"]]
    assert state_of(workspace, "fourth") == "queued"
    let_end(workspace, *RUNS)
    until(lambda: state_of(workspace, "fourth") == "finished", "the end of all")
    until(lambda: not workspace.jobs.in_states(*ACTIVE), "the end of all")
    assert len(list(chain(*(starts(workspace, name) for name in RUNS)))) == len(RUNS)
    assert workspace.queue.leases() == []


def test_a_gpu_that_others_compute_on_is_passed_over_until_somebody_starts_anyway(
    machine: MakeMachine, workspace: Workspace
) -> None:
    here = machine(replace(FREE[0], pids=(os.getpid(),), used_bytes=12_100_000_000))
    add_run(workspace, "first")
    here.advance()
    job = workspace.jobs.get("first")
    assert job is not None
    assert job.state == "queued"
    assert job.reason == (
        f"GPU 0 is used by process {os.getpid()} of another program (12.1 GB in use); the run "
        "starts when it is free."
    )
    assert workspace.queue.change_waiting("first", starts_anyway=True)
    here.advance()
    until(lambda: bool(starts(workspace, "first")), "the start")
    job = workspace.jobs.get("first")
    assert job is not None and (job.state in ACTIVE, job.reason) == (True, "")
    assert starts(workspace, "first") == UUIDS[:1]


def test_a_run_of_several_gpus_waits_for_its_turn_and_gets_them_all(
    machine: MakeMachine, workspace: Workspace
) -> None:
    here = machine(*FREE[:2])
    add_run(workspace, "first")
    add_run(workspace, "both", gpus=2)
    add_run(workspace, "last")
    here.advance(num_processes=2, times=2)
    until(lambda: bool(starts(workspace, "first")), "the first at work")
    # A GPU is free, but the run behind would keep "both" waiting for ever.
    assert (state_of(workspace, "both"), state_of(workspace, "last")) == ("queued", "queued")
    let_end(workspace, "first")
    until(lambda: bool(starts(workspace, "both")), "both GPUs at work")
    assert starts(workspace, "both") == [",".join(UUIDS[:2])]
    assert state_of(workspace, "last") == "queued"


def test_gpus_of_a_killed_supervisor_are_leased_again(
    machine: MakeMachine, workspace: Workspace
) -> None:
    here = machine(FREE[0])
    add_run(workspace, "killed")
    add_run(workspace, "next")
    here.advance()
    until(lambda: bool(starts(workspace, "killed")), "the first at work")
    supervisor = queue.folder_of(workspace, "killed").read_state().supervisor
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    until(lambda: not supervisor.is_alive(), "the end of the supervisor")
    here.advance(num_processes=3, times=2)
    until(lambda: bool(starts(workspace, "next")), "the next at work")
    job = workspace.jobs.get("killed")
    assert job is not None and (job.state, job.interruption["cause"]) == ("lost", "kill")
    assert starts(workspace, "next") == UUIDS[:1]
    assert [lease.job_id for lease in workspace.queue.leases()] == ["next"]


SEES = """
import json, os, sys
from core.finetune.command import _world_info
from core.jobs.gpu_leasing import with_lease, without_lease
from core.jobs.host_use import HostUse
from core.emissions.meter import _gpu_ids
from core.finetune.settings import FineTuneSettings
before = dict(os.environ)
os.environ |= with_lease(os.environ, sys.argv[2].split(","))
import base64
world = json.loads(base64.urlsafe_b64decode(_world_info(2, 1)))["localhost"]
whole = without_lease(os.environ)
print(json.dumps({
    "launcher": world, "energy": _gpu_ids(2),
    "host": [each["index"] for each in HostUse().sample()["gpus"]],
    "is_restored": whole.get("CUDA_VISIBLE_DEVICES") == before.get("CUDA_VISIBLE_DEVICES"),
}))
"""


def test_launcher_energy_and_host_use_are_of_the_leased_gpus_only(machine: MakeMachine) -> None:
    here = machine(*FREE)
    leased = [UUIDS[2], UUIDS[0]]
    assert here.asked(SEES, ",".join(leased)) == {
        "launcher": leased, "energy": ["2", "0"], "host": [2, 0], "is_restored": True,
    }  # fmt: skip
