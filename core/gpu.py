"""The GPUs of this host through NVIDIA's management library; no GPU gives empty lists."""

from __future__ import annotations

import contextlib
import os
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
    """Gives name and memory (bytes, 0 = not told) of each GPU that programs here may use."""
    with _library() as nvml:
        if nvml is None:
            return []
        found = []
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            gpu: dict[str, Any] = {"name": nvml.nvmlDeviceGetName(handle), "memory_bytes": 0}
            with contextlib.suppress(nvml.NVMLError):
                gpu["memory_bytes"] = int(nvml.nvmlDeviceGetMemoryInfo(handle).total)
            found.append(gpu)
    visible = visible_devices()
    if visible is None:
        return found
    return [found[int(name)] for name in visible if name.isdigit() and int(name) < len(found)]


def visible_devices() -> list[str] | None:
    """Gives the devices that CUDA_VISIBLE_DEVICES names; None where it does not limit them."""
    value = os.environ.get("CUDA_VISIBLE_DEVICES")
    if value is None:
        return None
    return [name.strip() for name in value.split(",") if name.strip() not in ("", "-1")]


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


def gpu_processes() -> list[dict[str, Any]]:
    """Gives `index` and `pids` of what computes on each GPU that programs here may use."""
    with _library() as nvml:
        if nvml is None:
            return []
        found = []
        visible = visible_devices()
        for index in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            names = [str(index)]
            with contextlib.suppress(nvml.NVMLError):
                names.append(str(nvml.nvmlDeviceGetUUID(handle)))
            if visible is not None and not any(
                name == each or (each and name.startswith(each))
                for name in names
                for each in visible
            ):
                continue
            pids: list[int] = []
            with contextlib.suppress(nvml.NVMLError):
                processes = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
                pids = [int(process.pid) for process in processes if process.pid]
            found.append({"index": index, "pids": pids})
        return found
