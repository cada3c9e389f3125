"""Optuna's samplers and pruners, made so that a study goes on alike after any restart."""

from __future__ import annotations

import numpy as np
import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, GridSampler, RandomSampler, TPESampler

from core.search.plan import Plan
from core.search.space import Value


def sampler_for(plan: Plan, num_asked: int) -> BaseSampler:
    """Gives the sampler for the next trial.

    A sampler draws from a stream of random numbers that lives in its process; begun anew after a
    restart, it would draw the first values again, and two workers would draw the same. So each
    trial has a stream of its own, which the study's seed and the trial's place decide.

    Args:
        plan: The study's.
        num_asked: Trials that were drawn before.
    """
    seed = int(np.random.SeedSequence([plan.study.seed, num_asked]).generate_state(1)[0])
    if plan.study.sampler == "grid":
        # Its order must be the same in every process.
        values = {name: list(each.values) for name, each in plan.space.items()}
        return GridSampler(values, seed=plan.study.seed)
    if plan.study.sampler == "random":
        return RandomSampler(seed=seed)
    return TPESampler(n_startup_trials=plan.study.startup_trials, seed=seed)


def pruner_for(plan: Plan) -> BasePruner:
    """Gives the pruner; its steps are a trial's evaluations, counted from 1."""
    settings = plan.study
    if settings.pruner == "median":
        return MedianPruner(
            n_startup_trials=settings.pruner_startup_trials,
            n_warmup_steps=settings.pruner_warmup_evaluations + 1,  # the first step that may end
        )
    if settings.pruner == "hyperband":
        return HyperbandPruner(min_resource=1, reduction_factor=3)
    return NopPruner()


def points(plan: Plan, count: int) -> list[dict[str, Value]]:
    """Gives points drawn at random from the space; the same each time."""
    study = optuna.create_study(sampler=RandomSampler(seed=plan.study.seed))
    distributions = {name: each.distribution() for name, each in plan.space.items()}
    return [dict(study.ask(distributions).params) for _ in range(count)]
