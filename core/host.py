"""Facts about this machine: accelerator, memory, disk, compiler, versions."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from core.gpu import gpus

# Threads that wait for each other by spinning take the core from the one they wait for when
# anything else runs: training steps took 5 times as long, translations hundreds of times. A short
# spin costs 4 % at most. It counts only where it is set before OpenMP's library is loaded.
SHORT_SPIN = {"GOMP_SPINCOUNT": "3000"}

PACKAGES = ("torch", "transformers", "deepspeed", "sacrebleu", "streamlit", "tokenizers")


@dataclass(frozen=True)
class HostFacts:
    """What a run can count on.

    Attributes:
        system: Operating system and Python.
        num_cores: Processor cores this process may use.
        memory_bytes, available_bytes: Host memory, whole and free.
        disk_bytes, disk_free_bytes: The disk under the workspace.
        gpus: Name and `memory_bytes` of each GPU.
        accelerator: `cuda` or `cpu`: what the trainer will use.
        compiler: Path of the C++ compiler, empty if there is none.
        versions: Versions of the packages that decide results.
    """

    system: str
    num_cores: int
    memory_bytes: int
    available_bytes: int
    disk_bytes: int
    disk_free_bytes: int
    gpus: list[dict[str, Any]]
    accelerator: str
    compiler: str
    versions: dict[str, str]


def host_facts(workspace_root: Path) -> HostFacts:
    """Gives the facts of this moment; imports none of the packages it names."""
    memory = psutil.virtual_memory()
    disk = shutil.disk_usage(workspace_root)
    return HostFacts(
        system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        num_cores=num_cores(),
        memory_bytes=memory.total,
        available_bytes=memory.available,
        disk_bytes=disk.total,
        disk_free_bytes=disk.free,
        gpus=gpus(),
        accelerator=accelerator(),
        compiler=cxx_compiler(),
        versions=package_versions(),
    )


def num_cores() -> int:
    """Gives the processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def accelerator() -> str:
    """Gives `cuda` where a GPU is visible and PyTorch was built for it, else `cpu`."""
    if os.environ.get("DS_ACCELERATOR") == "cpu":
        return "cpu"
    is_cpu_build = "+cpu" in package_versions()["torch"]
    return "cuda" if gpus() and not is_cpu_build else "cpu"


def cxx_compiler() -> str:
    """Gives the C++ compiler that PyTorch's extension builder would call, empty if none."""
    return shutil.which(os.environ.get("CXX") or "c++") or shutil.which("g++") or ""


def peak_memory_bytes() -> int:
    """Gives the largest resident size that this process has had.

    Not `ru_maxrss`: Linux carries that over from the parent, whose memory a child shares until it
    runs its own program, so that a small child of a large process would look large.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@cache
def package_versions() -> dict[str, str]:
    """Gives the installed version of each package, `missing` where there is none."""
    return {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
