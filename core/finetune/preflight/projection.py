"""What two steps tell of the whole run: how long it takes, and how fast it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.finetune.settings import FineTuneSettings

# Steps on a quiet machine and on one with neighbours; the first step also warms up.
_FASTER, _SLOWER = 0.8, 1.5


@dataclass(frozen=True)
class Projection:
    """How long a run takes.

    Attributes:
        least_s, most_s: Seconds between which the whole run ends, most likely.
        tokens_per_s: Tokens without padding, both sides, on the longest batch.
        seconds_per_step: Of the longest batch, the second of two.
    """

    least_s: float
    most_s: float
    tokens_per_s: float
    seconds_per_step: float


def projection(settings: FineTuneSettings, result: dict[str, Any], num_dev: int) -> Projection:
    """Gives how long the run takes that a dry run rehearsed.

    Steps are as long as the slots they hold; evaluations translate `eval_segments` each.

    Args:
        settings: The run's.
        result: Of a dry run that came to its end.
        num_dev: Segments of the dev split.
    """
    second = result["step_seconds"][-1]
    by_slot = second / result["slots_of_longest_step"]
    steps_s = by_slot * result["slots_of_mean_step"] * result["total_steps"]
    every = settings.eval_every_steps or result["steps_per_epoch"]
    num_evaluations = 1 + -(-result["total_steps"] // every)
    segments = min(settings.eval_segments, num_dev)
    parts = result["parts"]
    evaluation_s = segments * result["seconds_per_segment"] / settings.world_size
    checkpoint_s = parts.get("writing a checkpoint", 0.0)
    around_s = sum(seconds for part, seconds in parts.items() if not part.startswith("two steps"))
    others_s = around_s + num_evaluations * checkpoint_s
    # The few segments of a dry run are translated one batch at a time; many together go faster.
    least_s = _FASTER * (steps_s + others_s + num_evaluations * evaluation_s / 4)
    most_s = _SLOWER * (steps_s + others_s + num_evaluations * evaluation_s)
    return Projection(least_s, most_s, result["tokens_of_longest_step"] / second, second)
