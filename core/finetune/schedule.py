"""The learning rate as a function of the step alone, so that a resumed run needs no state."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.finetune.settings import FineTuneSettings


def learning_rate(settings: FineTuneSettings, step: int, total_steps: int) -> float:
    """Gives the learning rate of step 1, 2, … `total_steps`.

    It rises linearly over `warmup_steps` (at most half of the run) and then falls to zero, by a
    line or half a cosine, or stays.
    """
    warmup = min(settings.warmup_steps, total_steps // 2)
    if step <= warmup:
        return settings.learning_rate * step / warmup
    if settings.schedule == "constant":
        return settings.learning_rate
    left = (total_steps - step + 1) / max(1, total_steps - warmup)
    if settings.schedule == "linear":
        return settings.learning_rate * left
    return settings.learning_rate * 0.5 * (1 - math.cos(math.pi * left))


@dataclass(frozen=True)
class PlannedSteps:
    """How many optimizer steps a run makes.

    Attributes:
        total: Of the whole run.
        per_epoch: Of one epoch.
        is_exact: False where token lengths had to be assumed.
    """

    total: int
    per_epoch: int
    is_exact: bool


def planned_steps(
    settings: FineTuneSettings, num_train: int, mean_longer: float, *, is_measured: bool
) -> PlannedSteps:
    """Gives how many steps a run makes, before its segments are encoded.

    Args:
        settings: The run's.
        num_train: Training segments.
        mean_longer: Mean tokens of the longer side of a segment.
        is_measured: Whether that was counted.
    """
    if settings.batching == "fixed size":
        num_batches = math.ceil(num_train / settings.batch_size)
    else:
        # A segment more often than not finds the batch not quite full.
        num_batches = math.ceil(num_train * mean_longer / settings.tokens_per_batch)
    per_step = settings.world_size * settings.gradient_accumulation
    per_epoch = max(1, math.ceil(num_batches / per_step))
    total = per_epoch * settings.num_epochs
    if settings.max_steps:
        total = min(total, settings.max_steps)
    is_exact = settings.batching == "fixed size" or is_measured
    return PlannedSteps(total, per_epoch, is_exact)


def curve(
    settings: FineTuneSettings, total_steps: int, max_points: int = 200
) -> tuple[list[int], list[float]]:
    """Gives steps and their learning rates, at most about `max_points`; corners are kept."""
    stride = max(1, total_steps // max_points)
    warmup = min(settings.warmup_steps, total_steps // 2)
    corners = {1, warmup, warmup + 1, total_steps}
    steps = sorted({*range(1, total_steps + 1, stride), *corners} - {0})
    steps = [step for step in steps if step <= total_steps]
    return steps, [learning_rate(settings, step, total_steps) for step in steps]


def schedule_notes(settings: FineTuneSettings, steps: PlannedSteps) -> list[str]:
    """Gives what is odd about a schedule, a sentence each."""
    notes = []
    warmup = settings.warmup_steps
    if warmup > steps.total:
        notes.append(
            f"The warm-up of {warmup:,} steps is longer than the run of {steps.total:,}; half of "
            "the run is used for it."
        )
    elif warmup > steps.total // 2:
        notes.append(
            f"The warm-up of {warmup:,} steps is more than half of the run of {steps.total:,} "
            "and is cut to half of it."
        )
    if settings.schedule == "constant" and not warmup:
        notes.append(
            "Constant without warm-up and without decay: what the original's WarmupLR with 0 "
            "warm-up steps did. A linear or cosine schedule usually ends better."
        )
    elif settings.schedule == "constant":
        notes.append("Constant after the warm-up: the learning rate never falls.")
    if settings.max_steps and steps.total < steps.per_epoch:
        notes.append(
            f"The run ends after {steps.total:,} of the {steps.per_epoch:,} steps of an epoch: "
            "part of the corpus is never seen."
        )
    return notes
