"""Which changes of settings would make a run fit, those that change its result least first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from core.errors import ConfigError
from core.finetune.preflight.memory import Estimate, Memories
from core.finetune.recipes import SCRATCH
from core.finetune.settings import FineTuneSettings

# Smaller sisters of a model, the larger first.
_SMALLER = {
    "facebook/nllb-200-3.3B": (
        "facebook/nllb-200-distilled-1.3B", "facebook/nllb-200-distilled-600M",
    ),
    "facebook/nllb-200-1.3B": ("facebook/nllb-200-distilled-600M",),
    "facebook/nllb-200-distilled-1.3B": ("facebook/nllb-200-distilled-600M",),
    "facebook/m2m100_1.2B": ("facebook/m2m100_418M",),
    "google/mt5-large": ("google/mt5-base", "google/mt5-small"),
    "google/mt5-base": ("google/mt5-small",),
}  # fmt: skip
_MOST_ACCUMULATION = 1024
_LORA_RATE = 10  # times the learning rate of full fine-tuning
MAX_ADVICE = 6

Estimator = Callable[[FineTuneSettings], Estimate | None]


@dataclass(frozen=True)
class Change:
    """One change that people know by a name.

    Attributes:
        words: What it is, such as "LoRA".
        values: Fields and their new values.
        cost: How much it changes the result, 0 = not at all; advice is ranked by it.
    """

    words: str
    values: Mapping[str, Any]
    cost: int


@dataclass(frozen=True)
class Advice:
    """A change, or two together, with which the run fits.

    Attributes:
        words: What to do, in words.
        values: Fields and their new values.
        cost: How much it changes the result.
        estimate: What the run needs then.
    """

    words: str
    values: dict[str, Any]
    cost: int
    estimate: Estimate

    def needs_words(self) -> str:
        """Gives what is needed then, such as "GPU 11.2 GB, host memory 8.1 GB"."""
        return ", ".join(
            f"{need.place} {need.num_bytes / 1e9:.1f} GB" for need in self.estimate.needs
        )


def advise(settings: FineTuneSettings, memories: Memories, estimator: Estimator) -> list[Advice]:
    """Gives what would make a run fit, at most MAX_ADVICE; empty where it fits, or nothing helps.

    Single changes come first; pairs are tried where no single one that keeps the model suffices.

    Args:
        settings: The run that does not fit.
        memories: What the machine has.
        estimator: Gives what a run needs; None where that is unknown.
    """
    now = estimator(settings)
    if now is None or now.fits(memories):
        return []
    changes = list(_changes(settings, memories))
    single = [found for each in changes if (found := _tried([each], settings, memories, estimator))]
    pairs: list[Advice] = []
    if not any(advice.cost < _OTHER_MODEL for advice in single):
        for pair in combinations(changes, 2):
            is_disjoint = not set(pair[0].values) & set(pair[1].values)
            found = _tried(list(pair), settings, memories, estimator) if is_disjoint else None
            pairs += [found] if found else []
    ranked = sorted([*single, *pairs], key=lambda advice: advice.cost)
    # Of changes to the same fields, such as batches of a half and of a quarter, the gentlest.
    gentlest = {frozenset(advice.values): advice for advice in reversed(ranked)}
    return [advice for advice in ranked if gentlest[frozenset(advice.values)] is advice][
        :MAX_ADVICE
    ]


def _tried(
    changes: list[Change], settings: FineTuneSettings, memories: Memories, estimator: Estimator
) -> Advice | None:
    values = {name: value for each in changes for name, value in each.values.items()}
    try:
        changed = settings.changed(**values)
    except ConfigError:  # such as offload without ZeRO
        return None
    found = estimator(changed)
    if found is None or not found.fits(memories):
        return None
    words = " and ".join(each.words for each in changes)
    return Advice(words, values, sum(each.cost for each in changes), found)


_OTHER_MODEL = 60  # cost of another base model: beyond it nothing is the same


def _changes(settings: FineTuneSettings, memories: Memories) -> Iterator[Change]:
    """Gives the changes that can be made to a run, whether or not they help."""
    yield from _smaller_batches(settings)
    if not settings.gradient_checkpointing:
        yield Change("recomputed activations", {"gradient_checkpointing": True}, 2)
    if settings.num_beams > 1:
        yield Change("one beam for the test split", {"num_beams": 1}, 3)
    yield from _splitting(settings, memories)
    if settings.precision == "fp32":
        yield Change("bf16", {"precision": "bf16"}, 10)
    if settings.num_processes > 1:
        count = settings.num_processes // 2
        values: dict[str, Any] = {"num_processes": count}
        more = settings.gradient_accumulation * 2
        if more <= _MOST_ACCUMULATION:
            values["gradient_accumulation"] = more
        yield Change(f"{count} {'process' if count == 1 else 'processes'}", values, 6)
    if settings.method == "full":
        if settings.freeze == "nothing":
            yield Change("frozen embeddings", {"freeze": "embeddings"}, 20)
        if settings.base_model != SCRATCH:
            yield _lora(settings)
    for cost, smaller in enumerate(_SMALLER.get(settings.base_model, ())):
        name = smaller.rpartition("/")[2]
        values = {"base_model": smaller, "base_model_revision": ""}
        yield Change(f"the smaller {name}", values, _OTHER_MODEL + cost)


def _smaller_batches(settings: FineTuneSettings) -> Iterator[Change]:
    """Gives batches of a half, a quarter and so on, with as many more before each update."""
    is_budget = settings.batching == "token budget"
    field = "tokens_per_batch" if is_budget else "batch_size"
    least = 128 if is_budget else 1
    for power in range(1, 6):
        size, more = getattr(settings, field) >> power, settings.gradient_accumulation << power
        if size < least or more > _MOST_ACCUMULATION:
            return
        words = f"{field} {size:,} with gradient_accumulation {more}"
        yield Change(words, {field: size, "gradient_accumulation": more}, power)


def _splitting(settings: FineTuneSettings, memories: Memories) -> Iterator[Change]:
    """Gives ZeRO's stages over the GPUs there are, and offload; they cost time alone."""
    if settings.engine != "deepspeed":
        if memories.on_gpu:
            yield Change("DeepSpeed with ZeRO-2", {"engine": "deepspeed", "zero_stage": 2}, 4)
        return
    if settings.zero_stage < 2:
        yield Change("ZeRO-2", {"zero_stage": 2}, 4)
    if settings.num_processes > 1 and settings.zero_stage < 3:
        yield Change("ZeRO-3", {"zero_stage": 3}, 5)
    if memories.on_gpu and settings.offload == "none":
        stage = max(settings.zero_stage, 2)
        values = {"offload": "optimizer", "zero_stage": stage}
        yield Change(f"ZeRO-{stage} with the optimizer in host memory", values, 7)
        values = {"offload": "optimizer and weights", "zero_stage": 3}
        yield Change("ZeRO-3 with optimizer and weights in host memory", values, 9)


def _lora(settings: FineTuneSettings) -> Change:
    values = {
        "method": "lora",
        "freeze": "nothing",
        "learning_rate": min(1.0, settings.learning_rate * _LORA_RATE),
    }
    if settings.offload != "none":
        values["offload"] = "none"
    return Change("LoRA", values, 30)
