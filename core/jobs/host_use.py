"""What a job uses of the host: processor, memory and GPU, sampled by its supervisor."""

from __future__ import annotations

import contextlib
from typing import Any

import psutil

from core.gpu import gpu_samples


class HostUse:
    """Samples the process tree below this process.

    Attributes:
        peak_memory_bytes: The largest resident size of the tree that was seen.
    """

    def __init__(self) -> None:
        self.peak_memory_bytes = 0
        self._processes: dict[int, psutil.Process] = {}
        self._has_gpu = True

    def sample(self) -> dict[str, Any]:
        """Gives processor use (100 % = one core), resident bytes of the tree, and each GPU."""
        cpu_percent, memory_bytes = 0.0, 0
        alive: dict[int, psutil.Process] = {}
        for found in psutil.Process().children(recursive=True):
            # cpu_percent() compares with the same object's last call, so objects are kept.
            process = self._processes.get(found.pid, found)
            with contextlib.suppress(psutil.Error):
                cpu_percent += process.cpu_percent()
                memory_bytes += process.memory_info().rss
                alive[found.pid] = process
        self._processes = alive
        self.peak_memory_bytes = max(self.peak_memory_bytes, memory_bytes)
        gpus = gpu_samples() if self._has_gpu else []
        self._has_gpu = bool(gpus)
        return {
            "cpu_percent": round(cpu_percent, 1),
            "memory_bytes": memory_bytes,
            "available_bytes": psutil.virtual_memory().available,
            "gpus": gpus,
        }
