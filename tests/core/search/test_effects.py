from __future__ import annotations

import pytest
from statsmodels.stats.weightstats import DescrStatsW

from core.finetune.settings import FineTuneSettings
from core.search.ablation import default_values, factors_of
from core.search.effects import Effect, effects_of, interval_half
from core.search.plan import Plan
from core.search.settings import StudySettings
from core.search.space import parse_space
from core.search.trials import Trial

SPACE = parse_space({"learning_rate": [1e-3, 1e-4], "weight_decay": [0.0, 0.1], "seed": [5, 6, 7]})
PLAN = Plan(StudySettings(), SPACE, FineTuneSettings())


def trial(number: int, rate: float, decay: float, seed: int, value: float | None) -> Trial:
    params = {"learning_rate": rate, "weight_decay": decay, "seed": seed}
    state = "failed" if value is None else "finished"
    return Trial(number, state, params, () if value is None else (value,))


def test_effect_is_the_mean_of_paired_differences_with_its_interval() -> None:
    centre = {5: 20.0, 6: 22.0, 7: 21.0}
    lower = {5: 17.0, 6: 20.5, 7: 18.0}
    trials = [trial(i, 1e-3, 0.0, seed, value) for i, (seed, value) in enumerate(centre.items())]
    trials += [trial(9 + i, 1e-4, 0.0, seed, v) for i, (seed, v) in enumerate(lower.items())]
    trials.append(trial(20, 1e-3, 0.1, 5, 20.5))
    rate, decay = effects_of(trials, PLAN)
    low, high = DescrStatsW([-3.0, -1.5, -3.0]).tconfint_mean(0.05)
    assert (rate.factor, rate.centre, rate.value) == ("learning_rate", 1e-3, 1e-4)
    assert rate.differences == (-3.0, -1.5, -3.0) and rate.difference == pytest.approx(-2.5)
    assert (rate.low, rate.high) == (pytest.approx(low), pytest.approx(high))
    assert rate.is_clear and rate.num_seeds == 3
    assert decay == Effect("weight_decay", 0.1, 0.0, (0.5,), 0.5)  # one seed has no interval
    assert not decay.is_clear


def test_seeds_of_which_one_side_failed_do_not_count() -> None:
    trials = [
        trial(0, 1e-3, 0.0, 5, 20.0),
        trial(1, 1e-3, 0.0, 6, None),
        trial(2, 1e-4, 0.0, 5, 25.0),
        trial(3, 1e-4, 0.0, 6, 30.0),
    ]
    rate, decay = effects_of(trials, PLAN)
    assert rate.differences == (5.0,)
    assert decay.difference is None and decay.num_seeds == 0


def test_interval_needs_two_values() -> None:
    assert interval_half([1.0]) is None
    assert interval_half([1.0, 1.0]) == 0.0
    assert interval_half([0.0, 2.0]) == pytest.approx(12.7062, abs=1e-3)


def test_default_values_are_other_values_that_can_run() -> None:
    settings = FineTuneSettings(learning_rate=3e-5, batching="fixed size", batch_size=1)
    assert default_values(settings, "learning_rate") == [1e-5, 9e-5]
    assert default_values(settings, "weight_decay") == [0.0, 0.1]
    assert default_values(settings, "batch_size") == [2]  # half of one is none
    assert default_values(settings, "precision") == ["bf16"]  # fp16 needs a GPU
    found = factors_of(settings)
    assert "seed" not in found and {"learning_rate", "freeze", "schedule"} <= set(found)
    for name in found:
        for value in default_values(settings, name):
            assert settings.changed(**{name: value})
