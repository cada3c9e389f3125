"""The preflight of a run: what it needs, what the machine has, and what would make it fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from core.errors import HostError, ModelError
from core.finetune.preflight.advice import Advice, advise
from core.finetune.preflight.calibration import stored_calibration
from core.finetune.preflight.corpus_lengths import corpus_lengths
from core.finetune.preflight.disk import disk_need, download_bytes, free_bytes
from core.finetune.preflight.hub_shapes import known_shape
from core.finetune.preflight.memory import Estimate, Memories, calibrated, estimate
from core.finetune.preflight.terms import Moment, Need
from core.finetune.settings import FineTuneSettings
from core.gpu import gpus
from core.host import accelerator
from core.storage.workspace import Workspace

_GROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True)
class Preflight:
    """What is known of a run before it is launched.

    Attributes:
        settings: The run's.
        memories: What the machine has.
        estimate: What the run needs of it; None where the model's size is unknown.
        advice: What would make it fit; empty where it fits, or nothing does.
        disk: What it needs of the disk.
        disk_free_bytes: What is free there.
        download_bytes: What is fetched from the hub first.
    """

    settings: FineTuneSettings
    memories: Memories
    estimate: Estimate | None
    advice: tuple[Advice, ...]
    disk: Moment
    disk_free_bytes: int
    download_bytes: int

    @property
    def fits(self) -> bool:
        """Whether nothing that is known speaks against it."""
        has_room = self.disk.num_bytes <= self.disk_free_bytes
        return has_room and (self.estimate is None or self.estimate.fits(self.memories))

    def to_dict(self) -> dict[str, Any]:
        """Gives values that JSON can hold."""
        return {
            "fits": self.fits,
            "memory": None if self.estimate is None else self.estimate.to_dict(),
            "machine": {
                "host_bytes": self.memories.host_bytes,
                "gpu_bytes": self.memories.gpu_bytes,
                "num_gpus": self.memories.num_gpus,
                "disk_free_bytes": self.disk_free_bytes,
            },
            "disk_bytes": self.disk.num_bytes,
            "download_bytes": self.download_bytes,
            "advice": [
                {"words": each.words, "values": each.values, "needs": each.needs_words()}
                for each in self.advice
            ],
        }


def preflight(
    workspace: Workspace, settings: FineTuneSettings, *, memories: Memories | None = None
) -> Preflight:
    """Gives the preflight of a run; quick, and downloads nothing.

    Args:
        workspace: Where corpus, models and measurements are.
        settings: The run's.
        memories: Of another machine; None = of this one.

    Raises:
        ModelError: The base model's folder is missing.
    """
    memories = memories or machine_memories()
    found = estimated(workspace, settings, on_gpu=memories.on_gpu)
    advice: list[Advice] = []
    if found is not None and not found.fits(memories):

        def estimator(changed: FineTuneSettings) -> Estimate | None:
            return estimated(workspace, changed, on_gpu=memories.on_gpu)

        advice = advise(settings, memories, estimator)
    return Preflight(
        settings,
        memories,
        found,
        tuple(advice),
        disk_need(workspace, settings),
        free_bytes(workspace),
        download_bytes(workspace, settings),
    )


def estimated(workspace: Workspace, settings: FineTuneSettings, *, on_gpu: bool) -> Estimate | None:
    """Gives what a run needs of memory, by a dry run's measure where there is one."""
    shape = known_shape(workspace, settings)
    if shape is None:
        return None
    found = estimate(shape, settings, corpus_lengths(workspace, settings), on_gpu=on_gpu)
    measured = stored_calibration(workspace, settings)
    return found if measured is None else calibrated(found, *measured)


def machine_memories() -> Memories:
    """Gives what this machine has; a container's limit counts where it is lower."""
    host = psutil.virtual_memory().total
    for file in _GROUP_LIMITS:
        try:
            host = min(host, int(file.read_text(encoding="ascii")))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    if accelerator() != "cuda":
        return Memories(host)
    found = gpus()
    return Memories(host, min(int(gpu["memory_bytes"]) for gpu in found), len(found))


def check_fits(workspace: Workspace, settings: FineTuneSettings) -> None:
    """Refuses a run that surely needs more memory than the machine has.

    Raises:
        HostError: It does; the hint names what would fit.
    """
    try:
        found = preflight(workspace, settings)
    except ModelError:  # told by the check of the model
        return
    lacking = found.estimate.lacks(found.memories) if found.estimate else []
    if lacking:
        raise HostError(refusal(found, lacking[0]), hint=advice_words(found))


def refusal(found: Preflight, need: Need) -> str:
    """Says in a sentence what is short, by how much."""
    has = found.memories.of(need.place)
    what = "the GPU has" if need.place == "GPU" else "this machine has"
    of = f"{need.num_bytes / 1e9:.1f} GB of {'GPU memory' if need.place == 'GPU' else need.place}"
    return f"{_what_runs(found.settings)} needs about {of} while {_while(need)}, {what} " + (
        f"{has / 1e9:.1f} GB."
    )


def advice_words(found: Preflight) -> str:
    """Says what would fit, the gentlest change first."""
    if not found.advice:
        return "No single change or pair of changes would fit: choose a smaller model."
    words = [f"{each.words} ({each.needs_words()})" for each in found.advice[:3]]
    return f"What would fit: {'; or '.join(words)}."


def _what_runs(settings: FineTuneSettings) -> str:
    how = "LoRA" if settings.method == "lora" else "Full fine-tuning"
    if settings.engine == "deepspeed":
        offload = " with offload" if settings.offload != "none" else ""
        how += f" by ZeRO-{settings.zero_stage}{offload}"
    return f"{how} in {settings.precision}"


def _while(need: Need) -> str:
    name = need.peak.name
    return "translating" if "translations" in name else name
