"""Overflowing gradients with fp16: now and then is usual, step after step nothing is learnt."""

from __future__ import annotations

import math

from core.errors import TrainingError

# The loss scale begins at 2^16 and is halved at each overflow: after 16 it is 1, and DeepSpeed
# forgives one more. A few further ones leave no doubt.
MAX_OVERFLOWS = 20


class OverflowWatch:
    """Counts the steps that were skipped one after the other."""

    def __init__(self) -> None:
        self._num_skipped = 0

    def note(self, norm: float | None, step: int) -> None:
        """Takes one step of a run with fp16 in.

        Args:
            norm: The gradient norm of the step; infinite or not a number if the step was skipped,
                None where the engine tells none.
            step: Its number.

        Raises:
            TrainingError: The gradients overflowed in MAX_OVERFLOWS steps in a row.
        """
        is_skipped = norm is not None and not math.isfinite(norm)
        self._num_skipped = self._num_skipped + 1 if is_skipped else 0
        if self._num_skipped >= MAX_OVERFLOWS:
            raise TrainingError(
                f"With fp16 the gradients overflowed in {self._num_skipped} steps in a row up to "
                f"step {step}: the loss scale is at its minimum and nothing is learnt.",
                hint="Choose bf16, which new GPUs know, or fp32; or lower the learning rate.",
            )
