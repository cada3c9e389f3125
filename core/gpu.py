"""The GPUs of this host through NVIDIA's management library; no GPU gives empty lists."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def _library() -> Iterator[Any]:
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield None
        return
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()


def gpus() -> list[dict[str, Any]]:
    """Gives name and memory (bytes) of each GPU."""
    with _library() as nvml:
        if nvml is None:
            return []
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        return [
            {
                "name": nvml.nvmlDeviceGetName(handle),
                "memory_bytes": int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
            }
            for handle in handles
        ]


def gpu_samples() -> list[dict[str, Any]]:
    """Gives use (%), memory in use (bytes) and power (W) of each GPU at this moment."""
    with _library() as nvml:
        if nvml is None:
            return []
        samples = []
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            sample: dict[str, Any] = {"index": index}
            # Each reading is optional: virtual and older cards answer only some of them.
            with contextlib.suppress(nvml.NVMLError):
                sample["percent"] = int(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
            with contextlib.suppress(nvml.NVMLError):
                sample["memory_bytes"] = int(nvml.nvmlDeviceGetMemoryInfo(handle).used)
            with contextlib.suppress(nvml.NVMLError):
                sample["power_w"] = round(nvml.nvmlDeviceGetPowerUsage(handle) / 1000, 1)
            samples.append(sample)
        return samples
