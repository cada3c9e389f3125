from __future__ import annotations

from typing import Any

import pytest

from core.finetune.schedule import (
    PlannedSteps,
    curve,
    learning_rate,
    planned_steps,
    schedule_notes,
)
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


def test_curve_keeps_first_last_and_the_corner_of_the_warm_up() -> None:
    settings = FineTuneSettings(learning_rate=1.0, warmup_steps=137)
    steps, rates = curve(settings, 10_000, max_points=100)
    assert len(steps) < 130 and steps == sorted(set(steps))
    assert {1, 137, 138, 10_000} <= set(steps)
    assert rates == [learning_rate(settings, step, 10_000) for step in steps]
    assert curve(FineTuneSettings(), 1)[0] == [1]


def test_steps_are_planned_from_lengths() -> None:
    fixed = FineTuneSettings(
        batching="fixed size", batch_size=32, num_epochs=3, gradient_accumulation=2
    )
    assert planned_steps(fixed, 1000, 20, is_measured=False) == PlannedSteps(48, 16, True)
    budget = FineTuneSettings(tokens_per_batch=1000, num_epochs=2)
    assert planned_steps(budget, 1000, 20.0, is_measured=False) == PlannedSteps(40, 20, False)
    assert planned_steps(budget.changed(max_steps=7), 1000, 20.0, is_measured=True).total == 7


@pytest.mark.parametrize(
    ("changes", "total", "words"),
    [
        ({"warmup_steps": 60}, 50, "longer than the run of 50"),
        ({"warmup_steps": 30}, 50, "cut to half"),
        ({"schedule": "constant", "warmup_steps": 0}, 50, "the original's WarmupLR"),
        ({"schedule": "constant", "warmup_steps": 5}, 50, "never falls"),
        ({"warmup_steps": 5, "max_steps": 50}, 50, "part of the corpus is never seen"),
    ],
)
def test_odd_schedules_are_told(changes: dict[str, Any], total: int, words: str) -> None:
    notes = schedule_notes(FineTuneSettings.parse(changes), PlannedSteps(total, 100, True))
    assert any(words in note for note in notes)
    usual = FineTuneSettings(warmup_steps=5)
    assert schedule_notes(usual, PlannedSteps(100, 50, True)) == []
