"""What the GPUs of this host are doing, and how a job is shown only those that it has leased."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

import psutil

from core.gpu import GPU_ORDER, device_names, gpu_occupation
from core.host import accelerator
from core.jobs.gpu_choice import Gpu
from core.jobs.kind import job_folder, load_kind
from core.jobs.processes import JOB_VARIABLE
from core.storage.job_records import Job
from core.storage.workspace import Workspace

DEVICES = "CUDA_VISIBLE_DEVICES"
# What DEVICES was before a lease narrowed it; a job may start others, on other GPUs.
BEFORE = "ADAPTMLLM_GPUS_BEFORE_LEASE"
_NOT_SET = "not set"


def without_lease(environment: Mapping[str, str]) -> dict[str, str]:
    """Gives an environment as it was before a lease narrowed it."""
    found = dict(environment)
    before = found.pop(BEFORE, None)
    if before == _NOT_SET:
        found.pop(DEVICES, None)
    elif before is not None:
        found[DEVICES] = before
    return found


def with_lease(environment: Mapping[str, str], uuids: Sequence[str]) -> dict[str, str]:
    """Gives an environment in which a job sees the leased GPUs only; none = as it was before."""
    whole = without_lease(environment)
    if not uuids:
        return whole
    return {
        **GPU_ORDER,
        **whole,
        BEFORE: whole.get(DEVICES, _NOT_SET),
        DEVICES: ",".join(uuids),
    }


def needed_gpus(workspace: Workspace, job: Job) -> int:
    """Gives how many GPUs a job needs for itself; 0 where it works on the processor."""
    if accelerator() == "cpu":
        return 0
    try:
        number = load_kind(job.kind).num_gpus(job_folder(workspace, job.folder))
    except Exception:  # noqa: BLE001 (what is wrong with it is told when it starts)
        return 1
    return len(gpu_occupation(_names())) if number is None else number


def gpus_now(workspace: Workspace) -> list[Gpu]:
    """Gives the GPUs that programs here may use, and who uses them; [] without GPUs."""
    if accelerator() == "cpu":
        return []
    return [
        Gpu(
            each["index"],
            each["uuid"],
            each["memory_bytes"],
            each["used_bytes"],
            _users(workspace, each["pids"]),
        )
        for each in gpu_occupation(_names())
    ]


def _names() -> list[str] | None:
    return device_names(without_lease(os.environ).get(DEVICES))


def _users(workspace: Workspace, pids: Sequence[int]) -> tuple[str, ...]:
    """Names who computes; a pid that this host does not know is seen from inside a container."""
    found: dict[str, None] = {}
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            found[_user(workspace, psutil.Process(pid))] = None
    return tuple(found)


def _user(workspace: Workspace, process: psutil.Process) -> str:
    job: Any = None
    with contextlib.suppress(psutil.AccessDenied, psutil.ZombieProcess):
        job = workspace.jobs.get(process.environ().get(JOB_VARIABLE, ""))
    if job is None:
        return f"process {process.pid} of another program"
    what = "the service" if job.state == "serving" else "the job"
    return f"{what} {job.title or job.id[:8]!r}"
