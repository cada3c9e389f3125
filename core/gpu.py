"""The GPUs of this host through NVIDIA's management library; no GPU gives empty lists."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

# By default CUDA counts the fastest GPU first and the library by their places on the bus.
GPU_ORDER = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


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


def _visible(nvml: Any, names: list[str] | None) -> list[tuple[int, Any]]:
    """Gives index and handle of each GPU that programs here may use, as CUDA decides it.

    CUDA_VISIBLE_DEVICES (`names`; None = not set) names them by index or by the beginning of a
    UUID; what comes after a name that fits none is hidden, too.
    """
    handles = [nvml.nvmlDeviceGetHandleByIndex(each) for each in range(nvml.nvmlDeviceGetCount())]
    if names is None:
        return list(enumerate(handles))
    uuids = [str(nvml.nvmlDeviceGetUUID(handle)) for handle in handles]
    found = []
    for name in names:
        index = _index_of(name, uuids)
        if index is None:
            break
        found.append((index, handles[index]))
    return list(dict(found).items())


def _index_of(name: str, uuids: list[str]) -> int | None:
    if name.isdecimal():
        return int(name) if int(name) < len(uuids) else None
    whole = name.removeprefix("MIG-").partition("/")[0]  # an instance by its GPU, as older drivers
    fitting = [index for index, uuid in enumerate(uuids) if uuid.startswith(whole)]
    return fitting[0] if len(fitting) == 1 else None


def gpus() -> list[dict[str, Any]]:
    """Gives name and memory (bytes, 0 = not told) of each GPU that programs here may use."""
    with _library() as nvml:
        if nvml is None:
            return []
        found = []
        for _, handle in _visible(nvml, visible_devices()):
            gpu: dict[str, Any] = {"name": nvml.nvmlDeviceGetName(handle), "memory_bytes": 0}
            with contextlib.suppress(nvml.NVMLError):
                gpu["memory_bytes"] = int(nvml.nvmlDeviceGetMemoryInfo(handle).total)
            found.append(gpu)
        return found


def visible_indices() -> list[int] | None:
    """Gives the library's index of each GPU that programs here may use; None without library."""
    with _library() as nvml:
        return None if nvml is None else [index for index, _ in _visible(nvml, visible_devices())]


def visible_devices() -> list[str] | None:
    """Gives the devices that CUDA_VISIBLE_DEVICES names; None where it does not limit them."""
    return device_names(os.environ.get("CUDA_VISIBLE_DEVICES"))


def device_names(value: str | None) -> list[str] | None:
    """Gives the devices that a value of CUDA_VISIBLE_DEVICES names; None = not limited."""
    if value is None:
        return None
    names = [name.strip() for name in value.split(",")]
    return [name for name in names[: names.index("-1") if "-1" in names else None] if name]


def gpu_samples() -> list[dict[str, Any]]:
    """Gives use (%), memory in use (bytes) and power (W) now of each GPU that programs may use."""
    with _library() as nvml:
        if nvml is None:
            return []
        samples = []
        for index, handle in _visible(nvml, visible_devices()):
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
        for index, handle in _visible(nvml, visible_devices()):
            pids: list[int] = []
            with contextlib.suppress(nvml.NVMLError):
                processes = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
                pids = [int(process.pid) for process in processes if process.pid]
            found.append({"index": index, "pids": pids})
        return found


def gpu_occupation(names: list[str] | None) -> list[dict[str, Any]]:
    """Gives `index`, `uuid`, memory (bytes, 0 = not told) and computing `pids` of each GPU.

    Args:
        names: Which devices are looked at, as CUDA_VISIBLE_DEVICES would name them; None = all.
    """
    with _library() as nvml:
        if nvml is None:
            return []
        found = []
        for index, handle in _visible(nvml, names):
            uuid = str(nvml.nvmlDeviceGetUUID(handle))
            gpu = {"index": index, "uuid": uuid, "memory_bytes": 0, "used_bytes": 0, "pids": []}
            with contextlib.suppress(nvml.NVMLError):
                memory = nvml.nvmlDeviceGetMemoryInfo(handle)
                gpu |= {"memory_bytes": int(memory.total), "used_bytes": int(memory.used)}
            with contextlib.suppress(nvml.NVMLError):
                processes = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
                gpu["pids"] = [int(process.pid) for process in processes if process.pid]
            found.append(gpu)
        return found
