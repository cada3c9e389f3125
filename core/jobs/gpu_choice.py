"""Which job starts on which GPU: a pure decision from what waits, is leased, and is in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.storage.job_records import Job
from core.storage.queue_records import Decision, Lane

# A desktop takes some hundred megabytes; whoever has more of a GPU than this computes on it.
MAX_USED_SHARE = 0.1


@dataclass(frozen=True)
class Gpu:
    """A GPU of this host at one moment.

    Attributes:
        index, uuid: As NVIDIA's library names it.
        memory_bytes, used_bytes: Its memory, whole and in use; 0 = not told.
        users: Who computes on it, in words.
    """

    index: int
    uuid: str
    memory_bytes: int = 0
    used_bytes: int = 0
    users: tuple[str, ...] = ()

    @property
    def is_used(self) -> bool:
        """Whether somebody computes on it, seen as a process or by the memory alone."""
        return bool(self.users) or self.used_bytes > MAX_USED_SHARE * self.memory_bytes

    @property
    def use(self) -> str:
        """Who uses it, as a part of a sentence."""
        amount = f"{self.used_bytes / 1e9:.1f} GB"
        if self.users:
            return f"GPU {self.index} is used by {' and '.join(self.users)} ({amount} in use)"
        return f"GPU {self.index} has {amount} in use by programs that cannot be seen from here"


def decide(lane: Lane, host: str, gpus: Sequence[Gpu], needs: Mapping[str, int]) -> Decision:
    """Chooses the job that starts next, and its GPUs.

    The order is kept: a job that waits for our own jobs' GPUs holds up those behind it, or one
    that needs several would never get them. One that waits for other programs, or for GPUs that
    this host has not, holds up nobody. What needs no GPU works one at a time.

    Args:
        lane: What waits and works.
        host: This host.
        gpus: Its GPUs; those that are leased are among them.
        needs: How many GPUs each waiting job needs, by its id.
    """
    reasons: dict[str, str] = {}
    leased = {lease.gpu_uuid for lease in lane.leases if lease.host == host}
    with_lease = {lease.job_id for lease in lane.leases}
    is_processor_busy = any(job.id not in with_lease for job in lane.working)
    for job in lane.waiting:
        needed = needs.get(job.id)
        if needed is None:  # came after the needs were looked up; it must not be overtaken
            break
        if needed == 0:
            if is_processor_busy or (not gpus and lane.working):
                break
            return Decision(job, (), reasons)
        free = [gpu for gpu in gpus if gpu.uuid not in leased]
        usable = _usable(job, free)
        if len(usable) >= needed:
            chosen = tuple((gpu.uuid, gpu.index) for gpu in usable[:needed])
            return Decision(job, chosen, reasons)
        if len(usable) + len(gpus) - len(free) >= needed:
            break
        reasons[job.id] = _reason(needed, gpus, free)
    return Decision(reasons=reasons)


def _usable(job: Job, free: Sequence[Gpu]) -> list[Gpu]:
    """Gives the GPUs on which a job may start, the emptiest first where it starts anyway."""
    if job.starts_anyway:
        return sorted(free, key=lambda gpu: (gpu.is_used, gpu.used_bytes, gpu.index))
    return [gpu for gpu in free if not gpu.is_used]


def _reason(needed: int, gpus: Sequence[Gpu], free: Sequence[Gpu]) -> str:
    """Says why a job cannot start although its turn has come."""
    if len(gpus) < needed:
        amount = "1 GPU" if needed == 1 else f"{needed} GPUs"
        there = f"{len(gpus)} can be seen" if gpus else "none can be seen"
        return f"The run needs {amount} and {there} on this machine."
    used = "; ".join(gpu.use for gpu in free if gpu.is_used)
    until = "it is free" if len(gpus) == 1 else f"{needed} of {len(gpus)} GPUs are free"
    return f"{used}; the run starts when {until}."
