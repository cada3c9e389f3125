"""The learning rate as a function of the step alone, so that a resumed run needs no state."""

from __future__ import annotations

import math

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
