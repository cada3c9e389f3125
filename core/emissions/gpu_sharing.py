"""Whether others computed on a job's GPUs: a GPU's energy counter knows no processes."""

from __future__ import annotations

import psutil

from core.gpu import gpu_processes


def sharing_warning(num_gpus: int | None = None) -> str:
    """Says which GPUs the processes of others use besides this process and its descendants.

    Args:
        num_gpus: How many of the visible GPUs, from the first, this process uses; None = all.

    Returns:
        A sentence, or "" where nobody else is seen. In a container others may be invisible.
    """
    this = psutil.Process()
    own = {this.pid, *(each.pid for each in this.children(recursive=True))}
    shared = foreign_processes(own, num_gpus)
    if not shared:
        return ""
    told = ", ".join(
        f"GPU {index} with {len(pids)} other {'process' if len(pids) == 1 else 'processes'}"
        for index, pids in shared.items()
    )
    return f"Shared: {told}; the whole energy of a shared GPU is counted for this job."


def foreign_processes(own_pids: set[int], num_gpus: int | None = None) -> dict[int, list[int]]:
    """Gives, by the GPU's index, who computes on it and is not of the job.

    Args:
        own_pids: The job's processes.
        num_gpus: How many of the visible GPUs, from the first, are looked at; None = all.
    """
    found = {}
    for each in gpu_processes()[:num_gpus]:
        # A pid that this host does not know is a process of our own, seen from outside.
        pids = [pid for pid in each["pids"] if pid not in own_pids and psutil.pid_exists(pid)]
        if pids:
            found[int(each["index"])] = pids
    return found
