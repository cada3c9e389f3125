"""What would help a failed run: for each cause, alternative changes of its settings.

Pure functions of settings and of what was measured; nothing is launched here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.finetune.causes import Cause
from core.finetune.changes import Remedy, remedy
from core.finetune.models import HUB_MODELS
from core.finetune.recipes import SCRATCH, STARTER
from core.finetune.settings import FineTuneSettings

# Published models by the one below them that is of the same family.
_SMALLER = {
    "facebook/nllb-200-3.3B": "facebook/nllb-200-distilled-1.3B",
    "facebook/nllb-200-distilled-1.3B": "facebook/nllb-200-distilled-600M",
    "google/madlad400-3b-mt": "facebook/nllb-200-distilled-1.3B",
}
_UNTRAINED = (STARTER, SCRATCH)  # LoRA would leave their random weights as they are
_SHARE_OF_HOST = 0.9  # what a run may take; the rest is the system's
_LORA_RATE = 2e-4
_MIN_LENGTH = 16

Found = Iterator[Remedy | None]


@dataclass(frozen=True)
class Measured:
    """What is known of the machine and of how far the run came.

    Attributes:
        peak_memory_bytes: Most host memory that all processes of the run took together.
        host_memory_bytes: Of the machine; 0 = not known.
        accelerator: `cuda` or `cpu`.
        total_steps: Optimizer steps of the whole run; 0 = it did not come that far.
        message: Reason and first traceback, which name sizes.
    """

    peak_memory_bytes: int = 0
    host_memory_bytes: int = 0
    accelerator: str = "cpu"
    total_steps: int = 0
    message: str = ""


def remedies(cause: Cause, settings: FineTuneSettings, measured: Measured) -> list[Remedy]:
    """Gives what would help, the likeliest first; empty where no setting can.

    Args:
        cause: Why the run failed.
        settings: As it ran.
        measured: What was measured meanwhile.
    """
    builder = _BUILDERS.get(cause)
    found = builder(settings, measured) if builder else iter(())
    kept = [each for each in found if each]
    return [each for at, each in enumerate(kept) if each.changes not in _changes_of(kept[:at])]


def _changes_of(found: list[Remedy]) -> list[object]:
    return [each.changes for each in found]


def _gpu_memory(settings: FineTuneSettings, _: Measured) -> Found:
    yield from _smaller_batches(settings)
    if settings.precision == "fp32":
        why = "Numbers of two bytes instead of four; GPUs since Ampere compute faster with them."
        yield remedy(settings, why, precision="bf16")
    yield from _checkpointing(settings)
    why = "The optimizer state, half and more of what full fine-tuning holds, moves to the host."
    stage = max(1, settings.zero_stage)
    yield remedy(settings, why, engine="deepspeed", zero_stage=stage, offload="optimizer")
    if settings.offload != "none":
        why = "Weights, too, move to host memory and come back layer by layer; slow, but small."
        weights = "optimizer and weights"
        yield remedy(settings, why, engine="deepspeed", zero_stage=3, offload=weights)
    yield from _fewer_trained(settings)


def _host_memory(settings: FineTuneSettings, _: Measured) -> Found:
    yield from _smaller_batches(settings)
    yield from _checkpointing(settings)
    if settings.num_processes > 1:
        half = settings.num_processes // 2
        times = settings.num_processes // half * settings.gradient_accumulation
        why = "Each process holds a model of its own; the steps stay as large."
        yield remedy(settings, why, num_processes=half, gradient_accumulation=times)
        if settings.engine == "deepspeed":
            why = "ZeRO stage 3 splits weights, gradients and optimizer state over the processes."
            yield remedy(settings, why, zero_stage=3)
    if settings.offload != "none":
        why = "What is offloaded lies in host memory: keep it on the GPU."
        yield remedy(settings, why, offload="none")
    yield from _fewer_trained(settings)


def _memory_limit(settings: FineTuneSettings, measured: Measured) -> Found:
    limit = settings.memory_limit_gb
    wanted = max(2 * limit, limit + 2 * _tried_gb(measured.message))
    room = _SHARE_OF_HOST * measured.host_memory_bytes / 1e9 / settings.num_processes
    if room:
        wanted = min(wanted, room)
    if wanted > 1.1 * limit:
        why = f"The machine has {measured.host_memory_bytes / 1e9:.1f} GB." if room else ""
        why = f"The limit was what stopped the run, not the machine. {why}".strip()
        yield remedy(settings, why, memory_limit_gb=round(wanted, 2))
    yield from _host_memory(settings, measured)
    why = "Without a limit the run may take what the machine has; the system may then end it."
    yield remedy(settings, why, memory_limit_gb=0.0)


def _tried_gb(message: str) -> float:
    """Gives the size of the allocation that failed, as PyTorch names it; 0 = it named none."""
    found = re.search(r"tried to allocate (\d+) bytes", message)
    return int(found[1]) / 1e9 if found else 0.0


def _smaller_batches(settings: FineTuneSettings) -> Found:
    """Halves what is in memory at once and doubles what is added up: the steps stay alike."""
    times = 2 * settings.gradient_accumulation
    why = "Half as much is in memory at once, and twice as many batches make one step: it learns "
    why += "the same, a little slower."
    longest = max(settings.max_source_length, settings.max_target_length)
    if settings.batching == "fixed size":
        half = settings.batch_size // 2
        if half:
            yield remedy(settings, why, batch_size=half, gradient_accumulation=times)
        if half <= 1:
            yield from _shorter_segments(settings)
    elif settings.tokens_per_batch // 2 >= longest:
        half = settings.tokens_per_batch // 2
        yield remedy(settings, why, tokens_per_batch=half, gradient_accumulation=times)
    else:
        yield from _shorter_segments(settings)


def _shorter_segments(settings: FineTuneSettings) -> Found:
    source = max(_MIN_LENGTH, settings.max_source_length // 2)
    target = max(_MIN_LENGTH, settings.max_target_length // 2)
    why = "A batch holds little more than one of the longest segments: cut these earlier."
    yield remedy(settings, why, max_source_length=source, max_target_length=target)


def _checkpointing(settings: FineTuneSettings) -> Found:
    if getattr(settings, "gradient_checkpointing", None) is False:
        why = "Activations are computed again instead of kept: a fifth slower, far less memory."
        yield remedy(settings, why, gradient_checkpointing=True)


def _fewer_trained(settings: FineTuneSettings) -> Found:
    if settings.method == "full" and settings.base_model not in _UNTRAINED:
        rate = max(settings.learning_rate, min(10 * settings.learning_rate, _LORA_RATE))
        why = "LoRA trains small matrices alone: no gradients or optimizer state of the weights."
        yield remedy(settings, why, method="lora", freeze="nothing", learning_rate=rate)
    if settings.base_model in _SMALLER:
        smaller = _SMALLER[settings.base_model]
        yield remedy(settings, f"A smaller model: {HUB_MODELS[smaller]}.", base_model=smaller)
    if settings.base_model == SCRATCH and settings.scratch_d_model >= 16:
        half = settings.scratch_d_model // 2
        why = "A model of half the width has about a quarter of the weights."
        yield remedy(settings, why, scratch_d_model=half)


def _nan(settings: FineTuneSettings, measured: Measured) -> Found:
    rate = float(f"{settings.learning_rate / 3:.1g}")
    yield remedy(settings, "Steps of a third of the size.", learning_rate=rate)
    warmup = max(2 * settings.warmup_steps, measured.total_steps // 10, 20)
    why = "The steps grow more slowly at the start, when the gradients are largest."
    yield remedy(settings, why, learning_rate=rate, warmup_steps=warmup)
    if not 0 < settings.max_grad_norm <= 1:
        yield remedy(settings, "A single large gradient is shortened.", max_grad_norm=1.0)
    yield from _other_precision(settings, measured)


def _other_precision(settings: FineTuneSettings, measured: Measured) -> Found:
    if settings.precision == "fp16" and measured.accelerator == "cuda":
        why = "bf16 reaches as far as fp32 and needs no loss scale; GPUs since Ampere know it."
        yield remedy(settings, why, precision="bf16")
    if settings.precision != "fp32":
        why = "fp32 takes twice the memory, and is neither coarse nor bounded in practice."
        yield remedy(settings, why, precision="fp32")


def _loss_scale(settings: FineTuneSettings, measured: Measured) -> Found:
    yield from _other_precision(settings, measured)
    rate = float(f"{settings.learning_rate / 3:.1g}")
    why = "Steps of a third of the size, where the GPU knows neither bf16 nor has room for fp32."
    yield remedy(settings, why, learning_rate=rate)


def _compiler(settings: FineTuneSettings, _: Measured) -> Found:
    why = "The same trainer on PyTorch alone compiles nothing and gives the same gradients."
    yield remedy(settings, why, engine="plain", offload="none")


def _disk(settings: FineTuneSettings, _: Measured) -> Found:
    yield remedy(settings, "Only the latest checkpoint stays.", keep_checkpoints=1)
    if settings.method == "full" and settings.base_model not in _UNTRAINED:
        rate = max(settings.learning_rate, min(10 * settings.learning_rate, _LORA_RATE))
        why = "LoRA's checkpoints hold small matrices alone, not four times the model."
        yield remedy(settings, why, method="lora", freeze="nothing", learning_rate=rate)


def _unknown_model(settings: FineTuneSettings, _: Measured) -> Found:
    by_lower = {name.lower(): name for name in HUB_MODELS}
    near = difflib.get_close_matches(settings.base_model.lower(), by_lower, n=2, cutoff=0.6)
    for name in near:
        why = f"The nearest model that is known: {HUB_MODELS[by_lower[name]]}."
        yield remedy(settings, why, base_model=by_lower[name])


def _network(settings: FineTuneSettings, _: Measured) -> Found:
    why = "The starter is built on this machine: it shows whether everything else works."
    yield remedy(settings, why, base_model=STARTER, method="full")


def _gated_model(settings: FineTuneSettings, measured: Measured) -> Found:
    yield from _unknown_model(settings, measured)


def _language(settings: FineTuneSettings, _: Measured) -> Found:
    name = "facebook/nllb-200-distilled-600M"
    yield remedy(settings, "NLLB-200 has a token for each of 202 languages.", base_model=name)


def _processes(settings: FineTuneSettings, measured: Measured) -> Found:
    found = re.search(r"written by (\d+) process", measured.message)
    if found and int(found[1]) % settings.num_nodes == 0:
        why = "As many processes as wrote the checkpoint."
        yield remedy(settings, why, num_processes=int(found[1]) // settings.num_nodes)


def _small_corpus(settings: FineTuneSettings, _: Measured) -> Found:
    why = "Steps of one batch fit a corpus this small."
    yield remedy(settings, why, gradient_accumulation=1)
    why = "Smaller batches give more of them."
    if settings.batching == "fixed size":
        yield remedy(settings, why, batch_size=max(1, settings.batch_size // 4))
    else:
        yield remedy(settings, why, tokens_per_batch=max(16, settings.tokens_per_batch // 4))


_BUILDERS: dict[Cause, Callable[[FineTuneSettings, Measured], Found]] = {
    "gpu_memory": _gpu_memory,
    "memory_limit": _memory_limit,
    "host_memory": _host_memory,
    "killed": _host_memory,
    "nan": _nan,
    "nan_at_start": _other_precision,
    "loss_scale": _loss_scale,
    "compiler": _compiler,
    "disk": _disk,
    "network": _network,
    "gated_model": _gated_model,
    "unknown_model": _unknown_model,
    "language": _language,
    "precision": _other_precision,
    "processes": _processes,
    "small_corpus": _small_corpus,
}
