from __future__ import annotations

from typing import Any

import pytest

from core.finetune.schedule import learning_rate
from core.finetune.settings import FineTuneSettings

# (settings, total steps, learning rate of each step); the peak is 1.
GOLDEN: list[tuple[dict[str, Any], int, list[float]]] = [
    ({"schedule": "linear", "warmup_steps": 0}, 4, [1.0, 0.75, 0.5, 0.25]),
    ({"schedule": "linear", "warmup_steps": 2}, 6, [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]),
    ({"schedule": "cosine", "warmup_steps": 0}, 4, [1.0, 0.853553, 0.5, 0.146447]),
    ({"schedule": "cosine", "warmup_steps": 1}, 3, [1.0, 1.0, 0.5]),
    ({"schedule": "constant", "warmup_steps": 0}, 3, [1.0, 1.0, 1.0]),
    ({"schedule": "constant", "warmup_steps": 2}, 4, [0.5, 1.0, 1.0, 1.0]),
    # A warm-up longer than the run takes half of it.
    ({"schedule": "linear", "warmup_steps": 50}, 4, [0.5, 1.0, 1.0, 0.5]),
    ({"schedule": "constant", "warmup_steps": 50}, 5, [0.5, 1.0, 1.0, 1.0, 1.0]),
    ({"schedule": "linear", "warmup_steps": 50}, 1, [1.0]),
    ({"schedule": "cosine", "warmup_steps": 0}, 1, [1.0]),
]


@pytest.mark.parametrize(("values", "total", "expected"), GOLDEN)
def test_learning_rate_of_each_step(
    values: dict[str, Any], total: int, expected: list[float]
) -> None:
    settings = FineTuneSettings.parse({"learning_rate": 1.0, **values})
    rates = [learning_rate(settings, step, total) for step in range(1, total + 1)]
    assert rates == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
@pytest.mark.parametrize("warmup", [0, 1, 7, 100])
@pytest.mark.parametrize("total", [1, 2, 3, 50, 1000])
def test_no_step_is_wasted_and_none_is_above_the_peak(
    schedule: str, warmup: int, total: int
) -> None:
    settings = FineTuneSettings.parse({"schedule": schedule, "warmup_steps": warmup})
    rates = [learning_rate(settings, step, total) for step in range(1, total + 1)]
    assert min(rates) > 0
    assert max(rates) == settings.learning_rate
